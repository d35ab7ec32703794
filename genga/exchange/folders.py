"""A dataset as folders of files, for the tools that read such.

- kohya's sd-scripts: a folder of images with `.txt` captions for each character and number of repeats, `dataset.toml`
  that names them, and beside each folder the same captions as a metadata JSON, for `metadata_file`.
- Hugging Face datasets: an `imagefolder`, `train/` and `test/` with `metadata.jsonl`.

Captions are written without the backslashes of prompts (`dataset.escape`): both hand them to the text encoder as they
are. Images are written as PNG, their pixels as they are: trainers scale and cut for themselves. A file's name carries
the still's id as far as file systems allow (genga.exchange.names); the metadata has it whole.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
import polars.selectors as cs

from genga.exchange.names import file_names
from genga.images.codec import EXTENSION
from genga.params.dataset import Params
from genga.tables.dataset import DATASET, HELD_OUT, TRAIN
from genga.tables.schema import SHARD, only
from genga.vocabulary.text import SEPARATOR, plain

# The dataset's columns that are exported.
OF_DATASET = only(
    DATASET,
    "image",
    "still",
    "crop",
    "kind",
    "split",
    "character",
    "outfit",
    "tier",
    "caption",
    "keep_tokens",
    "repeats",
    "weight",
    "width",
    "height",
    *SHARD,
)

TOML = "dataset.toml"
STILLS, UNNAMED = "stills", "unnamed"  # who is on whole stills, and on crops of people without a name
FOLDERS = {TRAIN: "train", HELD_OUT: "test"}  # as imagefolder names them

Row = Mapping[str, Any]  # of OF_DATASET, with names


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


def subset(row: Row) -> str:
    """Return the folder of an image: who is on it, how often it is seen, how many names must stay in front."""
    return f"{row['repeats']}_{row['who']}_keep{row['keep_tokens']}"


def kohya_texts(table: pl.DataFrame, params: Params, place: str) -> Iterator[tuple[str, str]]:
    """Yield (file, text) for everything but the images.

    table: see with_names; place: the folder as the trainer will find it.
    """
    subsets: dict[str, list[Row]] = {}
    for row in table.sort("image").iter_rows(named=True):
        subsets.setdefault(subset(row), []).append(row)
        yield f"{subset(row)}/{row['stem']}.txt", plain(row["caption"]) + "\n"
    for name, rows in sorted(subsets.items()):
        metadata = {f"{place}/{name}/{row['stem']}{EXTENSION}": kohya_metadata(row) for row in rows}
        yield f"{name}.json", json.dumps(metadata, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    yield TOML, kohya_toml({name: rows[0] for name, rows in subsets.items()}, params, place)


def kohya_metadata(row: Row) -> dict[str, Any]:
    """Return an image's entry. The trainer writes caption, comma, tags: together they are the caption.

    It takes no notice of `id`, the image's in genga.
    """
    words = plain(row["caption"]).split(SEPARATOR)
    names, tags = words[: row["keep_tokens"]], words[row["keep_tokens"] :]
    given = {"caption": SEPARATOR.join(names)} if names else {}
    return {**given, "tags": SEPARATOR.join(tags), "image_size": [row["width"], row["height"]], "id": row["image"]}


def kohya_toml(subsets: Mapping[str, Row], params: Params, place: str) -> str:
    """Return dataset.toml. subsets: a row of each."""
    lines = [
        "[general]",
        'caption_extension = ".txt"',
        "shuffle_caption = true",
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
            f"image_dir = {_quoted(f'{place}/{name}')}",
            f"num_repeats = {row['repeats']}",
            f"keep_tokens = {row['keep_tokens']}",
        ]
    return "\n".join(lines) + "\n"


def imagefolder_texts(table: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield (file, text): a metadata.jsonl for each side of the split. table: see with_names.

    What is not known is "": of a column without a value on one side a reader could not tell the type.
    """
    # `image` would hide the picture itself, which the reader calls so.
    columns = [c for c in OF_DATASET if c not in ("image", "caption", "split", "shard", "offset", "size")]
    known = table.with_columns(cs.string().fill_null(""))
    for split, rows in sorted(known.sort("image").partition_by("split", as_dict=True, maintain_order=True).items()):
        lines = [
            {
                "file_name": row["stem"] + EXTENSION,
                "text": plain(row["caption"]),
                "id": row["image"],
                **{c: row[c] for c in columns},
            }
            for row in rows.iter_rows(named=True)
        ]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        yield f"{FOLDERS[split[0]]}/metadata.jsonl", text


def kohya_image(row: Row) -> str:
    """Return where an image's file goes in a kohya folder."""
    return f"{subset(row)}/{row['stem']}{EXTENSION}"


def imagefolder_image(row: Row) -> str:
    """Return where an image's file goes in an imagefolder."""
    return f"{FOLDERS[row['split']]}/{row['stem']}{EXTENSION}"


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are among TOML's, which has one more."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
