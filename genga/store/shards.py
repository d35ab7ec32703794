"""Images in shards: one tar file for many images, read at random through an index table.

A shard is an uncompressed POSIX tar, so `tar xf` opens it, and its bytes depend on the images alone (no times, owners
or modes of this machine). The index is a table with a row per image: SHARD.
"""

import hashlib
import io
import os
import tarfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import polars as pl

from genga.errors import GengaError
from genga.store.files import gathered, in_project, replacing
from genga.tables.schema import SHARD


class ShardWriter:
    """Adds files to a tar. `add` returns the row of SHARD for the file."""

    def __init__(self, tar: tarfile.TarFile, name: str, prefix: str = "") -> None:
        """prefix: of every member's name."""
        self._tar = tar
        self._name = name
        self._prefix = prefix

    def add(self, member: str, data: bytes) -> dict[str, str | int]:
        """Append `data` as file `member`; returns shard, offset, size, sha256."""
        info = tarfile.TarInfo(f"{self._prefix}{member}")
        info.size = len(data)
        info.mode = 0o644
        self._tar.addfile(info, io.BytesIO(data))
        # addfile pads the data to whole 512-byte records: step back from the end to where it began.
        offset = self._tar.offset - -(-len(data) // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
        return {
            "shard": self._name,
            "offset": offset,
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }


@contextmanager
def writing_shard(path: str | Path) -> Iterator[ShardWriter]:
    """Open a new shard for writing; it appears under `path` only when the block ends well."""
    path = Path(path)
    if gathered(path, b""):  # a clip's part of its pack's shard: whole members, without the end of a tar
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
            yield ShardWriter(tar, in_project(path), f"{path.stem}/")
            length = tar.offset
        gathered(path, buffer.getvalue()[:length])
        return
    with replacing(path) as temporary, tarfile.open(temporary, "w", format=tarfile.GNU_FORMAT) as tar:
        yield ShardWriter(tar, in_project(path))


class ShardReader:
    """Reads image files by their index row, keeping a shard open between calls. Use as a context manager.

    Several threads may read at once.
    """

    def __init__(self, root: str | Path = ".") -> None:
        self._root = Path(root)
        self._open: dict[str, io.FileIO] = {}
        self._opening = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._open.values():
            file.close()
        self._open.clear()

    def read(self, shard: str, offset: int, size: int, sha256: str) -> bytes:
        """Return the file's bytes. Raises GengaError if the shard is absent, short, or not what the index says."""
        try:
            data = os.pread(self._number(shard), size, offset)
        except OSError as error:
            raise GengaError(f"{shard}: cannot be read ({error.strerror}); bring back the disk it is on") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise GengaError(f"{shard}: bytes {offset}..{offset + size} are damaged; delete it to make it again")
        return data

    def _number(self, shard: str) -> int:
        """The number of the open file."""
        with self._opening:
            if shard not in self._open:
                try:
                    self._open[shard] = io.FileIO(self._root / shard)
                except OSError as error:
                    way_out = "`dvc pull` it, or delete its table to make it again"
                    raise GengaError(f"{shard}: cannot be read ({error.strerror}); {way_out}") from error
            return self._open[shard].fileno()

    def read_rows(self, rows: pl.DataFrame) -> Iterator[bytes]:
        """Yield the file's bytes for each row of an index table, in order."""
        for row in rows.select(list(SHARD)).iter_rows():
            yield self.read(*row)


def shard_names(rows: Iterable[str]) -> list[str]:
    """Return the distinct shard names in `rows`, sorted."""
    return sorted(set(rows))
