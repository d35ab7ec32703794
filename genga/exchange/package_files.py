"""A package as it is written: tables, pictures as Parquet or WebDataset, card, Croissant, and what it says of itself.

Equal packages give equal bytes: nothing here asks the clock, the machine or a library for more than it is given.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from genga.exchange.folders import FOLDERS
from genga.exchange.package import FRAMES_FILE, NOTE, ORIGINS_FILE, Package, note_of, rows_file
from genga.exchange.package_card import CARD, CROISSANT, PREVIEW, card, croissant
from genga.exchange.tools import in_tars, mask_of, write_tars
from genga.images.codec import EXTENSION, decode, encode
from genga.images.image import padded
from genga.images.thumbnails import thumbnail
from genga.jobs.script import progress
from genga.store.files import sha256_of, write_json
from genga.store.parquet import write_table
from genga.store.shards import ShardReader
from genga.tables.package import PACKAGE, PACKAGE_FRAMES, PACKAGE_ORIGINS

LARGEST = 400_000_000  # bytes of pictures in a Parquet file: hubs and readers take such in one piece
GROUP = 100  # rows that a reader has in memory at once
Masker = Callable[[Mapping[str, Any]], bytes]  # of a row: a PNG in which white is learnt
SHOWN, SIDE = 8, 256  # pictures of the preview, px of each
_INSIDE = ("file", "size", "sha256", "pixels", "masks")  # columns of PACKAGE that say what the pictures beside them say


def write_package(folder: Path, package: Package, places: pl.DataFrame) -> None:
    """Write a package into `folder`, which is there and empty. places: `id` and SHARD of the PNGs, if it has pictures.

    Raises GengaError if one of these cannot be read.
    """
    for split in package.sides:
        write_table(rows_file(folder, split), package.side(split), PACKAGE)
    write_table(folder / FRAMES_FILE, package.frames, PACKAGE_FRAMES)
    if not package.origins.is_empty():
        write_table(folder / ORIGINS_FILE, package.origins, PACKAGE_ORIGINS)
    if package.pixels:
        _pictures(folder, package, places)
    write_json(folder / NOTE, note_of(package))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}
    (folder / CARD).write_text(card(package), encoding="utf-8")
    text = json.dumps(croissant(package, sums), indent=2, ensure_ascii=False) + "\n"
    (folder / CROISSANT).write_text(text, encoding="utf-8")


def _pictures(folder: Path, package: Package, places: pl.DataFrame) -> None:
    what = f"package {package.name}: {package.note['layout']}"
    with ShardReader() as reader:
        if package.note["layout"] == "parquet":
            steps = _parquet(folder, package, places, reader)
        else:
            rows = package.rows.drop("size", "sha256").rename({"id": "image"})
            rows = rows.with_columns(stem=pl.col("file").str.strip_suffix(EXTENSION))
            placed = in_tars(rows.join(places.rename({"id": "image"}), on="image"))
            steps = write_tars(placed, folder, reader, _masker(package))
        for _ in progress(steps, package.rows.height, what, "images"):
            pass
        (folder / PREVIEW).write_bytes(_preview(package, places, reader))


def _parquet(folder: Path, package: Package, places: pl.DataFrame, reader: ShardReader) -> Iterator[None]:
    """Write `train-00000-of-00002.parquet` and so on; yields once an image."""
    for split in package.sides:
        rows = package.side(split).with_columns(
            part=(pl.col("size").cum_sum() - pl.col("size")) // LARGEST, text=pl.col("caption")
        )
        parts = rows.partition_by("part", maintain_order=True)
        for number, part in enumerate(parts):
            name = f"{FOLDERS[split]}-{number:05d}-of-{len(parts):05d}.parquet"
            yield from _one_parquet(folder / name, part.drop("part"), places, reader, _masker(package))


def _one_parquet(
    path: Path, rows: pl.DataFrame, places: pl.DataFrame, reader: ShardReader, mask: Masker | None
) -> Iterator[None]:
    told = rows.drop(_INSIDE).to_arrow(compat_level=pl.CompatLevel.oldest()).replace_schema_metadata(None)
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    shown = ["image", *(["mask"] if mask else [])]
    # How Hugging Face's readers are told that a column is a picture.
    features = {"info": {"features": {name: {"_type": "Image"} for name in shown}}}
    pictured = [pa.field(name, kind) for name in shown]
    schema = pa.schema([*pictured, *told.schema], {"huggingface": json.dumps(features)})
    with pq.ParquetWriter(path, schema, compression="zstd", version="2.6") as writer:
        for start in range(0, rows.height, GROUP):
            columns: dict[str, list[dict[str, Any]]] = {name: [] for name in shown}
            for row, data in pictures(places, rows[start : start + GROUP], reader):
                columns["image"].append({"bytes": data, "path": row["file"]})
                if mask:
                    columns["mask"].append({"bytes": mask(row), "path": f"mask of {row['file']}"})
                yield
            arrays = [pa.array(columns[name], kind) for name in shown]
            writer.write_table(pa.table([*arrays, *told[start : start + GROUP].columns], schema=schema))


def pictures(places: pl.DataFrame, rows: pl.DataFrame, reader: ShardReader) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield each row with its PNG. places: `id` and SHARD."""
    where = {name: place for name, *place in places.iter_rows()}
    for row in rows.iter_rows(named=True):
        yield row, reader.read(*where[row["id"]])


def _masker(package: Package) -> Masker | None:
    """Return what makes the mask of a row, as exports have them; None for a package without masks."""
    return (lambda row: mask_of({**row, "text": row["lines"]}, package.masks)) if package.masks else None


def _preview(package: Package, places: pl.DataFrame, reader: ShardReader) -> bytes:
    """Some of the training images, evenly from all of them, side by side as PNG."""
    rows = package.side(package.sides[0])
    picks = rows[np.linspace(0, rows.height - 1, min(SHOWN, rows.height)).round().astype(int).tolist()]
    small = [thumbnail(decode(data, row["id"]), SIDE) for row, data in pictures(places, picks, reader)]
    cells = [padded(image, (SIDE, SIDE), (255, 255, 255)) for image in small]
    return encode(np.hstack(cells))
