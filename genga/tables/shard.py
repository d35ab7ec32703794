"""The columns by which a row finds its file in a shard: a tar of many images, or of grids."""

import polars as pl

from genga.tables.schema import Schema

# What a row must say so that its image can be found and checked.
SHARD: Schema = {
    "shard": pl.String,  # path of the tar, relative to the project's folder
    "offset": pl.Int64,  # of the image file's first byte in the tar
    "size": pl.Int64,  # bytes of the image file
    "sha256": pl.String,  # of the image file's bytes
}
