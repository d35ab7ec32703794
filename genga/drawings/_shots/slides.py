"""Slides: the next picture pushes the one before out, or comes over it, or the one before goes off it.

Every frame is a part of the one and a part of the other, side by side, at least one of which goes along with the edge
between them. A pan over one long drawing shows what is in neither, unless it goes as far as the picture is wide.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from genga.drawings._shots.events import Passage
from genga.video.luma_grid import Cells, Grids, means, mixture

_MOST = (0.12, 0.2, 0.3)  # part of the picture that changes in each step of a slide; more where figures act about it
_LEAST = 0.03  # and at its ends, where little of the next picture is seen
_FEWEST, _LONGEST = 4, 48  # frames
_HELD = 2  # frames that a step of it is held at most: they change nothing
_FINE, _COARSE = 2, 8  # cells of a part along the way and across it
_REST = 0.13  # part of what the two pictures differ by that is left, in the mean
_UNLIKE, _CLEARER = 2.0, 0.6  # times that, of a frame in the middle at most; part of what a mixture of both leaves
_STAYS = 3  # of the kinds of _way, the wipe
_BACK, _JUMP = 0.04, 0.45  # of the way, that it goes back at most, for noise; and on in one frame
_BEGUN, _OVER = 0.35, 0.65  # of the way, by which it has been seen at its beginning, and to which at its end;
_PACE, _SLACK = 3.0, 0.06  # either at its pace, times its largest step within and a little of the way,
_CLEAN = 0.05  # or so little is left

Profile = npt.NDArray[np.float32]  # (places along the way, parts across it)


def slides(cells: Grids, spread: Sequence[float]) -> list[Passage]:
    """Return the slides of a video, in order, as dissolves: two pictures are in each frame of them.

    spread: part of the picture that changes in each frame.
    """
    found: list[Passage] = []
    for first, end in dict.fromkeys(run for most in _MOST for run in _runs(spread, most)):
        if all(end <= other.start or other.end <= first for other in found) and (slide := _within(cells, first, end)):
            found.append(slide)
    return sorted(found, key=lambda slide: slide.start)


def _runs(spread: Sequence[float], most: float) -> Iterator[tuple[int, int]]:
    """Yield the frames [first, end) of stretches in which so much of the picture changes all the time."""
    busy = [frame for frame in range(1, len(spread)) if spread[frame] >= most]
    start = 0
    for k in range(1, len(busy) + 1):
        if k == len(busy) or busy[k] - busy[k - 1] > _HELD + 1:
            first, end = busy[start], busy[k - 1]
            before, after = range(first, max(1, first - _HELD), -1), range(end, min(len(spread) - 1, end + _HELD))
            if _FEWEST <= end - first <= _LONGEST:
                yield (
                    next((at for at in before if spread[at - 1] < _LEAST), max(1, first - _HELD)),
                    next((at for at in after if spread[at + 1] < _LEAST), min(len(spread) - 1, end + _HELD)),
                )
            start = k


def _within(cells: Grids, first: int, end: int) -> Passage | None:
    """Return the slide that the frames [first, end) are, between the picture before them and the one at `end`."""
    for across in (True, False):
        for back in (False, True):
            a, b, middle = (_profile(cells[k], across, back) for k in (first - 1, end, (first + end) // 2))
            size = float(np.abs(a - b).mean())
            if size == 0 or _way(a, b, middle)[0].min() > _UNLIKE * _REST * size:
                continue
            frames = [_profile(cells[k], across, back) for k in range(first, end)]
            ways = [_way(a, b, frame) for frame in frames]
            left = np.mean([one[0] for one in ways], 0)
            kind = int(left.argmin())
            gone = [one[1][kind] for one in ways]
            steps = [later - sooner for sooner, later in pairwise([0.0, *gone, 1.0])]
            even = min(steps) >= -_BACK and max(steps) <= _JUMP and gone[0] <= _BEGUN and gone[-1] >= _OVER
            mixed = float(np.mean([mixture(a, frame, b)[1] for frame in frames]))
            paced = max(steps[0], steps[-1]) <= _PACE * max(steps[1:-1]) + _SLACK
            if kind != _STAYS and left[kind] <= min(_REST if paced else _CLEAN, _CLEARER * mixed) * size and even:
                edge = 1 / len(a)  # less of the way cannot be told from none
                start = first + sum(share <= edge for share in gone)
                stop, half = (first + sum(share < most for share in gone) for most in (1 - edge, 0.5))
                return Passage("dissolve", start, stop, boundary=min(max(half, start + 1), stop - 1))
    return None


def _profile(grid: Cells, across: bool, back: bool) -> Profile:
    """Return a grid as if what slides came from the right."""
    turned = grid if across else grid.T
    turned = turned[:, ::-1] if back else turned
    rows, columns = (side // part * part for side, part in zip(turned.shape, (_COARSE, _FINE), strict=True))
    wide = means(np.ascontiguousarray(turned[:rows, :columns]), _FINE)
    parts = wide.reshape(rows // _COARSE, _COARSE // _FINE, columns // _FINE).mean(1)
    return np.ascontiguousarray(parts.T)


def _way(a: Profile, b: Profile, frame: Profile) -> tuple[npt.NDArray[np.float64], list[float]]:
    """Return of each kind the least that is left, and by how much of the way it is: of a push, coming over, going off,
    and of a wipe, in which both stay.
    """
    n = len(frame)
    of_a, of_b = (differences(frame, one) for one in (a, b))  # (place in the frame, in the picture)
    # With o places gone, place i shows a's i + o if a goes along, b's i - (n - o) if b does.
    goes_a, goes_b = diagonals(of_a), diagonals(of_b.T)[::-1]
    stays_a = np.cumsum(np.diag(of_a))[::-1][1:]  # of n - o places
    stays_b = np.cumsum(np.diag(of_b)[::-1])[:-1]  # of the last o
    sums = (goes_a + goes_b, stays_a + goes_b, goes_a + stays_b, stays_a + stays_b)
    return np.array([one.min() / n for one in sums]), [(int(one.argmin()) + 1) / n for one in sums]


def differences(a: Profile, b: Profile) -> Profile:
    """Return the mean difference of each place of one profile to each of another, (places, places)."""
    total = np.zeros((len(a), len(b)), np.float32)
    for one, other in zip(a.T, b.T, strict=True):  # part by part: few numbers at a time take six times as long to add
        total += np.abs(one[:, None] - other)
    return total / np.float32(a.shape[1])


def diagonals(square: Profile) -> Profile:
    """Return the sums along the diagonals above the middle one of a square, the longest first."""
    n = len(square)
    sheared = np.zeros((n, 2 * n + 1), np.float32)  # each row begins a place farther to the left: columns are diagonals
    sheared.ravel()[: 2 * n * n].reshape(n, 2 * n)[:, :n] = square
    return np.asarray(sheared[:, 1:n].sum(axis=0))
