"""`run left out`: a row per image that a series of a run trains on and the run does not, with the reason."""

import polars as pl

from genga.tables.schema import Schema

PATH = "models/{run}/left_out.parquet"

RUN_LEFT_OUT: Schema = {
    "image": pl.String,
    "still": pl.String,
    "crop": pl.String,  # null: the whole still
    "kind": pl.String,
    "character": pl.String,  # null: not named, a whole still, or a prior image
    "reason": pl.String,  # twin (of a drawing held out in another series), prior (more of these than looks for them)
}
