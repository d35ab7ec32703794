"""Burnt-in text over stretches of frames, and grids compared without what it covers.

Which lines there are: genga.drawings._text.burnt_in, by what genga.drawings._text.stretches says of them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property

import cv2
import numpy as np

from genga.drawings.static_tiles import CHANGED, Mask
from genga.images.boxes import Box
from genga.video.luma_grid import BLOCK_CELLS, Cells, Grids, block_difference, summed

Margin = tuple[float, float]  # line heights, and cells

_MARGIN: Margin = (0.5, 2)  # by which letters and their blur reach beyond the box of their strokes,
LETTERS: Margin = (0, 1)  # and by which what is sung along to does that changes colour in a line which stands
_TRACE = 4  # luma levels by which letters, or their blur, change a cell at least,
_NOISE = 4.0  # and times what noise does to most,
_NEAR = np.ones((3, 3), np.uint8)  # but for the next ones
FADE = 12  # frames that a line takes at most from half there to there, or gone
TOGETHER = 2  # frames within which lines come or go as one, as in credits
WHOLE = 0.6  # part of a line's columns of cells that change when it comes or goes; a mouth's change is shorter


@dataclass(frozen=True)
class Lettering:
    """A line of burnt-in text over the frames [start, end), in shares of the picture's width and height."""

    start: int
    end: int
    x0: float
    y0: float
    x1: float
    y1: float
    sure: bool = True  # whether it surely looks like text, in most looks
    votes: int = 0  # looks in which it has, less those in which it has not; 0: one look
    seen: tuple[int, int] = (0, 0)  # the first and the last look that found it: in a fade it is there before
    looks: int = 1  # in how many it was found
    again: float = 1.0  # correlation of its letters in its first look with what lay at its place in the look before
    moves: bool = False  # whether its letters lay elsewhere in some look than in the one before


@dataclass(frozen=True)
class Covering:
    """A line of text, and the cells of a grid that it covers."""

    line: Lettering
    cells: Mask

    @cached_property
    def place(self) -> tuple[slice, slice]:
        """The rows and columns of its letters."""
        x0, y0, x1, y1 = in_cells(self.line, self.cells.shape, LETTERS)
        return slice(y0, y1), slice(x0, x1)

    @cached_property
    def letters(self) -> Mask:
        """What it covers of its letters alone."""
        letters = np.zeros_like(self.cells)
        letters[self.place] = self.cells[self.place]
        return letters

    def standing(self, apart: Cells, least: Callable[[], float]) -> Mask:
        """Return what it covers of two grids in both of which it stands, by how they are apart. least: its trace."""
        some, shape = apart[self.place], apart.shape
        low = all_along(self.line, some > min(CHANGED, _TRACE), shape) >= WHOLE  # else nobody needs the median of all
        fades = low and all_along(self.line, some > min(CHANGED, least()), shape) >= WHOLE
        return self.cells if fades else self.letters  # around one that stands as it is nothing of it could differ


@dataclass(frozen=True)
class MaskedGrid:
    """A grid, and the cells of it that text covers; None for none."""

    cells: Cells
    covered: Mask | None = None
    lines: tuple[Covering, ...] = ()  # what covers them, if that is known

    def copy(self) -> "MaskedGrid":
        """A copy that keeps nothing else in memory: a reader's grid is a view of a whole stretch of frames."""
        return MaskedGrid(self.cells.copy(), self.covered, self.lines)


def difference(a: MaskedGrid, b: MaskedGrid) -> float:
    """Return the largest local difference of two grids where text covers neither, 0..255."""
    if a.covered is None and b.covered is None:
        return block_difference(a.cells, b.cells)
    apart: Cells = np.asarray(cv2.absdiff(a.cells, b.cells), np.uint8)
    least = cache(lambda: trace(apart))  # once for all lines
    both = {id(line) for line in a.lines} & {id(line) for line in b.lines}
    covered = [grid.covered for grid in (a, b) if grid.covered is not None and not grid.lines]
    covered += [line.cells for line in (*a.lines, *b.lines) if id(line) not in both]
    covered += [line.standing(apart, least) for line in a.lines if id(line) in both]
    for mask in covered:
        apart[mask] = 0
    return int(summed(apart).max()) / BLOCK_CELLS


