"""Measure every frame of a video in one decode pass.

For each frame: its time, how much it differs from the frame before, how bright and how sharp it is, a signature by
which the drawing can be found again, and its cell grid (genga.video.luma_grid), by which later stages compare any two
frames without decoding again. Where the picture changed, burnt-in text is looked for (genga.drawings._text.scan).

Signature: 256-bit perceptual hash (imagehash's `phash`, Zauner 2010, "Implementation and Benchmarking of Perceptual
Image Hash Functions") of the grid. Sharpness: Brenner gradient, the mean square difference of luma two pixels apart
(Brenner et al. 1976, "An automated microscope for cytologic research"), along the line only, on every fourth line, or
every eighth of pictures so large that this leaves as many.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import cache
from itertools import islice, pairwise
from math import floor
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import polars as pl

from genga.drawings._text.scan import Lookout
from genga.images.image import Luma
from genga.jobs.script import ahead, at_once
from genga.params.frames import Params
from genga.tables.frames import FRAMES, GRID
from genga.video.decode import Decoded, luma
from genga.video.gate_weave import Steady
from genga.video.grid_store import CellWriter
from genga.video.luma_grid import BLOCK_CELLS, Cells, apart, block_sums, cells_of, grid_size, tones

Row = dict[str, Any]  # of FRAMES
Values = npt.NDArray[np.float64]

_TOGETHER = 64  # frames described at once
_COUNTED = 8  # grids whose coefficients are found at once
_BURST = 8  # frames measured at once,
_HELD = 1 << 24  # and px that they have at most: eight pictures of 1080 lines
_ROWS = 2048  # rows made into a table at once: as Python's objects they take ten times the memory
_HASH_SIDE = 16  # the signature has this many bits squared
_HASH_PICTURE = 64  # px, side of the picture that the hash is taken of
_LOBES = 3  # of the Lanczos filter that makes it
# Coefficients are sums of whole numbers under 2^53, which BLAS may add up in any order, by any number of threads. As
# powers of two, the units of: the first matrix, what its product is cut at, the second and what that leaves.
_DOWN, _CUT, _ACROSS, _REST = 2.0**-38, 2.0**-12, 2.0**-20, 2.0**-35
_LEVEL = 2.0**-14  # of a coefficient; what was rounded away lies below
_LINE_STEP = 4  # sharpness looks at every fourth line,
_ENOUGH = 120  # and at every eighth where these are so many


def frames(
    decoded: Iterable[Decoded], store: CellWriter, params: Params, weave: bool = False, threads: int = 1
) -> pl.DataFrame:
    """Return a row per frame (FRAMES), writing each frame's cells to `store`.

    decoded: in order. Every grid has the size of the first frame's, also after a change of resolution. weave: hold the
    picture still that weaves with its film (genga.video.gate_weave). threads: more than one, and the next frames are
    decoded meanwhile.
    """
    schema = {name: kind for name, kind in FRAMES.items() if name not in GRID}
    parts, together = [pl.DataFrame(schema=schema)], bursts(decoded)
    with closing(ahead(together) if at_once(threads) > 1 else together) as coming:
        rows = measured(coming, store, params, weave)
        while some := list(islice(rows, _ROWS)):
            parts.append(pl.DataFrame(some, schema=schema))
    store.close()
    return pl.concat([pl.concat(parts), pl.DataFrame(store.index, schema=GRID)], how="horizontal")


def measured(together: Iterable[Sequence[Decoded]], store: CellWriter, params: Params, weave: bool) -> Iterator[Row]:
    """Yield each frame's row (FRAMES, but for GRID), adding its cells to `store`."""
    found = looked_at(together, params, Steady() if weave else None)
    before: Cells | None = None
    while some := list(islice(found, _TOGETHER)):
        grids = [cells for _, cells in some]
        known = [grids[0] if before is None else before, *grids]
        for (row, cells), more in zip(some, described(known), strict=True):
            store.add(cells)
            yield row | more
        before = grids[-1]


def looked_at(
    together: Iterable[Sequence[Decoded]], params: Params, steady: Steady | None
) -> Iterator[tuple[Row, Cells]]:
    """Yield what of each frame's row needs its picture, and its cells. steady: where film weaves."""
    lookout = Lookout(params.lettering, params.changed)
    limit = floor(params.changed * BLOCK_CELLS)  # sums are whole numbers, which are compared in a third of the time
    grid: tuple[int, int] | None = None
    before: Cells | None = None
    for burst in together:
        planes = [luma(item.frame) for item in burst]
        grid = grid or grid_size(planes[0][0].shape[1], planes[0][0].shape[0], params.lines)
        sharp, grids = [], [] if before is None else [before]
        for plane, bits in planes:
            sharp.append(sharpness(plane, bits))
            grids.append((steady.cells if steady else cells_of)(plane, bits, grid))
        pairs = pairwise(grids if before is not None else [grids[0], *grids])
        for item, (plane, bits), brenner, (last, cells) in zip(burst, planes, sharp, pairs, strict=True):
            local = block_sums(last, cells)
            changed = local > limit
            row = {
                "frame": item.number,
                "time": item.time,
                "keyframe": item.keyframe,
                "change": int(local.max()) / BLOCK_CELLS,
                "spread": np.count_nonzero(changed) / changed.size,
                "sharpness": brenner,
                "lettering": lookout.look(plane, bits, cells, changed),
            }
            yield row, cells
        before = grids[-1]


