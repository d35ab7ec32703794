"""`characters`: a row per kept crop of a series, who is on it."""

import polars as pl

from genga.tables.schema import Schema

PATH = "data/characters/{series}.parquet"

NOBODY = ""  # a character: a person decided that these crops are no character

CHARACTERS: Schema = {
    "crop": pl.String,
    "still": pl.String,
    "box": pl.Int64,  # of the person in the still
    "cluster": pl.Int64,  # from 0 by falling size; -1: resembles no cluster
    "character": pl.String,  # as named under corrections/; null: not named yet, "": named as nobody
    "outfit": pl.String,  # likewise
    "distance": pl.Float64,  # embedder's difference to the medoid of the cluster; null: not embedded, or noise
    "origin": pl.String,  # who put it there: model, track, person
}

# In data/characters/open/, a row for every decision about the series that takes no effect now: what it is about is not
# found for certain.
OPEN: Schema = {
    "file": pl.String,  # under corrections/
    "line": pl.Int64,
    "says": pl.String,  # about what, and what of it
    "why": pl.String,
    "nearest": pl.List(pl.String),  # ids that may be meant
}