class MaskedGrids:
    """The grids of a video with what text covers in each."""

    def __init__(self, cells: Grids, found: Iterable[Lettering]) -> None:
        self._cells = cells
        self.instead: dict[int, Cells] = {}  # of frames that are to be seen otherwise than they are
        self._at: dict[int, list[Lettering]] = {}
        for line in found:
            for frame in range(line.start, line.end):
                self._at.setdefault(frame, []).append(line)
        self._covering = cache(lambda line: Covering(line, self._footprint(line)))
        self._over: dict[tuple[Lettering, ...] | int, tuple[Mask, tuple[Covering, ...]]] = {}  # of lines, and by frame

    def __getitem__(self, frame: int) -> MaskedGrid:
        return MaskedGrid(self.instead.get(frame, self._cells[frame]), *self._covers(frame))

    def covered(self, frame: int) -> Mask | None:
        """Return the cells of a frame that text covers, None for none."""
        return self._covers(frame)[0]

    def _covers(self, frame: int) -> tuple[Mask | None, tuple[Covering, ...]]:
        """What text covers in a frame, and the lines that do."""
        if frame not in self._at:
            return None, ()
        if frame not in self._over:
            lines = tuple(self._at[frame])  # which are many frames' own, and take longer to be looked up
            if lines not in self._over:
                over = tuple(map(self._covering, lines))
                self._over[lines] = np.logical_or.reduce([one.cells for one in over]), over
            self._over[frame] = self._over[lines]
        return self._over[frame]

    def lettered(self, frame: int) -> int:
        """How many lines of text there are in the frame."""
        return len(self._at.get(frame, ()))

    def _footprint(self, line: Lettering) -> Mask:
        """The cells that a line covers: those that change where it comes and where it goes, or its box and a margin."""
        covered = mask_of([line], self._cells[line.start].shape)
        x0, y0, x1, y1 = in_cells(line, covered.shape)
        for edge in (line.start, line.end):
            if not 0 < edge < len(self._cells):
                continue
            others = [other for other in self._at.get(edge - 1 if edge == line.start else edge, []) if other != line]
            beside = step_to(self._cells, min(edge + 1, len(self._cells) - 1) if edge == line.start else edge - 1)
            fades = turning(line, beside, trace(beside)) >= WHOLE
            for around in (FADE,) if fades else (0, FADE):
                apart = step_to(self._cells, edge, around)
                if turning(line, apart) >= WHOLE and trace(apart) <= CHANGED:  # and the rest of the picture stays
                    changed = np.asarray(apart > trace(apart), np.uint8)
                    letters = mask_of(others, covered.shape)  # where these come or go instead, nothing can be told
                    letters[y0:y1, x0:x1] |= cv2.dilate(changed[y0:y1, x0:x1], _NEAR) > 0
                    covered &= letters
                    break
        return covered


def step_to(cells: Grids, frame: int, around: int = 0) -> Cells:
    """Return by how much each cell is another at a frame than in the one before, or over so many frames around these.

    At either end of the video as far as there are frames: 0 of the first one.
    """
    before, after = max(0, frame - 1 - around), min(len(cells) - 1, frame + around)
    return np.asarray(cv2.absdiff(cells[before], cells[after]), np.uint8)


def trace(apart: Cells) -> float:
    """Return from how many levels on letters change a cell where two grids are `apart`, of most cells by noise."""
    calm = 2 * np.count_nonzero(apart <= _TRACE / _NOISE) > apart.size  # which takes a tenth of the median's time
    return _TRACE if calm else max(_TRACE, _NOISE * float(np.median(apart)))


