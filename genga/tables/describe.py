"""`describe`: a row per image that a model described in sentences."""

import polars as pl

from genga.tables.schema import Schema

PATH = "data/describe/{series}/{episode}.parquet"
# Beside it what was answered, by what was asked: a job that was interrupted does not ask again.
ANSWERS = "data/describe/{series}/{episode}.answers.jsonl"

DESCRIBE: Schema = {
    "image": pl.String,  # the still's id, or the crop's
    "sentences": pl.String,  # one or more, the last with its full stop
    "model": pl.String,  # who says so
}
