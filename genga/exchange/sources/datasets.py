"""Data sets of Hugging Face in Parquet that have their pictures in them: a column of bytes and path, as `Image` has it.

What the other columns say of a picture is read as a row of an image folder's metadata is. Rows are read some at a time,
and what the file says of its own size is looked at before anything is unpacked.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from genga.errors import GengaError
from genga.exchange.sources.archive import SMALL
from genga.exchange.sources.found import About, Say
from genga.exchange.sources.sidecars import TABLES, of_row
from genga.params.sources import Folder
from genga.store.files import replacing

SUFFIX = ".parquet"
_NAMES = ("image", "img", "picture", "jpg", "jpeg", "png", "webp", "gif")  # of columns of bytes alone
_ROWS = 4  # read at a time


class _Columns(NamedTuple):
    picture: str
    said: list[str]  # words that may say something of it


def is_dataset(name: str, path: Callable[[], Path]) -> bool:
    """Whether a file is a data set, and not a table of what lies beside it. path: of the file, asked for if need be."""
    plain = PurePosixPath(name)
    if plain.suffix.lower() != SUFFIX or plain.name not in TABLES:
        return plain.suffix.lower() == SUFFIX
    try:
        return "file_name" not in pq.read_schema(path()).names
    except (OSError, pa.ArrowException):
        return False  # whoever reads it as a table says what is wrong


def rows_in(path: Path) -> int:
    """Return how many pictures a data set has at most; 0 of a file that is none."""
    try:
        with pq.ParquetFile(path) as file:
            return file.metadata.num_rows if _columns(file.schema_arrow) else 0
    except (OSError, pa.ArrowException):
        return 0


def pictures_in(
    path: Path, name: str, origin: str, source: Folder, ending: Callable[[str], str], staging: Path, tell: Say
) -> Iterator[tuple[Path, About]]:
    """Yield each picture of a data set as a file below `staging`, with what its row says.

    name, origin: of the data set, for people. ending: of a file of ours, by a name that nobody vouches for. Raises
    GengaError, one line, for a file that is no such data set, is damaged or a bomb.
    """
    said = f"{origin}: {name!r}" if name != PurePosixPath(origin).name else f"{origin}:"
    stat = path.stat()
    own = hashlib.sha256(f"{origin}\n{name}\n{stat.st_size}\n{stat.st_mtime_ns}".encode()).hexdigest()[:12]
    empty: list[str] = []
    came = 0
    try:
        with pq.ParquetFile(path, buffer_size=1 << 20) as file:
            if (columns := _columns(file.schema_arrow)) is None:
                raise GengaError(
                    f"{said} has no column of pictures (bytes and path, as Hugging Face's Image); left out"
                )
            _check(file.metadata, columns.picture, said, stat.st_size, source)
            for number, row in enumerate(_rows(file, columns)):
                data, called = _picture(row.pop(columns.picture))
                if not data:
                    empty.append(f"row {number}" + (f", {called!r}" if called else ""))
                    continue
                if (came := came + len(data)) > source.megabytes * 1e6:  # one picture may stand for many rows
                    raise GengaError(f"{said} {_too_much(source, came)}")
                to = staging / f"{own}-{number:06d}{ending(called)}"
                if not to.exists():
                    with replacing(to, lasting=False) as temporary:
                        temporary.write_bytes(data)
                what = of_row(row)
                words = f"{name}/{number:06d} {called.replace(chr(92), '/').rpartition('/')[2]}".strip()
                yield to, About(origin, words, what.tags, what.rating, what.text, what.credited)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise GengaError(f"{said} is damaged ({_first_line(error)}); fetch it again") from error
    if empty:
        tell(f"{said} has no picture in {len(empty)} of its rows (the first: {empty[0]})")


def _rows(file: pq.ParquetFile, columns: _Columns) -> Iterator[dict[str, Any]]:
    for batch in file.iter_batches(_ROWS, columns=[columns.picture, *columns.said]):
        yield from batch.to_pylist()


def _columns(schema: pa.Schema) -> _Columns | None:
    """The column of pictures, that called `image` before others, and the columns of words; None without pictures."""
    fields = [schema.field(number) for number in range(len(schema))]
    pictures = sorted((one.name for one in fields if _has_pictures(one)), key=lambda name: name != _NAMES[0])
    words = [one.name for one in fields if one.name not in pictures and _is_words(one.type)]
    return _Columns(pictures[0], words) if pictures else None


def _has_pictures(field: pa.Field) -> bool:
    if pa.types.is_struct(field.type):
        inside = {
            field.type.field(number).name: field.type.field(number).type for number in range(field.type.num_fields)
        }
        return "bytes" in inside and _is_bytes(inside["bytes"])
    return _is_bytes(field.type) and field.name.lower() in _NAMES


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_words(kind: pa.DataType) -> bool:
    inside = kind.value_type if pa.types.is_list(kind) or pa.types.is_large_list(kind) else kind
    return bool(pa.types.is_string(inside) or pa.types.is_large_string(inside))


def _picture(value: Any) -> tuple[bytes | None, str]:
    """The bytes of a picture, and what it was called."""
    if isinstance(value, dict):
        return value["bytes"], str(value.get("path") or "")
    return value, ""


def _check(about: pq.FileMetaData, column: str, said: str, size: int, limits: Folder) -> None:
    """Raise GengaError for pictures that unpack to more than is allowed."""
    parts = (
        about.row_group(group).column(part)
        for group in range(about.num_row_groups)
        for part in range(about.num_columns)
    )
    total = sum(part.total_uncompressed_size for part in parts if part.path_in_schema.split(".")[0] == column)
    if total > limits.megabytes * 1e6:
        raise GengaError(f"{said} {_too_much(limits, total)}")
    if total > max(SMALL, size * limits.ratio):
        raise GengaError(f"{said} unpacks to {total / 1e6:.0f} MB of {size} bytes: a bomb; not taken")


def _too_much(limits: Folder, size: int) -> str:
    return f"would unpack to {size / 1e6:.0f} MB and more; if it is no bomb, raise megabytes ({limits.megabytes:g})"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].strip()
