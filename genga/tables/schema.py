"""Columns and their types: how a table is declared, and a part of one.

A table has a module of its name here: its columns with unit and comment, the words that stand in them, and its PATH
below the project's folder. A stage that reads a table names the columns it needs, `only` them: so it depends on the
declaration, never on the stage that wrote it.
"""

from collections.abc import Mapping

import polars as pl

Schema = Mapping[str, pl.DataType | type[pl.DataType]]  # column -> type, in order

# What a row must say so that its image can be found and checked.
SHARD: Schema = {
    "shard": pl.String,  # path of the tar, relative to the project's folder
    "offset": pl.Int64,  # of the image file's first byte in the tar
    "size": pl.Int64,  # bytes of the image file
    "sha256": pl.String,  # of the image file's bytes
}

# An affine motion of a picture, (a, b, x, c, d, y): takes a point (u, v), in thousandths of the picture's width and
# height, to (a u + b v + x, c u + d v + y) in thousandths of another's of the same shape.
MOTION = pl.List(pl.Float64)


def only(schema: Schema, *columns: str) -> dict[str, pl.DataType | type[pl.DataType]]:
    """Return these columns of a table, in the order named. Raises KeyError for one that it does not have."""
    return {column: schema[column] for column in columns}


def without(schema: Schema, *columns: str) -> dict[str, pl.DataType | type[pl.DataType]]:
    """Return a table's columns but for these."""
    return {column: kind for column, kind in schema.items() if column not in columns}
