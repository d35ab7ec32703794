"""`frames`: a row per decoded frame of an episode."""

import polars as pl

from genga.tables.schema import SHARD, Schema

PATH = "data/frames/{series}/{episode}.parquet"

# A line of burnt-in text.
LINE = pl.Struct(
    {
        **{side: pl.Float64 for side in ("x0", "y0", "x1", "y1")},  # shares of the picture's width and height, 0..1
        "sure": pl.Boolean,  # whether it surely looks like text
        "again": pl.Float64,  # correlation of its letters with what lay at its place at the look before, -1..1
    }
)
# Where a frame's cells are: columns of the table of frames.
GRID: Schema = {
    "rows": pl.Int64,  # cells in a column of the grid
    "columns": pl.Int64,  # cells in a row of the grid
    **SHARD,
}
FRAMES: Schema = {
    "frame": pl.Int64,  # 0-based, in the order shown
    "time": pl.Float64,  # s, from the presentation timestamp
    "keyframe": pl.Boolean,
    "change": pl.Float64,  # largest local luma difference to the frame before, 0..255; 0 for the first frame
    "spread": pl.Float64,  # fraction of the cells that differ from the frame before by more than params.changed
    "tone": pl.Float64,  # histogram distance to the frame before, 0..1
    "luma": pl.Float64,  # mean, code value 0..255
    "contrast": pl.Float64,  # standard deviation of the cells' luma, code values
    "sharpness": pl.Float64,  # Brenner gradient, squared code values
    "signature": pl.Binary,  # 32 bytes
    "lettering": pl.List(LINE),  # lines of burnt-in text, where it was looked for; null where it was not
    **GRID,
}
