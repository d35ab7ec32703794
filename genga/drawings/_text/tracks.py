"""Lines of text over stretches of frames, and grids compared without what they cover.

A line found in several looks (genga.drawings._text.scan) at one place is one stretch; the grids say at which frame
between two looks it came and went. Which of them are burnt in: genga.drawings._text.burnt_in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np

from genga.drawings.static_tiles import CHANGED, Mask
from genga.video.luma_grid import Cells, Grids, block_difference, difference_map

_BRIDGE = 12  # frames for which a line may be overlooked: what passes behind it hides its looks, not itself
_SAME_PLACE = 0.5  # intersection over union of two boxes of one line
_MARGIN = (0.5, 2)  # line heights, and cells, by which letters and their blur reach beyond the box of their strokes
STILL = 0.4  # s that text stands at least; the shortest subtitles stand for about 0.8 s
WHOLE = 0.6  # part of a line's columns of cells that change when it comes or goes; a mouth's change is shorter
TOGETHER = 2  # frames within which lines come or go as one, as in credits
FADE = 12  # frames that a line takes at most from half there to there, or gone
_FADES = 0.8  # luma levels, mean over its place, by which a line that fades goes on to do so from frame to frame
_AT_ONCE = 0.75  # part of a line that goes in one frame if it does not fade
_SOON, _AS_BEFORE = 24, 0.4  # frames in which an eye opens again, and part of its change by which it then differs
_EVEN = 3.0  # times that a step of a fade may be larger than the one before; a cut is more


@dataclass(frozen=True)
class Lettering:
    """A line of burnt-in text over the frames [start, end), in shares of the picture's width and height."""

    start: int
    end: int
    x0: float
    y0: float
    x1: float
    y1: float
    sure: bool = True  # whether it has as many strokes as only text has, in most looks
    votes: int = 0  # looks in which it has, less those in which it has not; 0: one look


@dataclass(frozen=True)
class MaskedGrid:
    """A grid, and the cells of it that text covers; None for none."""

    cells: Cells
    covered: Mask | None = None

    def copy(self) -> "MaskedGrid":
        """A copy that keeps nothing else in memory: a reader's grid is a view of a whole stretch of frames."""
        return MaskedGrid(self.cells.copy(), self.covered)


def difference(a: MaskedGrid, b: MaskedGrid) -> float:
    """Return the largest local difference of two grids where text covers neither, 0..255."""
    if a.covered is None and b.covered is None:
        return block_difference(a.cells, b.cells)
    apart = cv2.absdiff(a.cells, b.cells)
    for seen in (a, b):
        if seen.covered is not None:
            apart[seen.covered] = 0
    return float(cv2.boxFilter(apart, cv2.CV_32F, (2, 2)).max())


class MaskedGrids:
    """The grids of a video with what text covers in each."""

    def __init__(self, cells: Grids, found: Iterable[Lettering]) -> None:
        self._cells = cells
        self.instead: dict[int, Cells] = {}  # of frames that are to be seen otherwise than they are
        self._at: dict[int, list[Lettering]] = {}
        for line in found:
            for frame in range(line.start, line.end):
                self._at.setdefault(frame, []).append(line)
        self._masks: dict[tuple[Lettering, ...], Mask] = {}

    def __getitem__(self, frame: int) -> MaskedGrid:
        return MaskedGrid(self.instead.get(frame, self._cells[frame]), self.covered(frame))

    def covered(self, frame: int) -> Mask | None:
        """Return the cells of a frame that text covers, None for none."""
        lines = tuple(self._at.get(frame, ()))
        if lines and lines not in self._masks:
            self._masks[lines] = mask_of(lines, self._cells[frame].shape)
        return self._masks.get(lines)

    def lettered(self, frame: int) -> int:
        """How many lines of text there are in the frame."""
        return len(self._at.get(frame, ()))


def mask_of(lines: Iterable[Lettering], shape: tuple[int, ...]) -> Mask:
    """Return the cells of a grid of `shape` that the lines cover, with a margin for blur and long letters."""
    covered = np.zeros(shape, bool)
    for line in lines:
        x0, y0, x1, y1 = in_cells(line, shape)
        covered[y0:y1, x0:x1] = True
    return covered


