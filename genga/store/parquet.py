"""Tables on disk: Parquet with a fixed layout, so that equal rows give equal bytes, and with a seal.

A stage names its columns as a polars schema; reading and writing check it, so that a table of another version, or of
another stage, is refused by name instead of failing somewhere later.

The seal is the sha256 of all other bytes of the file, so that a flipped bit is noticed by whoever reads it, anywhere,
any time: times and sizes say nothing of a disk that rots, and records.jsonl is read when the workflow starts, not when
a job reads its input. It stands between the data and the footer, where no reader looks, since offsets in a footer count
from the file's beginning.
"""

import hashlib
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from genga.errors import GengaError
from genga.store.files import replacing

Schema = Mapping[str, pl.DataType | type[pl.DataType]]


_MARK = b"genga seal sha256"
_LENGTH = len(_MARK) + hashlib.sha256().digest_size
_END = 8  # bytes at the end of Parquet: the footer's length, and its magic
_BLOCK = 1 << 20


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

    What is checked is what is read: no bit can be another than when the table was written.
    """
    try:
        data = Path(path).read_bytes()
        check_parquet(data, path)
        table = pl.read_parquet(io.BytesIO(data))  # pyarrow takes 35 MB more to read the frames of an episode
    except FileNotFoundError as error:
        raise GengaError(f"{path}: no such table; run snakemake to make it") from error
    except OSError as error:
        raise GengaError(f"{path}: cannot be read ({error.strerror or error})") from error
    except pl.exceptions.ComputeError as error:
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


def seal_parquet(path: str | Path) -> None:
    """Put the seal into a Parquet file that has none."""
    with open(path, "r+b") as file:
        size = file.seek(0, 2)
        file.seek(size - _END)
        footer = size - _END - int.from_bytes(file.read(4), "little")
        digest = hashlib.sha256()
        file.seek(0)
        for start in range(0, footer, _BLOCK):
            digest.update(file.read(min(_BLOCK, footer - start)))
        rest = file.read()
        digest.update(rest)
        file.seek(footer)
        file.write(_MARK + digest.digest() + rest)


def check_parquet(data: bytes, path: str | Path) -> None:
    """Raise GengaError unless `data`, what is in `path`, is what was sealed."""
    view = memoryview(data)
    footer = len(data) - _END - int.from_bytes(view[-_END:-4], "little")
    start = footer - _LENGTH
    if start < 0 or view[start : start + len(_MARK)] != _MARK:
        raise GengaError(f"{path}: damaged table, or made by another version; delete it and run snakemake again")
    digest = hashlib.sha256(view[:start])
    digest.update(view[footer:])
    if digest.digest() != view[footer - digest.digest_size : footer]:
        raise GengaError(
            f"{path}: damaged table, its bytes are not what was written; delete it and run snakemake again"
        )
