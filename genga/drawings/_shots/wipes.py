"""Wipes: an edge goes across the picture, and on one side of it is the picture before, on the other the one after.

It may be straight, a circle or the hand of a clock, and soft. In a dissolve all parts of the picture go over together;
in a wipe each does at once, as the edge comes by, and its neighbours do at nearly that time. What moves is not first
of one picture and then of another, and under a camera that moves nothing is where it was in either.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from genga.drawings._shots.events import Passage
from genga.drawings._shots.pieces import beyond_chance
from genga.drawings.static_tiles import CHANGED, Mask, tiles
from genga.video.luma_grid import Blocks, Grids, blocks_of, difference_map, means

_SIDE = 4  # cells along the side of a part
_REACHES = (2, 3, 5, 8, 12, 18, 27)  # frames before and after one that may be the middle of a wipe
_CHUNK = 1024  # frames looked at together
_RESTLESS = 0.004  # part of the picture that changes in every step of a wipe, in the mean of five
_CONTRAST, _DULLEST = 30.0, 0.3  # deviation of luma from which a change counts in full, and the part of it below
_SPREAD = 0.54  # part of the picture that a wipe changes at least
_MIDDLE = (0.15, 0.85)  # part of it that has gone over in what may be the middle
_NEARLY = 0.25  # of the way to either picture, up to which a part is that picture's
_CLEAR = 0.75  # part of the picture of which each part is one picture's, in the middle
_REST = 0.11  # what parts that go over at once leave unexplained, part of the change
_JUMP = 0.4  # of the picture, gone over in one step: a cut
_BESIDE = 0.22  # how far apart in time neighbours go over, as part of how far any two do
_BEGUN = 0.08  # part of the picture that has gone over where a wipe has clearly begun
_SEEN = 0.1  # of the way, from which something of the other picture is seen
_STEP, _LONGEST = 0.005, 3  # of the picture that goes over from frame to frame; frames it may wait, if no quarter
_THERE = 0.2  # part of the tiles with texture that are where they were in one of the pictures, at least
_OTHER, _ANEW = 25.0, 0.018  # levels from which a part is of neither picture; part of it that may be, a frame of a wipe
_ONE = 0.14  # by which the pieces of both pictures are more alike than by chance, from which they are one
_SHORTEST, _AGAIN = 3, 3  # frames; times that the ends are looked for
_KEPT = 8  # stretches of frames that are kept

Tones = npt.NDArray[np.float32]  # (frames, rows, columns)


class Stretch(NamedTuple):
    """A stretch of frames in which each part may go over at once."""

    tones: Tones
    far: Mask  # parts that change
    over: npt.NDArray[np.intp]  # frame at which each goes over
    left: float  # what that leaves unexplained, part of the change
    gone: Sequence[float]  # part of those that change that has gone over, by frame
    ends: tuple[int, int]  # the last frame before a wipe in it begins, and the first one after it


Stretches = Callable[[int, int], Stretch]  # by the first and the last frame


def wipes(cells: Grids, spread: Sequence[float]) -> list[Passage]:
    """Return the wipes of a video, in order, as dissolves: two pictures are in each frame of them.

    spread: part of the picture that changes in each frame.
    """
    found: list[Passage] = []
    blocks = blocks_of(cells, _SIDE)
    stretches = lru_cache(_KEPT)(lambda before, after: _stretch(blocks, before, after))  # many middles come to one
    wiped = (_around(cells, stretches, *middle) for middle in _middles(cells, spread))
    several = Counter(wipe for wipe in wiped if wipe)
    for wipe, _ in sorted(several.items(), key=lambda one: (-one[1], one[0].start)):  # that most of them agree upon
        if all(wipe.end <= other.start or other.end <= wipe.start for other in found):
            found.append(wipe)
    return sorted(found, key=lambda wipe: wipe.start)


def _middles(cells: Grids, spread: Sequence[float]) -> Iterator[tuple[int, int]]:
    """Yield frames that may be the middle of a wipe, each with the reach by which it is that most clearly."""
    most, restless = _REACHES[-1], cv2.blur(np.array([spread], np.float32), (5, 1))[0] >= _RESTLESS
    for start in range(0, len(cells), _CHUNK):
        if not restless[start : start + _CHUNK].any():
            continue
        first, end = max(0, start - most), min(len(cells), start + _CHUNK + most)
        tones = np.stack([means(cells[frame], 2 * _SIDE).ravel() for frame in range(first, end)])
        best: dict[int, tuple[float, int]] = {}
        for reach in _REACHES:
            at = np.arange(max(start, first + reach), min(start + _CHUNK, end - reach))
            at = at[restless[at]] - first
            gone, far, clear = _sides(tones[at - reach], tones[at], tones[at + reach])
            sound = (far >= _SPREAD) & (clear >= _CLEAR) & (gone >= _MIDDLE[0]) & (gone <= _MIDDLE[1])
            for k in np.flatnonzero(sound).tolist():
                frame = int(at[k]) + first
                best[frame] = max(best.get(frame, (0.0, 0)), (float(clear[k] + far[k]), reach))
        yield from ((frame, best[frame][1]) for frame in sorted(best))


def _least(pictures: Tones) -> npt.NDArray[np.float32]:
    """Return by how many levels a part changes at least, after pictures given as rows of parts: fewer in the dark."""
    return CHANGED * np.clip(pictures.std(1) / _CONTRAST, _DULLEST, 1)


def _sides(a: Tones, x: Tones, b: Tones) -> tuple[Tones, Tones, Tones]:
    """Return of rows of parts: the share that has gone over, that changes, and of these that is one picture's."""
    step = b - a
    far = np.abs(step) > _least(a)[:, None]
    share = np.where(far, (x - a) / np.where(far, step, 1), 0)
    many = np.maximum(far.sum(1), 1)
    clear = far & ((np.abs(share) <= _NEARLY) | (np.abs(share - 1) <= _NEARLY))
    return (far & (share > 0.5)).sum(1) / many, far.mean(1), clear.sum(1) / many


