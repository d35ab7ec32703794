"""The stages' tables as an audit reads them: what is not here, or cannot be read, leaves gaps and is said."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from genga.errors import GengaError
from genga.store.files import is_there, read_json
from genga.store.parquet import empty, has_table, read_table
from genga.tables.characters import CHARACTERS
from genga.tables.clipset import CLIPSET
from genga.tables.crop import CROP
from genga.tables.dataset import DATASET
from genga.tables.dedup import DEDUP
from genga.tables.detect import DETECT
from genga.tables.embed import EMBED
from genga.tables.evaluate import EVALUATE
from genga.tables.frames import FRAMES
from genga.tables.ledger import LEDGER
from genga.tables.left_out import LEFT_OUT
from genga.tables.places import path_of
from genga.tables.quality import QUALITY
from genga.tables.run_left_out import RUN_LEFT_OUT
from genga.tables.sample import SAMPLE
from genga.tables.schema import SHARD, Schema, only
from genga.tables.shots import SHOTS
from genga.tables.stills import STILLS
from genga.tables.tag import TAG

# What is read of each stage's table.
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
    "tags",
    "caption",
    "repeats",
    "weight",
    "width",
    "height",
    "scaled_width",
    "scaled_height",
    "crop_box",
    *SHARD,
)
OF_CLIPSET = only(
    CLIPSET, "clip", "split", "character", "tier", "tags", "caption", "repeats", "weight", "frames", "rate",
    "scaled_width", "scaled_height", "crop_box", "video", "sha256",
)  # fmt: skip
OF_SAMPLE = only(SAMPLE, "sample", "prompt_text", "seed", "frames", "rate", "by_frame", "width", "height", *SHARD)
OF_EVALUATE = only(
    EVALUATE, "sample", "nearest_image", "nearest_still", "nearest_difference", "nearest_clip", "nearest_clip_frame",
    "nearest_clip_difference", "caption_clip", "caption_overlap",
)  # fmt: skip
OF_LEFT_OUT = only(LEFT_OUT, "image", "still", "kind", "character", "tier", "reason", "same_as")
OF_RUN_LEFT_OUT = only(RUN_LEFT_OUT, "image", "still", "reason")
OF_LEDGER = only(LEDGER, "step", "epoch", "phase", "image", "still", "crop", "caption")
OF_FRAMES = only(FRAMES, "frame", "time", "keyframe", "change", "luma", "sharpness")
OF_SHOTS = only(SHOTS, "shot", "start", "end", "camera", "transition", "timing")
OF_DEDUP = only(DEDUP, "frame", "shot", "keeper", "keeper_episode", "reason", "distance")
OF_STILLS = only(STILLS, "still", "frame", "time", "width", "height", *SHARD)
OF_DETECT = only(DETECT, "still", "box", "kind", "x0", "y0", "x1", "y1", "score", "model", "person")
OF_QUALITY = only(QUALITY, "still", "tier", "reason")
OF_TAG = only(TAG, "still", "box", "tag", "score", "votes", "origin", "kept", "reason")
OF_CROP = only(CROP, "crop", "still", "box", "kind", "x0", "y0", "x1", "y1", "kept", "reason", "tags", *SHARD)
OF_EMBED = only(EMBED, "crop", "model")
OF_CHARACTERS = only(CHARACTERS, "crop", "still", "cluster", "character", "outfit", "distance", "origin")


class Reader:
    """Reads tables below a folder; remembers which were not there and which could not be read."""

    def __init__(self, root: str | Path = ".") -> None:
        self.root = Path(root)
        self.absent: set[str] = set()
        self.damaged: dict[str, str] = {}  # path -> what is wrong with it

    def table(self, path: str, schema: Schema) -> pl.DataFrame:
        """Return the columns of `schema`; no rows if there is no such table, or none that can be read."""
        if not self._has(path):
            self.absent.add(path)
            return empty(schema)
        try:
            return read_table(self.root / path, schema)
        except GengaError as error:
            self.damaged[path] = str(error)
            return empty(schema)

    def _has(self, path: str) -> bool:
        try:
            return has_table(self.root / path)
        except GengaError:  # a pack's, which cannot be read: whoever reads it says so
            return True

    def json(self, path: str) -> dict[str, Any]:
        """Return what is in a JSON file; nothing if it is not there or cannot be read."""
        if not is_there(self.root / path):
            self.absent.add(path)
            return {}
        try:
            found = read_json(self.root / path)
            if not isinstance(found, dict):
                raise GengaError(f"{path}: is not what its stage writes; delete it and run snakemake again")
            return found
        except GengaError as error:
            self.damaged[path] = str(error)
            return {}

    def episodes(self, stage: str, episodes: Iterable[str], schema: Schema) -> pl.DataFrame:
        """Return a stage's tables of several episodes (series/episode) as one."""
        return self.tables([path_of(stage, episode) for episode in episodes], schema)

    def tables(self, paths: Iterable[str], schema: Schema) -> pl.DataFrame:
        """Return several tables as one."""
        return pl.concat([empty(schema), *(self.table(path, schema) for path in paths)])


def episode_of(still: str) -> str:
    """Return series/episode of a still `series/episode/000123`."""
    return still.rpartition("/")[0]


def series_of(still: str) -> str:
    """Return the series of a still `series/episode/000123`."""
    return episode_of(still).rpartition("/")[0]
