"""`candidates`: what may become a training image, within stage dataset; it is not written."""

import polars as pl

from genga.tables.dataset import MASK, MEASURES
from genga.tables.schema import SHARD, Schema

CANDIDATES: Schema = {
    "image": pl.String, "still": pl.String, "crop": pl.String, "kind": pl.String, "shot": pl.String, "frame": pl.Int64,
    "character": pl.String, "outfit": pl.String, "names": pl.List(pl.String), "tags": pl.List(pl.String),
    "rating": pl.String, "tier": pl.String, **MEASURES, "width": pl.Int64, "height": pl.Int64,
    "text": pl.List(pl.List(pl.Int64)), "persons": pl.List(pl.List(pl.Int64)),
    "masks": pl.List(MASK), **SHARD,
}  # fmt: skip