def turning(line: Lettering, apart: Cells, level: float = CHANGED) -> float:
    """Return which part of a line's length changes, by how much each cell of a grid does. level: from which it does."""
    x0, y0, x1, y1 = in_cells(line, apart.shape, LETTERS)
    return all_along(line, apart[y0:y1, x0:x1] > level, apart.shape)


def mask_of(lines: Iterable[Lettering], shape: tuple[int, ...]) -> Mask:
    """Return the cells of a grid of `shape` that the lines cover, with a margin for blur and long letters."""
    covered = np.zeros(shape, bool)
    for line in lines:
        x0, y0, x1, y1 = in_cells(line, shape)
        covered[y0:y1, x0:x1] = True
    return covered


def in_cells(line: Lettering, shape: tuple[int, ...], margin: Margin = _MARGIN) -> Box:
    """Return x0, y0, x1, y1 of a line with its margin in cells of a grid of `shape`, ends exclusive."""
    rows, columns = shape
    by = margin[0] * min((line.y1 - line.y0) * rows, (line.x1 - line.x0) * columns) + margin[1]
    x0, y0 = int(max(0, line.x0 * columns - by)), int(max(0, line.y0 * rows - by))
    return x0, y0, min(columns, int(np.ceil(line.x1 * columns + by))), min(rows, int(np.ceil(line.y1 * rows + by)))


def is_upright(line: Lettering, shape: tuple[int, ...]) -> bool:
    """Whether a line is written from top to bottom, over a grid of `shape`."""
    return (line.y1 - line.y0) * shape[0] > (line.x1 - line.x0) * shape[1]


def vicinity(line: Lettering, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the rows and columns of a line in a grid of `shape`, with as much around it as it is high, or wide."""
    x0, y0, x1, y1 = in_cells(line, shape)
    by = min(y1 - y0, x1 - x0)
    return slice(max(0, y0 - by), y1 + by), slice(max(0, x0 - by), x1 + by)


def all_along(line: Lettering, changed: Mask, shape: tuple[int, ...]) -> float:
    """Return the part of a line's columns that change, or rows of an upright one, more than 1 with its margin.

    changed: of its place, in_cells.
    """
    upright = is_upright(line, shape)
    length = (line.y1 - line.y0) * shape[0] if upright else (line.x1 - line.x0) * shape[1]
    return np.count_nonzero(changed.any(axis=int(upright))) / length


def overlapping(a: Lettering, b: Lettering) -> float:
    """Return the intersection over union of the boxes of two lines."""
    shared = max(0.0, min(a.x1, b.x1) - max(a.x0, b.x0)) * max(0.0, min(a.y1, b.y1) - max(a.y0, b.y0))
    return shared / ((a.x1 - a.x0) * (a.y1 - a.y0) + (b.x1 - b.x0) * (b.y1 - b.y0) - shared)


def beneath(a: Lettering, b: Lettering) -> bool:
    """Whether two lines come or go as one and are about as long there, and one stands right below the other."""
    near, far = sorted((abs(a.start - b.start), abs(a.end - b.end)))
    apart, high = max(a.y0, b.y0) - min(a.y1, b.y1), b.y1 - b.y0
    return near <= TOGETHER and far <= FADE and min(a.x1, b.x1) > max(a.x0, b.x0) and abs(apart - high / 2) <= high


def union(a: Lettering, b: Lettering) -> Lettering:
    """Return one line over the frames and boxes of both."""
    votes = sum(line.votes or (1 if line.sure else -1) for line in (a, b))
    return Lettering(
        min(a.start, b.start), max(a.end, b.end),
        min(a.x0, b.x0), min(a.y0, b.y0), max(a.x1, b.x1), max(a.y1, b.y1), votes >= 0, votes,
        (min(a.seen[0], b.seen[0]), max(a.seen[1], b.seen[1])), a.looks + b.looks, a.again, a.moves or b.moves,
    )  # fmt: skip
