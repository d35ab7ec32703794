"""Columns and their types: how a table is declared, and a part of one.

A table has a module of its name here: its columns with unit and comment, the words that stand in them, and its PATH
below the project's folder. A stage that reads a table names the columns it needs, `only` them: so it depends on the
declaration, never on the stage that wrote it.
"""

from collections.abc import Mapping

import polars as pl

Schema = Mapping[str, pl.DataType | type[pl.DataType]]  # column -> type, in order


def only(schema: Schema, *columns: str) -> dict[str, pl.DataType | type[pl.DataType]]:
    """Return these columns of a table, in the order named. Raises KeyError for one that it does not have."""
    return {column: schema[column] for column in columns}


def without(schema: Schema, *columns: str) -> dict[str, pl.DataType | type[pl.DataType]]:
    """Return a table's columns but for these."""
    return {column: kind for column, kind in schema.items() if column not in columns}
