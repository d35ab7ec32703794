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
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from genga.errors import GengaError
from genga.store.files import gathered, is_pack, pack_of, replacing

Schema = Mapping[str, pl.DataType | type[pl.DataType]]


_MARK = b"genga seal sha256"
_LENGTH = len(_MARK) + hashlib.sha256().digest_size
_END = 8  # bytes at the end of Parquet: the footer's length, and its magic
_BLOCK = 1 << 20
# The first column of a pack's table, whose row it is; where a table has one of that name already, the other.
CLIP, OF_CLIP = "clip", "of_clip"
_PACK = b"genga pack"  # in the metadata of a pack's table: its clips, of which some have no row, and why some failed
_KEPT = 16  # tables of packs, divided into those of their clips


def write_table(path: str | Path, table: pl.DataFrame, schema: Schema) -> None:
    """Write `table` with exactly the columns of `schema`, in its order. Whole or not at all.

    Raises GengaError if a column is missing or has another type (rows are never silently cast).
    """
    _check(path, table.schema, schema)
    ordered = table[list(schema)]  # to select is to plan and collect a query: a third of what writing takes
    if not gathered(path, ordered):
        _write(path, _arrow(ordered))


def write_pack(path: str | Path, tables: Mapping[str, pl.DataFrame], failed: Mapping[str, str], schema: Schema) -> None:
    """Write the tables of a pack's clips as one, with a column `clip`, in their order. Whole or not at all.

    tables: by clip, of `schema`. failed: why a clip has none.
    """
    column = OF_CLIP if CLIP in schema else CLIP
    named = [("", empty(schema)), *tables.items()]
    rows = [table.select(pl.lit(clip, pl.String).alias(column), *schema) for clip, table in named]
    said = json.dumps({"clips": list(tables), "failed": dict(failed)}, ensure_ascii=False)
    _write(path, _arrow(pl.concat(rows)).replace_schema_metadata({_PACK: said.encode()}))


def _arrow(table: pl.DataFrame) -> pa.Table:
    return table.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest()).replace_schema_metadata(None)


def _write(path: str | Path, arrow: pa.Table) -> None:
    with replacing(path) as temporary:
        # Fixed version, codec and row group: the bytes depend on the rows alone.
        pq.write_table(arrow, temporary, compression="zstd", version="2.6")
        seal_parquet(temporary)


def digest_of(table: pl.DataFrame) -> str:
    """Return the sha256 of a table's rows."""
    buffer = io.BytesIO()
    pq.write_table(_arrow(table), buffer, compression="none", use_dictionary=False, write_statistics=False)
    return hashlib.sha256(buffer.getbuffer()).hexdigest()


def read_table(path: str | Path, schema: Schema) -> pl.DataFrame:
    """Read the columns of `schema`. Raises GengaError if the file is missing, damaged, or of another schema.

    What is checked is what is read: no bit can be another than when the table was written. A clip's table may be in
    that of its pack.
    """
    try:
        table = _read(Path(path))
    except FileNotFoundError as error:
        if (pack := pack_of(Path(path))) is not None:
            return _of_clip(pack, Path(path), schema)
        raise GengaError(f"{path}: no such table; run snakemake to make it") from error
    except OSError as error:
        raise GengaError(f"{path}: cannot be read ({error.strerror or error})") from error
    except pl.exceptions.ComputeError as error:
        raise GengaError(f"{path}: damaged table ({error}); delete it and run snakemake again") from error
    _check(path, table.schema, schema)
    return table.select(list(schema))


def _read(path: Path) -> pl.DataFrame:
    data = path.read_bytes()
    check_parquet(data, path)
    return pl.read_parquet(io.BytesIO(data))  # pyarrow takes 35 MB more to read the frames of an episode


def _of_clip(pack: Path, path: Path, schema: Schema) -> pl.DataFrame:
    tables, failed = read_pack(pack)
    if (why := failed.get(path.stem)) is not None:
        raise GengaError(f"{path}: there is none, for {why} (in {pack})")
    if path.stem not in tables:
        raise GengaError(f"{path}: no such table, nor in {pack}; run snakemake to make it")
    table = tables[path.stem]
    _check(pack, table.schema, schema)
    return table.select(list(schema))


def read_pack(path: str | Path) -> tuple[Mapping[str, pl.DataFrame], Mapping[str, str]]:
    """Return the tables of a pack's clips, and why others have none. Raises GengaError if it is missing or damaged."""
    try:
        return _divided(Path(path), Path(path).stat().st_mtime_ns)
    except OSError as error:
        raise GengaError(f"{path}: cannot be read ({error.strerror or error}); run snakemake to make it") from error
    except (pl.exceptions.PolarsError, KeyError, ValueError) as error:
        raise GengaError(f"{path}: is no pack's table ({error}); delete it and run snakemake again") from error


@lru_cache(_KEPT)
def _divided(path: Path, _changed: int) -> tuple[dict[str, pl.DataFrame], dict[str, str]]:
    whole = _read(path)
    said = json.loads(pq.read_schema(path).metadata[_PACK])
    column = whole.columns[0]
    parts = whole.partition_by(column, as_dict=True, include_key=False)
    none = whole.drop(column).clear()
    return {clip: parts.get((clip,), none) for clip in said["clips"]}, said["failed"]


def has_table(path: str | Path) -> bool:
    """Whether there is such a table, by itself or in that of a pack."""
    return Path(path).is_file() or (pack := pack_of(Path(path))) is not None and Path(path).stem in read_pack(pack)[0]


def names_in(path: str | Path) -> list[str]:
    """Return the episode whose table this is, or the clips that have one in it."""
    return list(read_pack(path)[0]) if is_pack(Path(path).stem) else [Path(path).stem]


def read_named(folder: str | Path, episode: str, schema: Schema) -> pl.DataFrame:
    """Read an episode's table, or a pack's, with a first column `episode`: the episode, or the row's clip."""
    path = Path(folder, f"{episode}.parquet")
    if not is_pack(episode):
        return read_table(path, schema).select(pl.lit(episode).alias("episode"), pl.all())
    table = _read(path)
    _check(path, table.schema, schema)
    return table.select(pl.nth(0).alias("episode"), *schema)


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


def seal_of(path: str | Path) -> str:
    """Return the sha256 in a Parquet file's seal, in hex; "" if it has none. Whether it holds, reading tells."""
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END))
        start = size - _END - int.from_bytes(file.read(4), "little") - _LENGTH
        file.seek(max(0, start))
        said = file.read(_LENGTH)
    return said.removeprefix(_MARK).hex() if start >= 0 and said.startswith(_MARK) else ""


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
