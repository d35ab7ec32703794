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
    **{side: pl.Int64 for side in ("x0", "y0", "x1", "y1")},
}
FILES = only(STILLS, "still", *SHARD)  # what a still's image is read by
