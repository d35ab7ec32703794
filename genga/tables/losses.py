"""`losses`: a row per step of a run."""

import polars as pl

from genga.tables.schema import Schema

PATH = "models/{run}/losses.parquet"

LOSSES: Schema = {
    "step": pl.Int64,
    "phase": pl.Int64,  # 1..
    "loss": pl.Float64,  # mean over the step's looks, weighted
    "learning_rate": pl.Float64,  # of the UNet's matrices
}
