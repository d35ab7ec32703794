"""A table's own sha256 in it, so that a flipped bit is noticed by whoever reads it, anywhere, any time.

Times and sizes say nothing of a disk that rots, and records.jsonl is read when the workflow starts, not when a job
reads its input; so each file can be held against itself. Parquet: the sha256 of all its other bytes stands between the
data and the footer, where no reader looks, since offsets in a footer count from the file's beginning. JSON: under the
key `seal`, the sha256 of the rest as compact JSON with sorted keys.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from genga.errors import GengaError

KEY = "seal"
_MARK = b"genga seal sha256"
_LENGTH = len(_MARK) + hashlib.sha256().digest_size
_END = 8  # bytes at the end of Parquet: the footer's length, and its magic
_BLOCK = 1 << 20


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


def sealed(value: dict[str, Any]) -> dict[str, Any]:
    """Return `value` with its seal."""
    return {**value, KEY: _sha256(value)}


def unsealed(value: Any, path: str | Path) -> dict[str, Any]:
    """Return `value`, what is in `path`, without its seal. Raises GengaError if it is not what was sealed."""
    if not isinstance(value, dict):
        raise GengaError(f"{path}: is not what was written: damaged; delete it and run snakemake again")
    rest = {key: of for key, of in value.items() if key != KEY}
    if value.get(KEY) != _sha256(rest):
        why = "is not what was written: damaged" if KEY in value else "has no seal: damaged, or made by another version"
        raise GengaError(f"{path}: {why}; delete it and run snakemake again")
    return rest


def _sha256(value: dict[str, Any]) -> str:
    text = json.dumps(json.loads(json.dumps(value)), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
