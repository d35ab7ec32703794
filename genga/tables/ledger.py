"""`ledger`: a row per look of a run at a training image, in the order of training."""

import polars as pl

from genga.tables.schema import Schema

PATH = "models/{run}/ledger.parquet"

LEDGER: Schema = {
    "step": pl.Int64,  # 1..
    "epoch": pl.Int64,  # 1.., counted through
    "phase": pl.Int64,  # 1..
    "image": pl.String,
    "still": pl.String,  # the frame it was cut from
    "crop": pl.String,  # null: the whole still
    "form": pl.String,  # which of the image's captions: tags, sentence, both
    "caption": pl.String,  # as it was seen
    "flipped": pl.Boolean,
    "timestep": pl.Int64,  # of the noise schedule: high is mostly noise
}
