"""Tables on disk: Parquet with a fixed layout, so that equal rows give equal bytes.

A stage names its columns as a polars schema; reading and writing check it, so that a table of another version, or of
another stage, is refused by name instead of failing somewhere later.
"""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from genga.errors import GengaError
from genga.files import replacing
from genga.seal import check_parquet, seal_parquet

Schema = Mapping[str, pl.DataType | type[pl.DataType]]


def write_table(path: str | Path, table: pl.DataFrame, schema: Schema) -> None:
    """Write `table` with exactly the columns of `schema`, in its order. Whole or not at all.

    Raises GengaError if a column is missing or has another type (rows are never silently cast).
    """
    _check(path, table.schema, schema)
    arrow = table.select(list(schema)).to_arrow(compat_level=pl.CompatLevel.oldest())
    with replacing(path) as temporary:
        # Fixed version, codec and row group: the bytes depend on the rows alone.
        pq.write_table(arrow.replace_schema_metadata(None), temporary, compression="zstd", version="2.6")
        seal_parquet(temporary)


def read_table(path: str | Path, schema: Schema) -> pl.DataFrame:
    """Read the columns of `schema`. Raises GengaError if the file is missing, damaged, or of another schema.

    What is checked is what is read: no bit can be another than when the table was written (genga.seal).
    """
    try:
        data = Path(path).read_bytes()
        check_parquet(data, path)
        table = pl.read_parquet(io.BytesIO(data))  # pyarrow takes 35 MB more to read the frames of an episode
    except FileNotFoundError as error:
        raise GengaError(f"{path}: no such table; run snakemake to make it") from error
    except (pl.exceptions.ComputeError, OSError) as error:
        raise GengaError(f"{path}: damaged table ({error}); delete it and run snakemake again") from error
    _check(path, table.schema, schema)
    return table.select(list(schema))


def read_episodes(folder: str | Path, episodes: Iterable[str], schema: Schema) -> pl.DataFrame:
    """Read the tables of these episodes, `folder`/<episode>.parquet, into one, in their order."""
    return pl.concat([read_table(Path(folder, f"{episode}.parquet"), schema) for episode in episodes])


def empty(schema: Schema) -> pl.DataFrame:
    """Return a table with no rows and the columns of `schema`."""
    return pl.DataFrame(schema=dict(schema))


def _check(path: str | Path, found: pl.Schema, wanted: Schema) -> None:
    for column, kind in wanted.items():
        if column not in found:
            raise GengaError(f"{path}: column {column} is missing; it was made by another version, make it again")
        if found[column] != kind:
            raise GengaError(f"{path}: column {column} is {found[column]}, expected {kind}; make the table again")