def bursts(decoded: Iterable[Decoded]) -> Generator[list[Decoded]]:
    """Yield the frames of a video, some at a time, which are measured on end.

    Decoding takes the processor's caches for itself, and what is done between two frames takes half as long again.
    """
    coming = iter(decoded)
    for first in coming:
        more = _HELD // (first.frame.width * first.frame.height) - 1
        yield [first, *islice(coming, max(0, min(more, _BURST - 1)))]


def described(grids: Sequence[Cells]) -> Iterator[Row]:
    """Yield tone, luma, contrast and signature (see FRAMES) of each grid but the first, which is the one before.

    Several at once, and each by itself for all of them, take half the time: what it needs is in the caches then.
    """
    own_grids = grids[1:]
    values = np.empty((_COUNTED, *grids[0].shape))  # one array for all: making one takes longer than filling it
    lowest = np.empty((len(own_grids), _HASH_SIDE, _HASH_SIDE))
    for start in range(0, len(own_grids), _COUNTED):
        some = own_grids[start : start + _COUNTED]
        for value, cells in zip(values, some, strict=False):
            value[:] = cells
        lowest[start : start + _COUNTED] = coefficients(values[: len(some)])
    own = [tones(cells) for cells in grids]
    levels = [cv2.meanStdDev(cells) for cells in own_grids]
    for (mean, deviation), bits, pair in zip(levels, hashes(lowest), pairwise(own), strict=True):
        yield {
            "tone": apart(*pair),
            "luma": float(mean[0, 0]),
            "contrast": float(deviation[0, 0]),
            "signature": bits,
        }


def sharpness(plane: Luma, bits: int) -> float:
    """Return the Brenner gradient of a luma plane (height, width), in 8-bit code values squared; 0 if too narrow."""
    step = 2 * _LINE_STEP if plane.shape[0] >= 2 * _LINE_STEP * _ENOUGH else _LINE_STEP
    some: Luma = plane[::step].copy()  # compared in two thirds of the time
    if some.shape[1] < 3:
        return 0.0
    total = round(cv2.norm(some[:, 2:], some[:, :-2], cv2.NORM_L2SQR))  # a sum of squares of whole numbers
    return total / some[:, 2:].size / 4 ** (bits - 8)


def signature(cells: Cells | Values) -> bytes:
    """Return the 256 bits of the perceptual hash of a grid (rows, columns), as 32 bytes.

    As imagehash's phash with 16 x 16 bits, but for a few bits: the picture made smaller is not rounded to whole levels,
    so that making it smaller and its lowest coefficients are one product of matrices. Where imagehash compares
    rounding errors (a picture of one tone) they count as equal here.
    """
    (bits,) = hashes(coefficients(cells.astype(np.float64, copy=False)[None]))
    return bits


def coefficients(cells: Values) -> Values:
    """Return the lowest cosine coefficients, (grids, 16, 16), of grids (grids, rows, columns) made 64 px long and high.

    cells: whole numbers, 0..255. The product of three matrices, in pieces that are exact (as Ozaki et al. 2012,
    "Error-free transformations of matrix multiplication by using fast routines of matrix multiplication").
    """
    down, across, rest = _matrices(*cells.shape[1:])
    lower = down @ cells
    upper = lower * (_DOWN / _CUT)
    np.rint(upper, out=upper)
    most, more = upper @ across, upper @ rest
    upper *= _CUT / _DOWN
    lower -= upper
    found = most * (_CUT * _ACROSS) + (more * (_CUT * _REST) + (lower @ across) * (_DOWN * _ACROSS))
    return np.rint(found / _LEVEL) * _LEVEL


def hashes(lowest: Values) -> list[bytes]:
    """Return for each grid's coefficients, (grids, 16, 16), which are larger than its median, as 32 bytes."""
    values = lowest.reshape(len(lowest), -1)
    middle = values.shape[1] // 2
    ordered = np.partition(values, (middle - 1, middle), axis=1)
    larger = values > (ordered[:, middle - 1, None] + ordered[:, middle, None]) / 2
    return [row.tobytes() for row in np.packbits(larger, axis=1)]


@cache
def _matrices(rows: int, columns: int) -> tuple[Values, Values, Values]:
    """(16, rows) in units of _DOWN, and twice (columns, 16): in units of _ACROSS, and what that leaves in _REST's."""
    across = _coefficients(columns).T
    upper = np.rint(across / _ACROSS)
    lower = np.rint((across - upper * _ACROSS) / _REST)
    return np.rint(_coefficients(rows) / _DOWN), upper, lower


def _coefficients(side: int) -> Values:
    """(16, side): what makes a side 64 px long, as Pillow does it, and takes its lowest cosine coefficients."""
    scale = side / _HASH_PICTURE
    reach = max(scale, 1.0)  # of the filter, px: it is as wide as three px of the smaller picture on either hand
    middles = (np.arange(_HASH_PICTURE) + 0.5) * scale
    away = (np.arange(side) + 0.5 - middles[:, None]) / reach
    weights = np.where(np.abs(away) < _LOBES, np.sinc(away) * np.sinc(away / _LOBES), 0.0)
    smaller = weights / weights.sum(axis=1, keepdims=True)
    waves = np.cos(np.pi / _HASH_PICTURE * np.outer(np.arange(_HASH_SIDE), np.arange(_HASH_PICTURE) + 0.5))
    found: Values = (waves[:, :, None] * smaller).sum(axis=1)
    return found


def in_words(table: pl.DataFrame) -> str:
    """Return how many frames there are, and how many differ from the one before."""
    return (
        f"{len(table)} frames, {table['keyframe'].sum()} keyframes, "
        f"{table['change'].gt(0).sum()} differ from the frame before"
    )
