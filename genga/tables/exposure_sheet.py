"""The exposure sheet of an episode: a row per stretch in which one drawing is on screen. It is exported, as CSV."""

import polars as pl

from genga.tables.schema import Schema

EXPOSURE_SHEET: Schema = {
    "shot": pl.Int64,
    "start": pl.Int64,  # first frame
    "frames": pl.Int64,  # for how many it is on screen
    "time": pl.Float64,  # s, of the first frame
    "duration": pl.Float64,  # s
    "drawing": pl.Int64,  # the frame that stands for it: the number in its still's name; null where none does
    "episode": pl.String,  # the earlier episode whose drawing it is; null: this one's
    "seen": pl.String,  # first, again (it was on screen before), camera (moving over it); else why there is no drawing
}
