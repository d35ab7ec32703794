"""Pictures that creep: by parts of a cell a frame, in a slow zoom or pan, or in layers that a program moves.

No motion is known to a tenth of a cell, and hair lines are brighter or darker with each tenth. But what creeps **goes
on**: over some frames each part of the picture changes as it did over as many frames before, cell by cell, and that is
so all over the picture; what is drawn anew changes once, or to and fro. Of a step, what goes on as before and after it
is the camera's, and the rest is drawn.

A line that has gone by more than its width goes on nowhere, cell by cell. So where the picture creeps, a step may be
explained as well by **what each part of it moves by**: the shift of a wide window around it (Lucas & Kanade 1981, "An
iterative image registration technique with an application to stereo vision", linear in the shift, reweighted by
Cauchy's function), in which an eye or a mouth is little; or of a window beside it, where layers meet.
"""

from collections.abc import Collection

import cv2
import numpy as np

from genga.drawings._dedup.moving import LEAST, contrast
from genga.drawings._dedup.shown import shown_in_both
from genga.drawings._text.tracks import MaskedGrids
from genga.drawings.alignment import largest, smoothed, spread
from genga.drawings.static_tiles import Field, Mask, Noise, textured, tile_means

_LAG = 6  # frames over which a picture goes on as over the _LAG before
_ACTIVE = 1.0, 0.3  # mean squared change of a tile over _LAG frames from which something goes on in it, levels: either
_ALL = 0.3  # part of the tiles with texture in which something goes on where the picture creeps,
_ON = 0.5  # correlation from which a tile goes on as before,
_MOSTLY = 0.75  # and part of those tiles that do
_SMOOTHED = 0.2  # part of the variance of a cell that grain keeps when it is smoothed, measured
_TIMES = 3.0  # what goes on in a step, in the mean of the steps around: of pictures shown 24 times in 60
_BLOCK = (2, 2)  # cells
_CLEAN, _NOISY = 12.5, 0.45  # threshold up to which noise leaves as much; part of a higher one that noise leaves
_SHIFTED = 16.0  # that shifts of windows leave at most; of a mouth of a cell they leave 25
_LONG = 96  # frames in which a picture that creeps is the same: it may have come far
_WINDOW, _ASIDE = 25, 12  # cells: the side of a window that moves as one, and how far beside it another is
_FAR = 1.0  # cells that one moves in a step at most
_ROUNDS, _UNSURE = 3, 2.0  # of its shift, and times what is usually left at which a cell counts half
_EDGE = 1.0  # gradient, luma per cell, from which a cell says something
_DAMPED = 1e-2  # added to the mean squares of gradients, that a plain window stays
_CLOSE = (5, 5)  # cells around one that say which window it belongs to


