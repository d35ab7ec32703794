"""`stills`: a row per kept drawing of an episode, and where its image is."""

import polars as pl

from genga.tables.schema import SHARD, Schema, only

PATH = "data/stills/{series}/{episode}.parquet"

STILLS: Schema = {
    "still": pl.String,  # series/episode/000123: the frame's number
    "frame": pl.Int64,
    "shot": pl.Int64,
    "time": pl.Float64,  # s
    **SHARD,
    "width": pl.Int64,  # px, square pixels
    "height": pl.Int64,
    # Where in the picture the frame of its number lies, px: all over it, but in a stitched one.
    "x0": pl.Int64,
    "y0": pl.Int64,
    "x1": pl.Int64,
    "y1": pl.Int64,
}
FILES = only(STILLS, "still", *SHARD)  # what a still's image is read by