def _around(cells: Grids, stretches: Stretches, frame: int, reach: int) -> Passage | None:
    """Return the wipe around its middle, None if it is none: it lasts from where it has begun until it is over."""
    ends = frame - reach, frame + reach
    for _ in range(_AGAIN):  # the nearer the clean pictures, the less of them has moved
        (before, after), (tones, far, over, left, gone, ends) = ends, stretches(*ends)
        if ends == (before, after):
            break
    before, after = ends
    if after - before <= _SHORTEST or far.mean() < _SPREAD or left > _REST:
        return None
    steps = [later - sooner for sooner, later in pairwise(gone)]
    if max(steps) > _JUMP or _beside(over, far) > _BESIDE * _apart(over[far]):
        return None
    rests = "".join("." if step < _STEP else "x" for step in steps[1:]).split("x")
    if max(map(len, rests)) > max(_LONGEST, len(steps) // 4):
        return None
    soft = _softness(tones, far)
    soft = soft // 2 + (soft > 1)  # half of it, and the little of the other picture that is not seen
    start, end = max(1, before + 1 - soft), min(len(cells) - 1, after + soft)
    wipe = Passage("dissolve", start, end, boundary=(start + end) // 2)
    if _stays(cells, wipe) < _THERE or _drawn(cells, wipe) > _ANEW * (end - start):
        return None
    a, b = cells[start - 1], cells[end]
    return wipe if beyond_chance(a, b, np.ones(a.shape, bool)) < _ONE else None  # of two: bodies may part before one


def _drawn(cells: Grids, wipe: Passage) -> float:
    """Return the part of the picture that in most frames of a wipe is neither as it was before it nor as after it.

    In a short one, as of somebody who runs past the camera, that is drawn anew; in a long one figures go on acting.
    """
    ends = cells[wipe.start - 1], cells[wipe.end]
    parts = [
        float((np.minimum(*(difference_map(cells[frame], end) for end in ends)) > _OTHER).mean())
        for frame in range(wipe.start, wipe.end)
    ]
    return float(np.median(parts))


def _stretch(blocks: Blocks, before: int, after: int) -> Stretch:
    """Return what the frames from `before` to `after` are if a wipe is among them."""
    tones = np.stack([blocks(frame) for frame in range(before, after + 1)])
    far, over, left = _crossings(tones)
    many = np.bincount(over[far], minlength=len(tones))
    gone = (np.cumsum(many) / many.sum()).tolist()
    early = _first(over, far, gone)
    late = _first(len(tones) - over, far, [1 - share for share in gone[::-1]])
    return Stretch(tones, far, over, left, gone, (before + early - 1, before + len(tones) - late))


def _stays(cells: Grids, wipe: Passage) -> float:
    """Return the part of what has texture within a wipe that is where it was before it or where it is after it.

    Under a camera that moves, what is soft may go over piece by piece, too; but nothing is where it was.
    """
    parts = []
    for quarter in (1, 2, 3):
        frame = wipe.start + (wipe.end - wipe.start) * quarter // 4
        (here, some), (there, more) = (tiles(cells[frame], cells[end]) for end in (wipe.start - 1, wipe.end))
        parts.append(float(((here | there) & some & more).sum() / max(1, (some & more).sum())))
    return sum(parts) / len(parts)


def _crossings(tones: Tones) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.intp], float]:
    """Return which parts change from the first frame to the last, the frame at which each goes over, and what is left.

    What is left: of the change, in the mean, if each part is of the first picture until then and of the last from then.
    """
    step = np.abs(tones[-1] - tones[0])
    far = step > _least(tones[:1].reshape(1, -1))
    first, last = (np.minimum(np.abs(tones - tones[end]), step) for end in (0, -1))
    # The cost of going over at frame k: that of being the first picture before it, and the last from it on.
    cost = _summed(first) - first + _summed(last[::-1])[::-1]
    over = np.asarray(cost[1:].argmin(0) + 1)
    left = float(cost[1:].min(0)[far].sum()) / max(1.0, float(step[far].sum()) * (len(tones) - 2))
    return far, over, left


