"""`shots`: a row per shot of an episode."""

import polars as pl

from genga.tables.schema import MOTION, Schema

PATH = "data/shots/{series}/{episode}.parquet"

# A line of burnt-in text over [start, end), in shares of the picture's width and height.
STRETCH = pl.Struct({"start": pl.Int64, "end": pl.Int64, **{side: pl.Float64 for side in ("x0", "y0", "x1", "y1")}})
SHOTS: Schema = {
    "shot": pl.Int64,  # 0-based
    "start": pl.Int64,  # first frame
    "end": pl.Int64,  # frame after the last
    "start_time": pl.Float64,  # s, of the first frame
    "end_time": pl.Float64,  # s, of the frame after the last; of the last frame where there is none
    "camera": pl.String,  # static, pan, zoom, other: the longest of its moves
    "transition": pl.String,  # cut, dissolve, fade: into this shot
    "timing": pl.Float64,  # median frames that a drawing is held
    "threshold": pl.Float64,  # block difference from which two of its frames show different drawings
    # Stretches in which frames are not one drawing at rest: dissolve, fade, pan, zoom, other over [start, end). A
    # transition stands with the shot it leads into.
    "events": pl.List(pl.Struct({"kind": pl.String, "start": pl.Int64, "end": pl.Int64})),
    # Lines of burnt-in text over [start, end), in shares of the picture's width and height.
    "lettering": pl.List(STRETCH),
    # Frames of its camera moves, and what takes a point of each to its place in the shot's first picture. Between them
    # the camera moves evenly, before and after them it rests. Empty where nothing moves, or the motion is not known.
    "path": pl.List(pl.Struct({"frame": pl.Int64, "motion": MOTION})),
}