class Creeping:
    """Where the picture of a shot creeps, and what its steps leave besides."""

    def __init__(
        self, seen: MaskedGrids, start: int, end: int, skipped: Collection[int], live: Mask, noise: Noise
    ) -> None:
        """Over the frames [start, end) of a shot. skipped: its frames without a drawing. live, noise: as in Sway."""
        self._seen, self._start, self._end, self._skipped = seen, start, end, skipped
        self._live, self._noise = live, noise
        self._known: dict[int, bool] = {}

    def held(self, frame: int, first: int, threshold: float) -> tuple[float, float] | None:
        """Return what of the step to a frame does not go on, 0..255, of a block of cells, and what may be.

        None if it is more, or nothing creeps, or the picture may have come far since frame `first`. threshold: block
        difference from which a drawing is new in the shot.
        """
        if frame - first >= _LONG or not self._crept(frame):
            return None
        left, level = self.left(frame), min(threshold, max(_CLEAN, _NOISY * threshold))
        if left is None or left > level:
            left, level = self.moved(frame), min(_SHIFTED, LEAST * contrast(threshold))
        return None if left > level else (left, level)

    def _crept(self, frame: int) -> bool:
        """Whether the picture creeps in the step to a frame."""
        last = self._start + (frame - 1 - self._start) // _LAG * _LAG
        at_end = self._end - 1 - 2 * _LAG
        return any(self._creeps(first) for first in (last, last - _LAG, at_end) if first < frame)

    def left(self, frame: int) -> float | None:
        """Return what of the step to a frame does not go on as before it and after it; None if that is not known."""
        a, b = self._seen[frame - 1], self._seen[frame]
        step = b.cells.astype(np.float32) - a.cells
        before, after = self._way(frame - 1 - _LAG), self._way(frame)
        if before is None or after is None:
            on = after if before is None else before
        else:
            on = np.where(before * after > 0, np.where(np.abs(before) < np.abs(after), before, after), 0)
        if on is None:
            return None
        most = _TIMES * on
        apart = np.abs(step - np.clip(step, np.minimum(most, 0), np.maximum(most, 0))).astype(np.float32)
        apart *= shown_in_both(a, b, close=True)
        return float(cv2.boxFilter(apart, cv2.CV_32F, _BLOCK).max())

    def moved(self, frame: int) -> float:
        """Return what of the step to a frame no shift of the window around it explains, 0..255, of a block of cells."""
        a, b = self._seen[frame - 1], self._seen[frame]
        return largest(left_by_windows(smoothed(a.cells), smoothed(b.cells)) * shown_in_both(a, b, self._live))

    def _way(self, first: int) -> Field | None:
        """What a step changes in the mean over _LAG frames from `first` on; None if not all are the shot's."""
        last = first + _LAG
        if not self._shown(range(first, last + 1)):
            return None
        return np.asarray((self._seen[last].cells.astype(np.float32) - self._seen[first].cells) / _LAG, np.float32)

    def _shown(self, frames: range) -> bool:
        """Whether frames are all the shot's, and show drawings."""
        inside = self._start <= frames[0] and frames[-1] < self._end
        return inside and not any(frame in self._skipped for frame in frames)

    def _creeps(self, first: int) -> bool:
        """Whether the picture creeps over 2 * _LAG frames."""
        if first not in self._known:
            self._known[first] = self._shown(range(first, first + 2 * _LAG + 1)) and self._goes_on(first)
        return self._known[first]

    def _goes_on(self, first: int) -> bool:
        """Whether all over the picture each part changes over _LAG frames as over the _LAG before."""
        places = (first, first + _LAG, first + 2 * _LAG)
        shown = [self._seen[frame] for frame in places]
        a, b, c = (smoothed(one.cells) for one in shown)
        live = self._live
        for one in shown:
            live = live if one.covered is None else live & ~one.covered
        before, after = b - a, c - b
        drawn = textured(shown[0].cells, shown[1].cells, live, self._noise.gradient)
        grain = _SMOOTHED * self._noise.luma**2  # of each of the three
        share = np.maximum(tile_means(live.astype(np.float32), None), 1e-3)
        own = np.maximum(tile_means(before * before, live) / share - 2 * grain, 0)
        other = np.maximum(tile_means(after * after, live) / share - 2 * grain, 0)
        common = tile_means(before * after, live) / share + grain
        change, on = np.maximum(own, other), common > _ON * np.sqrt(own * other)
        for least in _ACTIVE:
            active = drawn & (change > least)
            if active.sum() >= max(1, _ALL * drawn.sum()) and (active & on).sum() >= _MOSTLY * active.sum():
                return spread(active & on)
        return False


def left_by_windows(a: Field, b: Field) -> Field:
    """Return what of the step between two smoothed grids is left, cell by cell, where each window moves by itself."""
    middle, step = (a + b) / 2, b - a
    across, down = cv2.Sobel(middle, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(middle, cv2.CV_32F, 0, 1, scale=1 / 8)
    edges = (cv2.magnitude(across, down) > _EDGE).astype(np.float32)
    share = np.maximum(_around(edges), 1e-3)
    sure = np.ones_like(step)
    for _ in range(_ROUNDS):
        xx, yy = _around(sure * across * across) + _DAMPED, _around(sure * down * down) + _DAMPED
        xy, xt, yt = (_around(sure * one * other) for one, other in ((across, down), (across, step), (down, step)))
        whole = xx * yy - xy * xy
        x, y = (xy * yt - yy * xt) / whole, (xy * xt - xx * yt) / whole
        fast = np.maximum(cv2.magnitude(x, y) / _FAR, 1)
        x, y = x / fast, y / fast
        left = step + x * across + y * down
        usual = _UNSURE * _around(np.abs(left) * edges) / share
        sure = 1 / (1 + (left / np.maximum(usual, 1)) ** 2)
    best = np.abs(left)
    least = cv2.blur(best, _CLOSE)
    for place in ((i, j) for i in (-_ASIDE, 0, _ASIDE) for j in (-_ASIDE, 0, _ASIDE) if i or j):
        beside = np.array([[1, 0, place[0]], [0, 1, place[1]]], np.float32)
        u, v = (cv2.warpAffine(one, beside, a.shape[::-1], borderMode=cv2.BORDER_REPLICATE) for one in (x, y))
        rest = np.abs(step + u * across + v * down)
        mean = cv2.blur(rest, _CLOSE)
        best, least = np.where(mean < least, rest, best), np.minimum(mean, least)
    return np.asarray(best, np.float32)


def _around(values: Field) -> Field:
    """The mean over the window around each cell."""
    return np.asarray(cv2.blur(values, (_WINDOW, _WINDOW)), np.float32)
