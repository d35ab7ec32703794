"""A dataset as Croissant: a folder with its table, one shard of its images, and JSON-LD that says how to read both.

https://docs.mlcommons.org/croissant, version 1.0. The library writes the JSON-LD, checks it, and reads by it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl

from genga.audit.extras import library
from genga.errors import GengaError
from genga.images.codec import EXTENSION, as_png
from genga.store.files import sha256_of
from genga.store.parquet import write_table
from genga.store.shards import ShardReader, writing_shard
from genga.tables.schema import SHARD

NAME, TABLE, IMAGES = "croissant.json", "images.parquet", "images"
# What each column of the table is, for a reader who knows nothing of genga.
COLUMNS = {
    "image": "id: the crop's, or the still's", "file": "its file in the shard", "still": "series/episode/frame number",
    "kind": "fullbody, halfbody, head, still, scenery", "split": "train or held-out",
    "character": "who is on it, if anybody was named", "tier": "quality of the still", "caption": "tags, in order",
    "repeats": "looks per epoch", "weight": "of the loss", "width": "px", "height": "px",
    "sha256": "of the image file's bytes",
}  # fmt: skip
NUMBERS = {"repeats": "INTEGER", "weight": "FLOAT", "width": "INTEGER", "height": "INTEGER"}


def croissant(series: str, rows: pl.DataFrame, folder: Path, root: Path = Path(".")) -> None:
    """Write the dataset into `folder`, which is there and empty. rows: genga.audit.tables.OF_DATASET.

    Raises GengaError if the library is not there, the description is not valid, or an image is not what is recorded.
    """
    rows = rows.sort("image")
    named: dict[str, str] = {}  # sha256 of a file as it is kept: as it is written here, PNG
    with ShardReader(root) as shards, writing_shard(folder / "images.tar") as writer:
        for row in rows.unique("sha256", maintain_order=True).iter_rows(named=True):
            data = as_png(shards.read(*(row[column] for column in SHARD)), row["image"])
            named[row["sha256"]] = hashlib.sha256(data).hexdigest()
            # Named by content: names in other scripts do not survive every reader.
            writer.add(named[row["sha256"]] + EXTENSION, data)
    rows = rows.with_columns(pl.col("sha256").replace(named))
    table = rows.with_columns(file=pl.col("sha256") + EXTENSION).select(list(COLUMNS))
    write_table(folder / TABLE, table, dict(table.schema))
    # The library remembers what it unpacked by the shard's name alone: another dataset's must have another name.
    shard = (folder / "images.tar").rename(folder / f"images-{sha256_of(folder / 'images.tar')[:16]}.tar")
    metadata = _metadata(series, folder, shard.name)
    text = json.dumps(metadata.to_json(), indent=2, sort_keys=True, ensure_ascii=False, default=str) + "\n"
    (folder / NAME).write_text(text, encoding="utf-8")


def _metadata(series: str, folder: Path, shard: str) -> Any:
    ml = library("mlcroissant")
    objects = [
        ml.FileObject(id="table", name="table", content_url=TABLE, encoding_formats=["application/x-parquet"],
                      sha256=sha256_of(folder / TABLE)),
        ml.FileObject(id="shard", name="shard", content_url=shard, encoding_formats=["application/x-tar"],
                      sha256=sha256_of(folder / shard)),
        ml.FileSet(id="files", name="files", contained_in=["shard"], encoding_formats=["image/png"],
                   includes=["*.png"]),
    ]  # fmt: skip
    types = ml.DataType
    fields = [_field(name, getattr(types, NUMBERS.get(name, "TEXT")), said) for name, said in COLUMNS.items()]
    picture = ml.Field(id=f"{IMAGES}/picture", name="picture", description="the picture", data_types=types.IMAGE_OBJECT,
                       source=ml.Source(file_set="files", extract=ml.Extract(file_property="content")))  # fmt: skip
    named = ml.Field(id=f"{IMAGES}/name", name="name", description="its file's name", data_types=types.TEXT,
                     source=ml.Source(file_set="files", extract=ml.Extract(file_property="filename")))  # fmt: skip
    try:
        return ml.Metadata(
            name=series,
            description=f"Training images of the series {series}: drawings and crops of people, with captions.",
            license=["not decided"],
            version="1.0.0",
            distribution=objects,
            record_sets=[
                ml.RecordSet(id="rows", name="rows", description="a row for each image", fields=fields),
                ml.RecordSet(id=IMAGES, name=IMAGES, description="the pictures by file name", fields=[named, picture]),
            ],
        )
    except ml.ValidationError as error:
        raise GengaError(
            f"the description of {series} is not valid Croissant: {' '.join(str(error).split())}"
        ) from error


def _field(name: str, kind: Any, said: str) -> Any:
    ml = library("mlcroissant")
    source = ml.Source(file_object="table", extract=ml.Extract(column=name))
    return ml.Field(id=f"rows/{name}", name=name, description=said, data_types=kind, source=source)
