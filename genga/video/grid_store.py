"""The cell grids of a whole video in one shard: a stretch of frames per member, read in order or at random.

A member holds `STRETCH` grids as wrap-around differences to the grid before, compressed with zstandard: held frames
cost next to nothing. A frame's row in the index table names its member (SHARD) and the grid's rows and columns.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from genga.store.shards import ShardReader, ShardWriter
from genga.tables.frames import GRID
from genga.video.luma_grid import Cells

STRETCH = 64  # frames in a member
_LEVEL = 1  # of zstandard; 3 saves 3 % and takes half as long again
_OPEN = 16  # members kept unpacked by a reader, unless it is asked for others: 26 MB
PASSED = 32  # of a reader of which all is gone through some nine times: all that a clip of 80 s has, 52 MB

Row = dict[str, str | int]


class CellWriter:
    """Packs grids as they come. Call `add` for each frame, then `close`; `index` then has a row per frame."""

    def __init__(self, shard: ShardWriter) -> None:
        self._shard = shard
        self._steps: npt.NDArray[np.uint8] = np.empty((STRETCH, 0, 0), np.uint8)  # of a stretch; one array for all
        self._last: Cells | None = None  # the grid before, None at a stretch's beginning
        self._filled = 0  # grids in it
        self._members = 0
        self.index: list[Row] = []  # GRID

    def add(self, cells: Cells) -> None:
        """Append the next frame's grid, which nobody may write to before the next."""
        if self._steps.shape[1:] != cells.shape:
            self._steps = np.empty((STRETCH, *cells.shape), np.uint8)
        if self._last is None:
            self._steps[0] = cells
        else:
            np.subtract(cells, self._last, out=self._steps[self._filled])  # uint8 wraps around, and back in unpack
        self._last = cells
        self._filled += 1
        if self._filled == STRETCH:
            self.close()

    def close(self) -> None:
        """Write the frames not yet written."""
        if not self._filled:
            return
        steps = self._steps[: self._filled]
        _, rows, columns = steps.shape
        member = f"{self._members * STRETCH:06d}.zst"
        where: Row = {"rows": rows, "columns": columns, **self._shard.add(member, pack(steps))}
        self.index += [where] * len(steps)
        self._members += 1
        self._filled, self._last = 0, None


class CellReader:
    """Gives the grid of any frame of a video, keeping the last few stretches unpacked. Use as a context manager."""

    def __init__(self, frames: pl.DataFrame, root: str | Path = ".", kept: int = _OPEN) -> None:
        """kept: stretches, of STRETCH frames each, that stay unpacked."""
        self._length = len(frames)
        self._index = frames.select(list(GRID)).gather_every(STRETCH).rows()  # a row per member
        self._shards = ShardReader(root)
        self._unpacked = lru_cache(maxsize=kept)(self._unpack)

    def __enter__(self) -> "CellReader":
        self._shards.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._shards.__exit__()

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Cells]:
        return (self[frame] for frame in range(len(self)))

    def __getitem__(self, frame: int) -> Cells:
        if not 0 <= frame < self._length:
            raise IndexError(frame)
        member, at = divmod(frame, STRETCH)
        return self._unpacked(member)[at]

    def _unpack(self, member: int) -> list[Cells]:
        rows, columns, shard, offset, size, sha256 = self._index[member]
        grids = unpack(self._shards.read(shard, offset, size, sha256), rows, columns)
        grids.flags.writeable = False  # so that what is made of one may be kept
        return list(grids)


def pack(steps: npt.NDArray[np.uint8]) -> bytes:
    """Return steps from grid to grid (frames, rows, columns), the first from 0, as bytes; equal ones as equal bytes."""
    size = steps.size.to_bytes(8, "little")
    return size + pa.Codec("zstd", _LEVEL).compress(steps.data, asbytes=True)


def unpack(data: bytes, rows: int, columns: int) -> npt.NDArray[np.uint8]:
    """Return the grids (frames, rows, columns) whose steps `pack` was given."""
    size = int.from_bytes(data[:8], "little")
    steps = pa.Codec("zstd").decompress(data[8:], size, asbytes=True)
    grids = np.frombuffer(steps, np.uint8).reshape(-1, rows, columns).copy()
    for before, grid in pairwise(grids):  # a tenth of the time of a cumulative sum
        np.add(before, grid, out=grid)
    return grids
