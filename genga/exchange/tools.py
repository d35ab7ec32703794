"""A dataset as folders of files for Hydrus Network, diffusion-pipe, musubi-tuner, and readers of WebDataset.

- Hydrus: images with sidecars, a tag a line (`x.png.txt`) or JSON (`x.png.json`), with its usual namespaces.
- diffusion-pipe: a folder of images with `.txt` for each number of repeats, `dataset.toml`, and masks if wanted.
- musubi-tuner: the same images, captions in a JSONL for each folder, `dataset.toml` that names these.
- WebDataset: `train-000000.tar`, with `.png`, `.txt` and `.json` of one key side by side.
"""

import io
import json
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import polars as pl

from genga.exchange.captions import Format, Row, words_of
from genga.exchange.folders import FOLDERS, PLAIN, TOML
from genga.exchange.names import quoted
from genga.images.codec import EXTENSION, as_png, encode, lay_mask
from genga.params.dataset import Params
from genga.store.shards import ShardReader
from genga.tables.schema import SHARD
from genga.vocabulary.text import SEPARATOR

MASKS = "masks"  # folder of masks, with an image's folder and name below it
PER_TAR = 1000  # images
_SAID = ("image", "still", "kind", "character", "outfit", "repeats", "weight")  # of an image in a tar


# Hydrus


def hydrus_words(row: Row, tiers: bool = False) -> list[str]:
    """Return an image's tags as Hydrus has them: series, episode, scene (the shot), character and outfit first.

    tiers: whether its tier stands behind these.
    """
    series, episode, shot = row["shot"].rsplit("/", 2)
    names = words_of(row)[: row["keep_tokens"]]
    worn = names[1:] if row["crop"] is not None else []
    of = [f"character:{name}" for name in names[: len(names) - len(worn)]] + [f"outfit:{name}" for name in worn]
    tier = [f"tier:{row['tier']}"] if tiers else []
    place = [f"series:{series}", f"episode:{episode}", f"scene:{shot}"]
    return [*place, *of, *tier, *words_of(row)[row["keep_tokens"] :]]


def hydrus(as_json: bool, tiers: bool = False) -> Format:
    """Return where Hydrus looks for sidecars: `x.png.txt`, or `x.png.json`; tiers: as hydrus_words has it."""
    return Format(
        "hydrus",
        lambda row: f"{row['stem']}{EXTENSION}",
        lambda row: f"{row['stem']}{EXTENSION}.{'json' if as_json else 'txt'}",
        lambda row: hydrus_words(row, tiers),
        lambda row: 3 + row["keep_tokens"] + tiers,
    )


def hydrus_texts(table: pl.DataFrame, format: Format) -> Iterator[tuple[str, str]]:
    """Yield (file, text) of all sidecars. table: see folders.with_names."""
    for row in table.sort("image").iter_rows(named=True):
        file, words = format.caption(row), format.words(row)
        yield file, json.dumps({"tags": words}, ensure_ascii=False) + "\n" if file.endswith("json") else _lines(words)


def _lines(words: Iterable[str]) -> str:
    return "".join(f"{word}\n" for word in words)


# diffusion-pipe and musubi-tuner


DIFFUSION_PIPE = Format("diffusion-pipe", PLAIN.image, PLAIN.text)
MUSUBI = Format("musubi", PLAIN.image, lambda row: f"{PLAIN.subset(row)}.jsonl")


def diffusion_pipe_texts(table: pl.DataFrame, params: Params, place: str, masks: bool) -> Iterator[tuple[str, str]]:
    """Yield (file, text) for all but images and masks. place: the folder as the trainer will find it."""
    lines = [f"resolutions = [{params.resolution}]", "enable_ar_bucket = true", "frame_buckets = [1]"]
    for name, rows in PLAIN.subsets(table).items():
        yield from ((PLAIN.text(row), SEPARATOR.join(words_of(row)) + "\n") for row in rows)
        lines += ["", "[[directory]]", f"path = {quoted(f'{place}/{name}')}", f"num_repeats = {rows[0]['repeats']}"]
        lines += [f"mask_path = {quoted(f'{place}/{MASKS}/{name}')}"] if masks else []
    yield TOML, _lines(lines)


