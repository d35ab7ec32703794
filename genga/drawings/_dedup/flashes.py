"""Flashes: a few frames of nothing but light, or of a drawing drowned in it, which are no drawings of their own.

A flash is brighter than what is before and after it, and either without contrast (a white-out) or a neighbouring
drawing with its light turned up: its luma is that of the drawing times a positive gain, plus a constant, up to where
white begins. A negative (an impact frame) has a negative gain, and other drawings have none that fits: those stay.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from genga.drawings._dedup.holds import Run
from genga.drawings._text.tracks import MaskedGrids, difference
from genga.video.luma_grid import Cells

_FLAT = 6.0  # standard deviation of luma under which a picture is without contrast
_BRIGHTER = 12.0  # levels of mean luma by which a flash is brighter than its neighbours at least
_GAIN = (0.02, 0.9)  # of contrast, in light turned up; at 1 nothing is
_FEWEST = 0.05  # part of the cells below white from which gain and constant are taken


def flashes(found: Sequence[Run], seen: MaskedGrids, longest: int, thresholds: dict[int, float]) -> set[int]:
    """Return the positions of the runs that are flashes: of at most `longest` frames, one after the other included.

    found: the runs of a video in order. thresholds: for each shot, the block difference that light may leave.
    """
    flash: set[int] = set()
    for k, run in enumerate(found):
        if run.travel or len(run.frames) > longest or k in flash:
            continue
        picture = seen[run.frames[0]]
        around = neighbours(found, k, longest, flash)
        if not around:
            continue
        others = [seen[frame] for frame in around]
        if any(picture.cells.mean() < other.cells.mean() + _BRIGHTER for other in others):
            continue
        lit = (replace(picture, cells=up) for up in (turned_up(other.cells, picture.cells) for other in others)
               if up is not None)  # fmt: skip
        if picture.cells.std() < _FLAT or any(difference(up, picture) <= thresholds[run.shot] for up in lit):
            flash.add(k)
    return flash


def neighbours(found: Sequence[Run], k: int, longest: int, flash: Collection[int]) -> list[int]:
    """Return the last frame before run k that is no flash, and the first one after it that cannot be of the flash.

    Left out is one more than `longest` frames away: light that changes slowly is drawn.
    """
    near = []
    before = next((other for other in range(k - 1, -1, -1) if other not in flash), None)
    if before is not None and found[k].frames[0] - found[before].frames[-1] <= longest:
        near.append(found[before].frames[-1])
    length = len(found[k].frames)
    for run in found[k + 1 :]:
        length += len(run.frames)
        if length > longest:
            near.append(run.frames[0])
            break
    return near


def turned_up(drawing: Cells, picture: Cells) -> Cells | None:
    """Return `drawing` with the light that explains `picture` best (least squares), None if that is no light."""
    top = float(picture.max())
    below = picture < top - 2
    if below.mean() < _FEWEST or drawing[below].std() < 1:
        return None
    gain, plus = _line(drawing[below].astype(np.int64), picture[below].astype(np.int64))
    if not (_GAIN[0] <= gain <= _GAIN[1] and plus > 0):
        return None
    return (gain * drawing + plus).clip(0, top).round().astype(np.uint8)


def _line(x: npt.NDArray[np.int64], y: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Return a and b of the line y = a x + b nearest to whole numbers (n,), by least squares; x of two values at least.

    Sums of whole numbers, divided once: BLAS and LAPACK, with which numpy fits, add up in an order of their own.
    """
    sx, sy, sxx, sxy = int(x.sum()), int(y.sum()), int((x * x).sum()), int((x * y).sum())
    spread = len(x) * sxx - sx * sx
    return (len(x) * sxy - sx * sy) / spread, (sy * sxx - sx * sxy) / spread