def in_cells(line: Lettering, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return x0, y0, x1, y1 of a line with its margin in cells of a grid of `shape`, ends exclusive."""
    rows, columns = shape
    by = _MARGIN[0] * (line.y1 - line.y0) * rows + _MARGIN[1]
    x0, y0 = int(max(0, line.x0 * columns - by)), int(max(0, line.y0 * rows - by))
    return x0, y0, min(columns, int(np.ceil(line.x1 * columns + by))), min(rows, int(np.ceil(line.y1 * rows + by)))


def vicinity(line: Lettering, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the rows and columns of a line in a grid of `shape`, with as much around it as it is high."""
    x0, y0, x1, y1 = in_cells(line, shape)
    high = y1 - y0
    return slice(max(0, y0 - high), y1 + high), slice(max(0, x0 - high), x1 + high)


def stretches(looks: Sequence[tuple[int, list[Lettering]]], count: int, cells: Grids) -> list[Lettering]:
    """Return the lines of consecutive looks joined where they stand at one place, each with its first frame and end.

    looks: frame and lines found there, in order. count: frames of the video.
    """
    done: list[Lettering] = []
    standing: list[Lettering] = []
    for (before, _), (frame, lines) in pairwise([(0, []), *looks]):
        left = list(lines)
        go_on: list[Lettering] = []
        for old in standing:
            new = next((line for line in left if overlapping(old, line) >= _SAME_PLACE), None)
            if new is None:
                done.append(replace(old, end=turn(cells, old, before, frame)))
            else:
                left.remove(new)
                go_on.append(union(old, new))
        standing = go_on + [replace(line, start=turn(cells, line, before, frame)) for line in left]
    return sorted([*done, *(replace(line, end=count) for line in standing)], key=lambda line: (line.start, line.y0))


def turn(cells: Grids, line: Lettering, before: int, frame: int) -> int:
    """Return the first frame from which on the place of a line looks as at `frame` rather than as at `before`."""
    x0, y0, x1, y1 = in_cells(line, cells[frame].shape)
    old, new = (cells[k][y0:y1, x0:x1].astype(np.int16) for k in (before, frame))
    while frame > before + 1:
        place = cells[frame - 1][y0:y1, x0:x1]
        if np.abs(place - new).sum() >= np.abs(place - old).sum():
            break
        frame -= 1
    return frame


def returns(cells: Grids, line: Lettering, edge: int) -> bool:
    """Whether what a line's place changes to at its start or end soon is as it was: an eye that shuts, and no text."""
    x0, y0, x1, y1 = in_cells(line, cells[line.start].shape)
    if not 0 < edge < len(cells):
        return False
    before, after = (cells[frame][y0:y1, x0:x1].astype(np.int16) for frame in (edge - 1, edge))
    there = before if edge == line.end else after  # the line
    beyond = range(edge + 1, edge + _SOON) if edge == line.end else range(edge - 2, edge - 1 - _SOON, -1)
    change = float(np.abs(after - before).mean())
    return any(
        float(np.abs(cells[frame][y0:y1, x0:x1] - there).mean()) < _AS_BEFORE * change
        for frame in beyond if 0 <= frame < len(cells)
    )  # fmt: skip


def all_along(line: Lettering, changed: Mask, shape: tuple[int, ...]) -> float:
    """Return the part of a line's columns that change, more than 1 with its margin. changed: of its place, in_cells."""
    return int(changed.any(axis=0).sum()) / ((line.x1 - line.x0) * shape[1])


def holds(cells: Grids, line: Lettering, times: Sequence[float]) -> bool:
    """Whether the line stands for STILL s without changing as a whole: what a mouth speaks comes again and again."""
    shape = cells[line.start].shape
    x0, y0, x1, y1 = in_cells(line, shape)
    places = (cells[frame][y0:y1, x0:x1] for frame in range(line.start, line.end))
    steps = enumerate(pairwise(places), line.start + 1)
    changed = [k for k, (a, b) in steps if all_along(line, difference_map(a, b) > CHANGED, shape) >= WHOLE]
    edges = [line.start, *changed, min(line.end, len(times) - 1)]
    return any(times[after] - times[before] >= STILL for before, after in pairwise(edges))


def faded(line: Lettering, cells: Grids) -> Lettering:
    """Return the line from where it begins to fade in until it has faded out; as it is if it comes and goes at once.

    Its place goes on to look less as it does with the line, frame by frame away from it, until it is gone.
    """
    x0, y0, x1, y1 = in_cells(line, cells[line.start].shape)

    def end_of(edge: int, way: int) -> int:
        """The last frame from `edge` on, going `way`, in which there is some of the line."""
        there = cells[max(line.start, min(line.end - 1, edge - way * FADE))][y0:y1, x0:x1].astype(np.int16)
        apart = [float(np.abs(cells[edge][y0:y1, x0:x1] - there).mean())]
        while len(apart) <= FADE and 0 <= edge + way * len(apart) < len(cells):
            far = float(np.abs(cells[edge + way * len(apart)][y0:y1, x0:x1] - there).mean())
            step, before = far - apart[-1], apart[-1] - apart[max(0, len(apart) - 2)]
            if step < _FADES or (len(apart) > 1 and step > _EVEN * before):  # gone; or another picture
                break
            apart.append(far)
        whole = apart[-1] - apart[0]
        fades = len(apart) > 1 and apart[1] - apart[0] <= _AT_ONCE * whole
        return edge + way * (len(apart) - 2) if fades else edge

    first, last = end_of(line.start, -1), end_of(line.end - 1, 1)
    return replace(line, start=first, end=last + 1)


def bridged(lines: Sequence[Lettering]) -> list[Lettering]:
    """Return the lines with those joined that stand at one place and are at most _BRIDGE frames apart."""
    joined: list[Lettering] = []
    for line in lines:
        near = [k for k, old in enumerate(joined)
                if line.start - old.end <= _BRIDGE and overlapping(old, line) >= _SAME_PLACE]  # fmt: skip
        if near:
            joined[near[-1]] = union(joined[near[-1]], line)
        else:
            joined.append(line)
    return joined


def overlapping(a: Lettering, b: Lettering) -> float:
    """Return the intersection over union of the boxes of two lines."""
    width, height = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
    shared = max(0.0, width) * max(0.0, height)
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
    )  # fmt: skip