def musubi_texts(table: pl.DataFrame, params: Params, place: str) -> Iterator[tuple[str, str]]:
    """Yield the same for musubi-tuner, which reads no masks of images."""
    lines = [
        "[general]",
        f"resolution = [{params.resolution}, {params.resolution}]",
        "batch_size = 1",
        "enable_bucket = true",
        f"bucket_no_upscale = {str(params.no_upscale).lower()}",
    ]
    for name, rows in PLAIN.subsets(table).items():
        paths = ((f"{place}/{PLAIN.image(row)}", SEPARATOR.join(words_of(row))) for row in rows)
        named = ({"image_path": path, "caption": caption} for path, caption in paths)
        yield f"{name}.jsonl", _lines(json.dumps(one, ensure_ascii=False) for one in named)
        lines += ["", "[[datasets]]", f"image_jsonl_file = {quoted(f'{place}/{name}.jsonl')}"]
        lines += [f"cache_directory = {quoted(f'{place}/cache/{name}')}", f"num_repeats = {rows[0]['repeats']}"]
    yield TOML, _lines(lines)


# Masks


def mask_of(row: Row, what: str) -> bytes:
    """Return the mask of an image as PNG: white is learnt, black is not.

    what: `text` leaves out burnt-in text, `person` all but people, where there are any, `both` either. People are what
    a model in the role segment says of them, else their boxes.
    """
    mask = np.full((row["height"], row["width"], 3), 255, np.uint8)
    if what in ("person", "both") and row["persons"]:
        people = np.zeros(mask.shape[:2], bool)
        for one in row["masks"] or ():
            lay_mask(people, (one["x0"], one["y0"], one["x1"], one["y1"]), one["mask"])
        for x0, y0, x1, y1 in row["persons"] if row["masks"] is None else ():
            people[y0:y1, x0:x1] = True
        mask[~people] = 0
    if what in ("text", "both"):
        for x0, y0, x1, y1 in row["text"]:
            mask[y0:y1, x0:x1] = 0
    return encode(mask)


# WebDataset


def key_of(row: Row) -> str:
    """Return an image's key, which may have no dot: from there on readers take it for the file's kind."""
    return re.sub(r"\.", "_", row["stem"])


def _tar_of(row: Row) -> str:
    return f"{FOLDERS[row['split']]}-{row['tar']:06d}.tar"


def _member(row: Row, kind: str) -> str:
    return f"{_tar_of(row)}/{key_of(row)}.{kind}"


WEBDATASET = Format("webdataset", lambda row: _member(row, "png"), lambda row: _member(row, "txt"))


def in_tars(table: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with `tar`, the number of the tar of their side that they are in."""
    number = pl.col("image").rank("ordinal").over("split") - 1
    return table.sort("split", "image").with_columns(tar=number.cast(pl.Int64) // PER_TAR)


def write_tars(
    rows: pl.DataFrame, folder: Path, reader: ShardReader, mask: Callable[[Row], bytes] | None = None
) -> Iterator[None]:
    """Write all tars; yields once an image. rows: see in_tars. mask: of each image. Equal rows give equal bytes."""
    for (tar,), part in rows.with_columns(file=pl.struct("split", "tar")).group_by("file", maintain_order=True):
        with tarfile.open(folder / _tar_of(tar), "w", format=tarfile.PAX_FORMAT) as file:
            for row in part.iter_rows(named=True):
                data = reader.read(*(row[column] for column in SHARD))
                # What is not known is "": of the first images a reader takes null for a type of its own.
                said = {name: "" if row[name] is None else row[name] for name in _SAID}
                for kind, content in (
                    ("png", as_png(data, row["image"])),
                    ("txt", SEPARATOR.join(words_of(row)).encode()),
                    ("json", json.dumps(said, ensure_ascii=False).encode()),
                    *([("mask.png", mask(row))] if mask else []),
                ):
                    member = tarfile.TarInfo(f"{key_of(row)}.{kind}")
                    member.size = len(content)
                    file.addfile(member, io.BytesIO(content))
                yield
