"""`embed`: a row per crop that the character embedder looked at."""

import polars as pl

from genga.tables.schema import Schema

PATH = "data/embed/{series}/{episode}.parquet"

EMBED: Schema = {
    "crop": pl.String,
    "kind": pl.String,  # fullbody, halfbody, head
    "feature": pl.List(pl.Float32),  # as the model gives it, of any length
    "model": pl.String,
}
