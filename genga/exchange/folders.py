"""A dataset as folders of files, for the tools that read such.

- kohya's sd-scripts: a folder of images with `.txt` captions for each character and number of repeats, `dataset.toml`
  that names them, and beside each folder the same captions as a metadata JSON, for `metadata_file`.
- Hugging Face datasets: an `imagefolder`, `train/` and `test/` with `metadata.jsonl`.

Captions are written without the backslashes of prompts (`dataset.escape`): both hand them to the text encoder as they
are. Images are written as PNG, their pixels as they are: trainers scale and cut for themselves. A file's name carries
the still's id as far as file systems allow (genga.exchange.names); the metadata has it whole.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import polars.selectors as cs

from genga.errors import GengaError
from genga.exchange.captions import MARK, Format, Row, words_in, words_of
from genga.exchange.names import file_names, quoted
from genga.images.codec import EXTENSION
from genga.params.dataset import Params
from genga.tables.dataset import DATASET, HELD_OUT, TRAIN
from genga.tables.schema import SHARD, only
from genga.vocabulary.text import NAMES, SEPARATOR, TAGS, Piece, joined, plain, tokens

# The dataset's columns that are exported.
OF_DATASET = only(
    DATASET,
    "image",
    "still",
    "crop",
    "kind",
    "shot",
    "split",
    "character",
    "outfit",
    "tier",
    "caption",
    "captions",
    "keep_tokens",
    "repeats",
    "weight",
    "width",
    "height",
    "text",
    "persons",
    "masks",
    *SHARD,
)

TOML = "dataset.toml"
STILLS, UNNAMED = "stills", "unnamed"  # who is on whole stills, and on crops of people without a name
FOLDERS = {TRAIN: "train", HELD_OUT: "test"}  # as imagefolder names them


def with_names(table: pl.DataFrame) -> pl.DataFrame:
    """Return a dataset's rows with `stem`, an image's file without extension, and `who`, part of its folder's name.

    table: OF_DATASET of a whole series, so that an image's file has one name in all exports. `s/e/000123-0-head` is
    `s__e__000123-0-head`: episode, frame, and which crop.
    """
    images, people = table["image"].to_list(), table["character"].drop_nulls().unique().to_list()
    episodes = file_names({image.rpartition("/")[0] for image in images})
    folders = file_names(people, taken=(UNNAMED, STILLS))
    stems = [f"{episodes[of]}__{own}" for of, _, own in (image.rpartition("/") for image in images)]
    nobody = pl.when(pl.col("crop").is_null()).then(pl.lit(STILLS)).otherwise(pl.lit(UNNAMED))
    who = pl.col("character").replace_strict(folders, default=None, return_dtype=pl.String)
    return table.with_columns(stem=pl.Series(stems, dtype=pl.String), who=pl.coalesce(who, nobody))


@dataclass(frozen=True)
class Kohya:
    """How captions are written for sd-scripts."""

    marked: bool  # what varies stands between two marks; else it is what comes after `keep_tokens` words
    wildcard: bool  # all captions of an image, a line each, of which the trainer draws one; else the first alone

    def subset(self, row: Row) -> str:
        """Return the folder of an image: who is on it, how often it is seen, how many words must stay in front."""
        return f"{row['repeats']}_{row['who']}" + ("" if self.marked else f"_keep{row['keep_tokens']}")

    def image(self, row: Row) -> str:
        """Return where an image's file goes."""
        return f"{self.subset(row)}/{row['stem']}{EXTENSION}"

    def text(self, row: Row) -> str:
        """Return where its caption goes."""
        return f"{self.subset(row)}/{row['stem']}.txt"

    def subsets(self, table: pl.DataFrame) -> dict[str, list[Row]]:
        """Return the rows of each folder, by its name, both sorted. table: see with_names."""
        found: dict[str, list[Row]] = {}
        for row in table.sort("image").iter_rows(named=True):
            found.setdefault(self.subset(row), []).append(row)
        return dict(sorted(found.items()))

    def caption(self, row: Row) -> str:
        """Return what the trainer is to read. Braces are doubled where it draws from what stands in them."""
        if not self.marked:
            return plain(row["caption"])
        lines = list(map(marked, captions(row)))
        return "\n".join(line.replace("{", "{{").replace("}", "}}") for line in lines) if self.wildcard else lines[0]


PLAIN = Kohya(marked=False, wildcard=False)


def kohya_for(table: pl.DataFrame, wildcard: bool) -> Kohya:
    """Return how the captions of a table are written: with marks where some are more than names and tags."""
    of = [[part for part, _ in pieces] for row in table.iter_rows(named=True) for pieces in captions(row)]
    return Kohya(wildcard or any(parts not in ([NAMES, TAGS], [NAMES], [TAGS], []) for parts in of), wildcard)


def captions(row: Row) -> list[list[Piece]]:
    """Return the parts of an image's captions, without the backslashes of prompts."""
    return [[(piece["part"], plain(piece["text"])) for piece in of["parts"]] for of in row["captions"]]


