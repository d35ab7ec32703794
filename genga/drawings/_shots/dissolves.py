"""Dissolves, fades and black: stretches in which one picture becomes another without a cut.

In a dissolve every cell goes from its value in the picture before to that in the picture after by the same share, so
a frame is a mixture of the two; what a mixture leaves unexplained tells a dissolve from motion. A fade is a dissolve to
or from a picture without contrast. (Linear transition model: Hampapur, Jain & Weymouth 1994, "Digital video
segmentation".)
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genga.drawings._shots.events import Passage
from genga.video.luma_grid import Cells, Grids, difference_map, mixture

_REACH = 3  # frames before and after, whose mixture a frame is compared with
_LEAST = 2.0  # mean luma change over 2 * _REACH frames under which nothing can be said
_GAP = 3  # frames without a finding that a dissolve may have inside
_FLAT = 6.0  # standard deviation of luma under which a picture is without contrast
_EDGE = 0.03  # share of the other picture under which a frame is still, or already, one picture


def mixed(a: Cells, middle: Cells, b: Cells, rest: float) -> bool:
    """Whether `middle` is on the way of a dissolve between `a` and `b`, the frames _REACH before and after it."""
    if float(np.abs(b.astype(np.int16) - a).mean()) < _LEAST:
        return False
    share, left = mixture(a, middle, b)
    return left <= rest and 0.2 <= share <= 0.8


def groups(found: Sequence[bool]) -> list[tuple[int, int]]:
    """Return the stretches [start, end) of frames found, closing gaps of up to _GAP frames."""
    stretches: list[tuple[int, int]] = []
    for frame in np.flatnonzero(found).tolist():
        if stretches and frame - stretches[-1][1] <= _GAP:
            stretches[-1] = (stretches[-1][0], frame + 1)
        else:
            stretches.append((frame, frame + 1))
    return stretches


def span(cells: Grids, start: int, end: int, rest: float, changed: float) -> Passage | None:
    """Return the transition around the frames [start, end) found mixed, or None if it is not one.

    cells: the frames from `start - reach` on are looked at, where reach is 2 * _REACH.
    """
    first, last = max(0, start - 2 * _REACH), min(len(cells), end + 2 * _REACH) - 1
    a, b = cells[first], cells[last]
    parts = [mixture(a, cells[frame], b) for frame in range(first, last + 1)]
    shares = np.array([share for share, _ in parts])
    inside = np.flatnonzero((shares > _EDGE) & (shares < 1 - _EDGE))
    spread = float((difference_map(a, b) > changed).mean())
    flat = min(float(a.std()), float(b.std())) < _FLAT
    if len(inside) < 2 or (spread < 0.25 and not flat) or not steady(shares):
        return None
    left = float(np.median([parts[k][1] for k in inside]))
    if left > rest:
        return None
    boundary = first + int(np.argmax(shares > 0.5))
    return Passage("fade" if flat else "dissolve", first + int(inside[0]), first + int(inside[-1]) + 1, boundary)


def steady(shares: npt.NDArray[np.float64]) -> bool:
    """Whether the shares grow, but for noise, and never by more than half the way at once."""
    steps = np.diff(shares)
    return bool(steps.min() > -0.1 and steps.max() < 0.5)


def gradual(cells: Grids, black: Sequence[bool], rest: float, changed: float) -> list[Passage]:
    """Return the gradual transitions of a video in order; a fade out, black and a fade in are one fade.

    cells: every frame's grid. black: whether a frame is black. rest: part of a change that a mixture may leave.
    """
    inner = range(_REACH, len(cells) - _REACH)
    found = [k in inner and mixed(cells[k - _REACH], cells[k], cells[k + _REACH], rest) for k in range(len(cells))]
    merged: list[Passage] = []
    for start, end in groups(found):
        item = span(cells, start, end, rest, changed)
        if item is None:
            continue
        before = merged[-1] if merged else None
        if before and before.kind == item.kind == "fade" and all(black[before.end : item.start]):
            merged[-1] = Passage("fade", before.start, item.end, (before.end + item.start) // 2)
        elif before is None or item.start >= before.end:
            merged.append(item)
    return merged
