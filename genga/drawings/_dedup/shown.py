"""What of the picture two grids show, within its bars and not under burnt-in text, and what a motion leaves of it.

Letters that stand in both are left out of what the picture is moved by. But what neither a motion nor standing still
explains of them is what comes out between them: a mouth that speaks behind its words.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from genga.drawings._text.tracks import WHOLE, Covering, MaskedGrid, all_along
from genga.drawings.alignment import UNLIKE, Motion, laid, largest, left, motion_between, smoothed
from genga.drawings.static_tiles import CHANGED, Field, Mask
from genga.video.luma_grid import Cells, Levels

_BLOCK = (2, 2)  # cells
_SPECKS = np.ones((3, 3), np.uint8)
_MIXED = np.ones((5, 5), np.uint8)  # cells around what stands still that smoothing mixes with it
_AS_MUCH = 0.5  # part of what changes most at a line, by which all of one does that fades


class Rest(NamedTuple):
    """What moving the whole picture leaves of a step, as the largest local difference, 0..255, of a block of cells.

    Of what is larger than a block it is up to 2.4 times the difference.
    """

    clear: float
    beside: float | None = None  # at what stands still over the picture, where what comes out was hidden; None: nothing
    there: float | None = None  # of what stands still all through the video, where it is; None: nothing does
    behind: float | None = None  # at letters of a line that stands in both, what comes out between them; None: no line


def shown_in_both(a: MaskedGrid, b: MaskedGrid, live: Mask | None = None, close: bool = False) -> Cells:
    """Return 1 for each cell that shows the picture in both grids.

    live: cells that do, None for all. close: up to the letters of lines that stand in both, without the margin for what
    comes and goes with them: a mouth may speak right below its words.
    """
    counts = np.ones_like(a.cells) if live is None else live.astype(np.uint8)
    for grid, other in ((a, b), (b, a)):
        stays = {id(line) for line in other.lines if close}
        for line in grid.lines:
            counts[line.letters if id(line) in stays else line.cells] = 0
        if grid.covered is not None and not grid.lines:
            counts[grid.covered] = 0
    return counts


def change(a: MaskedGrid, b: MaskedGrid) -> Levels:
    """Return the mean difference of each block of two grids where text covers neither, (rows, columns), 0..255."""
    return np.asarray(cv2.boxFilter(cv2.absdiff(a.cells, b.cells) * shown_in_both(a, b), cv2.CV_32F, _BLOCK))


def moved_as_one(a: MaskedGrid, b: MaskedGrid, live: Mask | None, over: Mask | None = None) -> Rest:
    """Return what moving the whole picture leaves, and behind its text.

    live: see `shown_in_both`. over: cells that always stand still over it, None for none.
    """
    counts = shown_in_both(a, b, live, close=True)
    moving = counts if over is None else counts & (cv2.dilate(over.astype(np.uint8), _MIXED) == 0)
    motion = motion_between(a.cells, b.cells, moving)
    return Rest(UNLIKE) if motion is None else left_by(a, b, counts, motion, over, over)


def left_by(
    a: MaskedGrid, b: MaskedGrid, counts: Cells, motion: Motion, stands: Mask | None = None, over: Mask | None = None
) -> Rest:
    """What of two grids a motion leaves. stands: cells that stand still over them; over: those that always do."""
    known = left(a.cells, b.cells, counts, motion)
    if known is None:
        return Rest(UNLIKE)
    apart, (there, here) = known
    lines = [line for line in a.lines if any(line is other for other in b.lines)]
    behind = left_behind(a.cells, b.cells, counts, motion, lines) if lines else None
    if stands is None:
        return Rest(largest(apart), behind=behind)
    free = (~stands).astype(np.uint8)
    near = cv2.erode(laid(free, there, True) & laid(free, here, True), _MIXED, borderValue=1) == 0
    either = np.where(near, np.minimum(apart, cv2.absdiff(smoothed(a.cells), smoothed(b.cells))), 0)
    apart[near] = 0
    if over is None:
        return Rest(largest(apart), largest(either), behind=behind)
    own = cv2.erode(over.astype(np.uint8), _SPECKS) > 0  # not at its edges, where the picture shines through
    return Rest(largest(apart), largest(np.where(own, 0, either)), largest(np.where(own, either, 0)), behind)


def left_behind(a: Cells, b: Cells, counts: Cells, motion: Motion, lines: Sequence[Covering]) -> float | None:
    """What neither a motion nor standing still explains of two grids at the letters of lines that stand in both.

    A mouth that speaks between them comes out there. None if all are others themselves: they fade, or change colour.
    """
    letters = np.logical_or.reduce([line.letters for line in lines])
    known = left(a, b, counts | letters, motion)
    if known is None:
        return None
    either = np.minimum(known[0], cv2.absdiff(smoothed(a), smoothed(b)))
    still = [line for line in lines if not _itself(line, either[line.place], a.shape)]
    if not still:
        return None
    return largest(np.where(np.logical_or.reduce([line.letters for line in still]), either, 0))


def _itself(line: Covering, apart: Field, shape: tuple[int, ...]) -> bool:
    """Whether a line is another all along, about as much as anywhere: it fades. Of a mouth it is a part of it."""
    level = max(CHANGED, _AS_MUCH * float(apart.max()))
    return all_along(line.line, apart > level, shape) >= WHOLE