def _summed(values: Tones) -> Tones:
    """The sums of the values so far, frame by frame; a cumulative sum takes three times as long."""
    sums = values.copy()
    for before, own in pairwise(sums):
        own += before
    return sums


def _softness(tones: Tones, far: npt.NDArray[np.bool_]) -> int:
    """Return in how many frames a part is between the pictures, as the edge goes over it: the median of the parts."""
    share = (tones - tones[0])[:, far] / (tones[-1] - tones[0])[far]
    return int(np.median(((share > _SEEN) & (share < 1 - _SEEN)).sum(0)))


def _first(over: npt.NDArray[np.intp], far: npt.NDArray[np.bool_], gone: Sequence[float]) -> int:
    """Return the first frame of a wipe: from where it clearly goes on, back to where the edge first came in sight.

    What moves elsewhere in the picture goes over earlier, and is not beside it.
    """
    sure = next(k for k, share in enumerate(gone) if share >= _BEGUN)
    _, parts, sizes, _ = cv2.connectedComponentsWithStats((far & (over <= sure)).astype(np.uint8))
    core = over[parts == 1 + int(sizes[1:, cv2.CC_STAT_AREA].argmax())]
    frame = sure
    while frame > 1 and 0 < (core < frame).sum() < (core <= frame).sum():
        frame -= 1
    return frame


def _beside(over: npt.NDArray[np.intp], far: npt.NDArray[np.bool_]) -> float:
    """Return how far apart in time parts beside each other go over, frames in the mean."""
    apart = [np.abs(np.diff(over, axis=axis))[both] for axis, both in
             ((0, far[1:] & far[:-1]), (1, far[:, 1:] & far[:, :-1]))]  # fmt: skip
    return float(np.concatenate(apart).mean()) if sum(map(len, apart)) else 0.0


def _apart(over: npt.NDArray[np.intp]) -> float:
    """Return how far apart in time any two parts go over, frames in the mean."""
    ordered, n = np.sort(over), len(over)
    ranks = 2 * np.arange(n) - n + 1
    return float((ranks * ordered).sum()) * 2 / max(1, n * (n - 1))
