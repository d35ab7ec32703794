"""Lines of text over stretches of frames: when they come and go, and what of them tells text from what is drawn.

A line found in several looks (genga.drawings._text.scan) at one place is one stretch; the grids say at which frame
between two looks it came and went. Which of them are burnt in: genga.drawings._text.burnt_in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from genga.drawings._text.strokes import AGAIN, goes_on, timed
from genga.drawings._text.tracks import (
    FADE,
    WHOLE,
    Lettering,
    all_along,
    in_cells,
    is_upright,
    overlapping,
    union,
)
from genga.drawings.static_tiles import CHANGED
from genga.video.luma_grid import Grids, difference_map

_BRIDGE = 12  # frames for which a line may be overlooked: what passes behind it hides its looks, not itself
_SAME_PLACE = 0.5  # intersection over union of two boxes of one line
STILL = 0.4  # s that text stands at least; the shortest subtitles stand for about 0.8 s
_FADES = 0.8  # luma levels, mean over its place, by which a line that fades goes on to do so from frame to frame
_AT_ONCE = 0.75  # part of a line that goes in one frame if it does not fade
_SOON, _AS_BEFORE = 24, 0.4  # frames in which an eye opens again, and part of its change by which it then differs
_EVEN = 3.0  # times that a step of a fade may be larger than the one before; a cut is more


@dataclass(frozen=True)
class Standing:
    """A line that looks found up to now."""

    line: Lettering
    since: int  # the look before the first that did
    last: Lettering  # what the last one found


def stretches(looks: Sequence[tuple[int, list[Lettering]]], count: int, cells: Grids) -> list[Lettering]:
    """Return the lines of consecutive looks joined where they stand at one place, each with its first frame and end.

    looks: frame and lines found there, in order. count: frames of the video.
    """
    done: list[tuple[Lettering, tuple[int, int]]] = []
    standing: list[Standing] = []
    for (before, _), (frame, lines) in pairwise([(0, []), *looks]):
        on: list[Standing] = []
        for new in lines:
            old = next((one for one in standing if is_one(cells, one.last, new, (before, frame))), None)
            if old is None:
                on.append(Standing(new, before, new))
            else:
                standing.remove(old)
                both = union(old.line, replace(new, moves=new.again < AGAIN))
                on.append(Standing(both, old.since, new))
        done += [(one.line, (one.since, frame)) for one in standing]
        standing = on
    done += [(one.line, (one.since, count - 1)) for one in standing]
    return sorted((timed(cells, *one) for one in done), key=lambda line: (line.start, line.y0))


def is_one(cells: Grids, old: Lettering, new: Lettering, looks: tuple[int, int]) -> bool:
    """Whether a line that was found up to the first of two looks, and one that the second found, are one."""
    if overlapping(old, new) < _SAME_PLACE:
        return False
    return new.again >= AGAIN or goes_on(cells, union(old, new), *looks)


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


def grown(line: Lettering, cells: Grids, edge: int) -> Lettering:
    """Return the line as long as what changes at its rows, or columns, where it comes or goes; as it is elsewhere.

    edge: its first frame, or that after its last one.
    """
    if not 0 < edge < len(cells):
        return line
    changed = difference_map(cells[edge - 1], cells[edge]) > CHANGED
    rows, columns = changed.shape
    upright = is_upright(line, changed.shape)
    x0, y0, x1, y1 = in_cells(line, changed.shape, (0, 0))
    along = changed[:, x0:x1].any(axis=1) if upright else changed[y0:y1].any(axis=0)
    first, end = (y0, y1) if upright else (x0, x1)
    gap = x1 - x0 if upright else y1 - y0
    places = np.flatnonzero(along)
    for place in places[places < first][::-1].tolist():
        first = place if first - place <= gap else first
    for place in places[places >= end].tolist():
        end = place + 1 if place + 1 - end <= gap else end
    if upright:
        return replace(line, y0=min(line.y0, first / rows), y1=max(line.y1, end / rows))
    return replace(line, x0=min(line.x0, first / columns), x1=max(line.x1, end / columns))


def bridged(lines: Sequence[Lettering]) -> list[Lettering]:
    """Return the lines with those joined that are one: at one place, at most _BRIDGE frames apart."""
    joined: list[Lettering] = []
    for line in lines:
        near = [
            k for k, old in enumerate(joined)
            if line.start - old.end <= _BRIDGE and overlapping(old, line) >= _SAME_PLACE
            and line.again >= AGAIN
        ]  # fmt: skip
        if near:
            joined[near[-1]] = union(joined[near[-1]], line)
        else:
            joined.append(line)
    return joined
