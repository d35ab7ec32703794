"""The columns by which a frame finds its grid of cells in a shard."""

import polars as pl

from genga.tables.schema import Schema
from genga.tables.shard import SHARD

# Where a frame's cells are: columns of the table of frames.
GRID: Schema = {
    "rows": pl.Int64,  # cells in a column of the grid
    "columns": pl.Int64,  # cells in a row of the grid
    **SHARD,
}