def marked(pieces: Sequence[Piece]) -> str:
    """Return a caption as sd-scripts reads it: what is in front, its tags, what comes after them, and marks between.

    Raises GengaError where a mark is in it.
    """
    at = next((number for number, (part, _) in enumerate(pieces) if part == TAGS), len(pieces))
    parts = [joined(pieces[:at]), joined(pieces[at : at + 1]), joined(pieces[at + 1 :])]
    if wrong := next((part for part in parts if MARK in part), None):
        raise GengaError(f"{wrong!r}: {MARK} is a mark of sd-scripts' captions; name it otherwise")
    return f" {MARK} ".join(parts[: 3 if parts[2] else 2]).strip()


def kohya_texts(
    table: pl.DataFrame, params: Params, place: str, of: Kohya, masks: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield (file, text) for everything but the images.

    table: see with_names; place: the folder as the trainer will find it; masks: that of the masks below it, if any.
    """
    subsets = of.subsets(table)
    for name, rows in subsets.items():
        yield from ((of.text(row), of.caption(row) + "\n") for row in rows)
        metadata = {f"{place}/{of.image(row)}": kohya_metadata(row, of) for row in rows}
        yield f"{name}.json", json.dumps(metadata, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    yield TOML, kohya_toml({name: rows[0] for name, rows in subsets.items()}, params, place, of, masks)


def kohya_metadata(row: Row, of: Kohya) -> dict[str, Any]:
    """Return an image's entry. The trainer writes caption, comma, tags: together they are the caption.

    It takes no notice of `id`, the image's in genga.
    """
    about = {"image_size": [row["width"], row["height"]], "id": row["image"]}
    if of.marked:
        return {"caption": of.caption(row), **about}
    words = words_of(row)
    names, tags = words[: row["keep_tokens"]], words[row["keep_tokens"] :]
    given = {"caption": SEPARATOR.join(names)} if names else {}
    return {**given, "tags": SEPARATOR.join(tags), **about}


_OWN_BUCKETS = "# The data set has buckets of its own. The trainer knows no list of sizes: it cuts by these values."


def kohya_toml(subsets: Mapping[str, Row], params: Params, place: str, of: Kohya, masks: str = "") -> str:
    """Return dataset.toml. subsets: a row of each."""
    lines = [
        *([_OWN_BUCKETS] if params.buckets != "kohya" else []),
        "[general]",
        'caption_extension = ".txt"',
        "shuffle_caption = true",
        *([f'keep_tokens_separator = "{MARK}"'] if of.marked else []),
        *(["enable_wildcard = true"] if of.wildcard else []),
        "enable_bucket = true",
        "",
        "[[datasets]]",
        f"resolution = [{params.resolution}, {params.resolution}]",
        f"min_bucket_reso = {params.bucket_min}",
        f"max_bucket_reso = {params.bucket_max}",
        f"bucket_reso_steps = {params.bucket_step}",
        f"bucket_no_upscale = {str(params.no_upscale).lower()}",
    ]
    for name, row in sorted(subsets.items()):
        lines += [
            "",
            "[[datasets.subsets]]",
            f"image_dir = {quoted(f'{place}/{name}')}",
            f"num_repeats = {row['repeats']}",
            *([] if of.marked else [f"keep_tokens = {row['keep_tokens']}"]),
        ]
        lines += [f"conditioning_data_dir = {quoted(f'{place}/{masks}/{name}')}"] if masks else []
    return "\n".join(lines) + "\n"


def imagefolder_texts(table: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield (file, text): a metadata.jsonl for each side of the split. table: see with_names.

    What is not known is "": of a column without a value on one side a reader could not tell the type.
    """
    # `image` would hide the picture itself, which the reader calls so.
    own = ("image", "caption", "captions", "split", "shot", "text", "persons", "masks", "shard", "offset", "size")
    columns = [c for c in OF_DATASET if c not in own]
    known = table.with_columns(cs.string().fill_null(""))
    for split, rows in sorted(known.sort("image").partition_by("split", as_dict=True, maintain_order=True).items()):
        lines = [
            {
                "file_name": row["stem"] + EXTENSION,
                "text": plain(row["caption"]),
                "id": row["image"],
                "captions": [
                    {"form": of["form"], "parts": [{"part": part, "text": text} for part, text in pieces]}
                    for of, pieces in zip(row["captions"], captions(row), strict=True)
                ],
                **{c: row[c] for c in columns},
            }
            for row in rows.iter_rows(named=True)
        ]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        yield f"{FOLDERS[split[0]]}/metadata.jsonl", text


def imagefolder_image(row: Row) -> str:
    """Return where an image's file goes in an imagefolder."""
    return f"{FOLDERS[row['split']]}/{row['stem']}{EXTENSION}"


def kohya(of: Kohya) -> Format:
    """Return where an export for sd-scripts puts an image and its caption."""
    return Format(
        "kohya",
        of.image,
        of.text,
        lambda row: words_in(of.caption(row)),
        lambda row: len(tokens(of.caption(row).split(MARK)[0])) if of.marked else row["keep_tokens"],
    )


IMAGEFOLDER = Format("imagefolder", imagefolder_image, lambda row: f"{FOLDERS[row['split']]}/metadata.jsonl")
