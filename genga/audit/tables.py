"""The stages' tables as an audit reads them: what is not here, or cannot be read, leaves gaps and is said."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from genga.errors import GengaError
from genga.files import read_json
from genga.shards import SHARD_SCHEMA
from genga.tables import Schema, empty, read_table

# What is read of each stage's table.
DATASET: Schema = {
    "image": pl.String, "still": pl.String, "crop": pl.String, "kind": pl.String, "shot": pl.String,
    "split": pl.String, "character": pl.String, "outfit": pl.String, "tier": pl.String, "tags": pl.List(pl.String),
    "caption": pl.String, "repeats": pl.Int64, "weight": pl.Float64, "width": pl.Int64, "height": pl.Int64,
    "scaled_width": pl.Int64, "scaled_height": pl.Int64, "crop_box": pl.List(pl.Int64), **SHARD_SCHEMA,
}  # fmt: skip
LEFT_OUT: Schema = {
    "image": pl.String, "still": pl.String, "kind": pl.String, "character": pl.String, "reason": pl.String,
}  # fmt: skip
LEDGER: Schema = {
    "step": pl.Int64, "epoch": pl.Int64, "image": pl.String, "still": pl.String, "crop": pl.String,
    "caption": pl.String,
}  # fmt: skip
FRAMES: Schema = {
    "frame": pl.Int64, "time": pl.Float64, "keyframe": pl.Boolean, "change": pl.Float64, "luma": pl.Float64,
    "sharpness": pl.Float64,
}  # fmt: skip
SHOTS: Schema = {
    "shot": pl.Int64, "start": pl.Int64, "end": pl.Int64, "camera": pl.String, "transition": pl.String,
    "timing": pl.Float64,
}  # fmt: skip
DEDUP: Schema = {
    "frame": pl.Int64, "shot": pl.Int64, "keeper": pl.Int64, "keeper_episode": pl.String,
    "reason": pl.String, "distance": pl.Float64,
}  # fmt: skip
STILLS: Schema = {
    "still": pl.String, "frame": pl.Int64, "time": pl.Float64, "width": pl.Int64, "height": pl.Int64, **SHARD_SCHEMA,
}  # fmt: skip
DETECT: Schema = {
    "still": pl.String, "box": pl.Int64, "kind": pl.String, "x0": pl.Int64, "y0": pl.Int64, "x1": pl.Int64,
    "y1": pl.Int64, "score": pl.Float64, "model": pl.String, "person": pl.Int64,
}  # fmt: skip
QUALITY: Schema = {"still": pl.String, "tier": pl.String, "reason": pl.String}
TAG: Schema = {
    "still": pl.String, "box": pl.Int64, "tag": pl.String, "score": pl.Float64, "votes": pl.Int64,
    "origin": pl.String, "kept": pl.Boolean, "reason": pl.String,
}  # fmt: skip
CROP: Schema = {
    "crop": pl.String, "still": pl.String, "box": pl.Int64, "kind": pl.String, "x0": pl.Int64, "y0": pl.Int64,
    "x1": pl.Int64, "y1": pl.Int64, "kept": pl.Boolean, "reason": pl.String, "tags": pl.List(pl.String),
    **SHARD_SCHEMA,
}  # fmt: skip
EMBED: Schema = {"crop": pl.String, "model": pl.String}
CHARACTERS: Schema = {
    "crop": pl.String, "still": pl.String, "cluster": pl.Int64, "character": pl.String, "outfit": pl.String,
    "distance": pl.Float64, "origin": pl.String,
}  # fmt: skip


class Reader:
    """Reads tables below a folder; remembers which were not there and which could not be read."""

    def __init__(self, root: str | Path = ".") -> None:
        self.root = Path(root)
        self.absent: set[str] = set()
        self.damaged: dict[str, str] = {}  # path -> what is wrong with it

    def table(self, path: str, schema: Schema) -> pl.DataFrame:
        """Return the columns of `schema`; no rows if there is no such table, or none that can be read."""
        if not (self.root / path).is_file():
            self.absent.add(path)
            return empty(schema)
        try:
            return read_table(self.root / path, schema)
        except GengaError as error:
            self.damaged[path] = str(error)
            return empty(schema)

    def json(self, path: str) -> dict[str, Any]:
        """Return what is in a JSON file; nothing if it is not there or cannot be read."""
        if not (self.root / path).is_file():
            self.absent.add(path)
            return {}
        try:
            return dict(read_json(self.root / path))
        except GengaError as error:
            self.damaged[path] = str(error)
            return {}

    def episodes(self, stage: str, episodes: Iterable[str], schema: Schema) -> pl.DataFrame:
        """Return a stage's tables of several episodes (series/episode) as one."""
        return self.tables([f"data/{stage}/{episode}.parquet" for episode in episodes], schema)

    def tables(self, paths: Iterable[str], schema: Schema) -> pl.DataFrame:
        """Return several tables as one."""
        return pl.concat([empty(schema), *(self.table(path, schema) for path in paths)])


def episode_of(still: str) -> str:
    """Return series/episode of a still `series/episode/000123`."""
    return still.rpartition("/")[0]


def series_of(still: str) -> str:
    """Return the series of a still `series/episode/000123`."""
    return episode_of(still).rpartition("/")[0]
