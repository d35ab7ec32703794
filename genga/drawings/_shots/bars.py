"""Bars that a picture has for a while: of a part of a video that is put together of others, of some of its shots.

Those of a whole video are told by what never changes (genga.drawings.static_tiles). These are told in two frames by
themselves: rows, or columns, of one tone from both edges inwards, which end in a straight line in one of them, and are
as plain in the other. A sky or a wall of one tone is none: what stands before it seldom ends in a line all across.
"""

import numpy as np
import numpy.typing as npt

from genga.drawings.static_tiles import Mask
from genga.video.luma_grid import Cells, kept

_SAME, _PLAIN = 4, 0.98  # levels up to which a cell has the tone of a bar, and part of a row that does
_OTHER, _ALONG = 8, 0.6  # levels by which the picture differs from it, and part of a row in which it does,
_EDGE = 2  # cells within its edge
_LEAST = 3  # cells that a bar is high at least


def beside_bars(a: Cells, b: Cells) -> Mask | None:
    """Return the cells that show the picture in two grids, without those at its bars; None if they share none."""
    if not (_may_have(a) or _may_have(b)):
        return None
    shown = np.ones(a.shape, bool)
    for way, (first, second, mask) in enumerate(((a, b, shown), (a.T, b.T, shown.T))):
        for one, other in ((a, second), (b, first))[: 1 + (a is not b)]:
            bars = _bars(one, way)
            if bars is not None and _of_one_tone(other, *bars):
                mask[: bars[0] + _EDGE] = False
                mask[bars[1] - _EDGE :] = False
    return None if shown.all() else shown


@kept(8)
def _bars(grid: Cells, way: int) -> tuple[int, int, int] | None:
    """The rows [first, end) of a picture between bars above and below, and the tone of these; None if none are.

    way: 1 for columns, between bars on the left and on the right.
    """
    if not _may_have(grid):
        return None
    grid = grid.T if way else grid
    tone = int(np.median(grid[0]))
    if not _plain(grid[[0, -1]], tone).all():
        return None
    rows = np.flatnonzero(~_plain(grid, tone))
    if not len(rows) or min(rows[0], len(grid) - 1 - rows[-1]) < _LEAST or rows[-1] - rows[0] < 4 * _EDGE:
        return None
    inside = np.abs(grid[[rows[0] + _EDGE, rows[-1] - _EDGE]].astype(np.int16) - tone) > _OTHER
    return (int(rows[0]), int(rows[-1]) + 1, tone) if inside.mean(axis=1).min() >= _ALONG else None


def _may_have(grid: Cells) -> bool:
    """Whether the corners are of one tone, as those of bars are, wherever these lie: soon asked of all frames."""
    corners = [grid.item(row, column) for row in (0, -1) for column in (0, -1)]
    return bool(max(corners) - min(corners) <= 2 * _SAME)


def _of_one_tone(grid: Cells, first: int, end: int, tone: int) -> bool:
    """Whether a grid, too, has that tone before the row `first` and from `end` on."""
    return bool(_plain(grid[:first], tone).all() and _plain(grid[end:], tone).all())


def _plain(rows: Cells, tone: int) -> npt.NDArray[np.bool_]:
    """Which of the rows (n, columns) are of one tone."""
    return np.asarray((np.abs(rows.astype(np.int16) - tone) <= _SAME).mean(axis=1) >= _PLAIN)
