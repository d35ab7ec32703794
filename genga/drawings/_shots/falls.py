"""What falls to a flat picture, or to the faintest one there is, and rises from it: the two sides of a fade.

The contrast falls from frame to frame, all over the picture, and so does its light, to that of the flat picture. It may
wait: in a video of another rate than its film, and in fades drawn on twos, frames are shown again.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

import cv2
import numpy as np

from genga.drawings._shots.cuts import Scene
from genga.drawings._shots.events import FLAT, SHORTEST, UNSEEN, Span, redrawn
from genga.drawings._shots.pieces import beyond_chance
from genga.video.luma_grid import Cells, Levels, means

_PART = 8  # cells along the side of a part, in which small motion hardly shows
_AROUND = 10  # frames before and after, among which the faintest is looked for
_FAINT = 0.35  # part of the contrast on either side, up to which it may be, where no frame is flat
_NOTHING = 2.0  # deviation of luma by which flat frames may differ that all show nothing
_LIKE = 0.6  # correlation of the parts of two frames on end,
_FOUND = 0.1  # or by how much more their pieces are alike than by chance, where most of the picture moves,
_USUAL = 110.0, 40.0  # in the light and the contrast that pictures usually have
_FALLS = 0.97  # part of a frame's contrast that the next one has at most,
_GLOWS = 0.85  # and at least, in glow: what is lost there of the darkest tones, the brightest have again
_STANDS = 0.35  # or part of its pace up to there, slower than which a fade of so many frames does not go on
_LAG = 4  # nor after a wait of as many; of a quarter of its frames, if they are fewer
_AGAIN = 8  # frames up to which one is shown again:
_LITTLE, _NEARLY, _STEADY, _EQUAL = 0.15, 0.006, 0.5, 0.9  # its contrast, part of it, light, correlation of parts
_JUMP = 0.55  # of the way, gone at once: a cut
_SOON = 7  # frames within which the other picture is there in full
OTHER = 40.0  # luma levels by which one flat picture is another, or no fade's goal
_BLACK, _WHITE = 46.0, 205.0  # levels up to which a goal that is not seen may be black, and from which white
_EVERYWHERE, _PARTS = 0.5, 8  # part of the fall that the usual part of a picture shares; so many with texture say so
_TEXTURED, _AWAY = 3.0, 8.0  # deviation of luma within a part from which it has any; levels beside the goal
_FEW = 4  # parts, the sharpest but so many less one fade, too: of somebody who leaves the picture all is there
_FEWEST = 2  # frames of a fade of a picture that stands


class Fall(NamedTuple):
    """The frames of a fade on one side of its faintest, from there on."""

    mixed: list[int]
    clean: int  # the first that shows its picture in full


class Lights:
    """How much contrast and light the frames of a video have, but for its text and bars."""

    def __init__(self, scene: Scene) -> None:
        """Look at every frame once."""
        self.scene = scene
        self.contrast, self.light = list[float](), list[float]()
        for frame in range(len(scene.cells)):
            grid, counts = scene.cells[frame], scene.counting(frame, frame)
            deviation, mean = spread_of(grid if counts.all() else grid[counts])
            self.contrast.append(deviation)
            self.light.append(mean)
        self.parts = lru_cache(64)(self._parts)

    def _parts(self, frame: int) -> tuple[Levels, Levels]:
        """Return the mean luma of a frame's parts and the deviation within each; of what does not count, none."""
        counts = self.scene.counting(frame, frame)
        cells = np.where(counts, self.scene.cells[frame], np.float32(self.light[frame])).astype(np.float32)
        light = means(cells, _PART)
        return light, np.sqrt(np.maximum(means(cells * cells, _PART) - light * light, 0))

    def flat(self, frame: int) -> bool:
        """Whether nothing is seen in a frame."""
        return self.contrast[frame] < FLAT

    def faintest(self, frame: int) -> bool:
        """Whether a frame is flat, or has the least contrast of those around it, and little beside either side."""
        here = self.contrast[frame]
        before = self.contrast[max(0, frame - _AROUND) : frame]
        after = self.contrast[frame + 1 : frame + 1 + _AROUND]
        if here < FLAT or not before or not after:
            return here < FLAT
        return here <= min(_FAINT * max(before), _FAINT * max(after), *after) and here < min(before)

    def faint(self, start: int, end: int) -> list[Span]:
        """Return of the flat frames [start, end) those in which nothing is seen: a dark picture has some contrast."""
        least = min(self.contrast[start:end]) + _NOTHING
        here = [frame for frame in range(start, end) if self.contrast[frame] <= least]
        edges = [k for k in range(1, len(here)) if here[k] - here[k - 1] > UNSEEN]
        return [(here[a], here[b - 1] + 1) for a, b in pairwise([0, *edges, len(here)])]

    def at_once(self, frame: int, way: int) -> bool:
        """Whether most of the contrast that comes within some frames, going `way` (-1, 1), is there in this one."""
        near = [self.contrast[k] for k in range(frame, frame + _SOON * way, way) if 0 <= k < len(self.contrast)]
        if not near or abs(self.light[frame] - self.light[frame - way]) >= OTHER:  # black and then white
            return True
        return near[0] >= _JUMP * max(near)

    def alike(self, one: int, other: int) -> float:
        """Return the correlation of two frames' parts."""
        a, b = (light - light.mean() for light, _ in (self.parts(one), self.parts(other)))
        return float((a * b).sum() / max(1e-3, float((a * a).sum() * (b * b).sum()) ** 0.5))

    def fall(self, faintest: int, way: int) -> Fall | None:
        """Return the frames of a fade from its faintest one on, going `way` (-1, 1); None if it is none."""
        known = range(len(self.contrast))
        beside = faintest + way
        if not self.flat(faintest) and beside in known and not self._falls(beside, faintest):
            faintest += way * (self.contrast[beside] <= 2 * self.contrast[faintest])  # the first of the other picture
        clean = faintest
        while (brighter := self._brighter(clean, faintest, way)) is not None:
            clean = brighter
        first = faintest + way * self.flat(faintest)
        mixed = list(range(first, clean, way))
        if len(mixed) < _FEWEST or self.contrast[clean] < 2 * FLAT:
            return None
        shares = np.array([self.share(frame, clean, faintest) for frame in mixed])
        if np.diff([0.0, *shares, 1.0]).max() > _JUMP:
            return None
        if len(mixed) < SHORTEST and not (self.flat(faintest) and self._one([clean, *mixed[::-1]])):
            return None
        goal = self._goal(faintest, mixed, clean, shares)
        return Fall(mixed, clean) if goal is not None and self._everywhere([*mixed, clean], goal) else None

    def share(self, frame: int, clean: int, faintest: int) -> float:
        """Return how much of the clean picture a frame of a fade shows: of its contrast and, of glow, its light."""
        share = self.contrast[frame] / self.contrast[clean]
        goal, light = self.light[faintest], self.light[clean]
        if not self.flat(faintest) or goal < _WHITE or goal - light < OTHER:
            return share
        return min(share, (goal - self.light[frame]) / (goal - light))

    def _one(self, frames: Sequence[int]) -> bool:
        """Whether frames on end show the first of them, in another light."""
        cells = self.scene.cells
        return not any(redrawn(cells[frames[0]], cells[frame]) for frame in frames[1:])

    def _brighter(self, frame: int, faintest: int, way: int) -> int | None:
        """Return the next frame, going `way`, in which a fade that has come from its faintest one goes on, if it does.

        It waits while a frame is shown again and, where one is flat, a little for what moves in it, if it keeps its
        pace. In glow, which goes to white, contrast is there at once, and light goes on.
        """
        known, walked = range(len(self.contrast)), abs(frame - faintest)
        goal = self.light[faintest]
        waits, steps = 0, min(_LAG, walked // _LAG)
        for step in range(1, _AGAIN + 1):
            other = frame + step * way
            if other not in known:
                return None
            if self.contrast[frame] <= _NOTHING:
                return other
            if step == waits + 1 and self._again(frame, other):
                waits += 1
                continue
            if step > max(waits, steps - 1) + 1:
                return None
            gained = self.contrast[other] - self.contrast[frame]
            lost = abs(self.light[other] - goal) - abs(self.light[frame] - goal)
            paces = [abs(values[frame] - values[faintest]) / max(1, walked) for values in (self.contrast, self.light)]
            goes = self.contrast[frame] <= _FALLS * self.contrast[other] and step <= waits + 1
            if self.flat(faintest):
                keeps = walked >= _LAG and gained >= max(_STANDS * paces[0] * step, _LITTLE)
                glows = goal >= _WHITE and _GLOWS * self.contrast[frame] <= self.contrast[other]
                lit = glows or self.flat(frame)  # of what is flat hardly more than its light is seen
                goes = goes or keeps or lit and lost >= max(_STANDS * paces[1] * step, _LITTLE)
            moves = self.flat(faintest) and goal <= _BLACK
            if goes and (self.flat(frame) or self._like(frame, other, moves)):
                return other
        return None

    def _again(self, frame: int, other: int) -> bool:
        """Whether one frame is shown again in another."""
        return (
            abs(self.contrast[frame] - self.contrast[other]) <= _LITTLE + _NEARLY * self.contrast[frame]
            and abs(self.light[frame] - self.light[other]) <= _STEADY
            and (self.flat(frame) or self.alike(frame, other) >= _EQUAL)
        )

    def _like(self, frame: int, other: int, moves: bool) -> bool:
        """Whether two frames show one picture; or, if it `moves`, the same however it has moved."""
        alike = self.alike(frame, other) >= _LIKE
        if alike or not moves:
            return alike
        counts = self.scene.counting(frame, other)
        return beyond_chance(self._stretched(frame), self._stretched(other), counts) >= _FOUND

    def _stretched(self, frame: int) -> Cells:
        """Return a frame in the contrast and light that pictures usually have."""
        cells = (self.scene.cells[frame] - self.light[frame]) * (_USUAL[1] / max(1.0, self.contrast[frame])) + _USUAL[0]
        return np.clip(cells, 0, 255).astype(np.uint8)

    def _falls(self, frame: int, fainter: int) -> bool:
        """Whether `fainter` shows the same as `frame` beside it, with less contrast."""
        if self.flat(fainter):
            return True
        return self.contrast[fainter] <= _FALLS * self.contrast[frame] and self._like(fainter, frame, False)

    def _goal(self, faintest: int, mixed: Sequence[int], clean: int, shares: Levels) -> float | None:
        """Return the light of the flat picture, black or white, to which frames go by the shares they have left."""
        light = np.array([self.light[frame] for frame in mixed])
        goal = float(((1 - shares) * (light - shares * self.light[clean])).sum() / ((1 - shares) ** 2).sum())
        if self.flat(faintest):
            if abs(goal - self.light[faintest]) > OTHER and not goal > self.light[faintest] >= _WHITE:
                return None
            goal = self.light[faintest]
        return goal if goal <= _BLACK or goal >= _WHITE else None

    def _everywhere(self, frames: Sequence[int], goal: float) -> bool:
        """Whether contrast and light are lost all over a picture: what comes in at an edge leaves the rest as it is.

        goal: the light of the flat picture. In glow, which goes to white, parts are soon white, and others have theirs.
        """
        seen = [frame for frame in frames if not self.flat(frame)]
        if not seen:
            return False
        gains = []
        for fainter, frame in pairwise(seen):
            (light, a), (brighter, b) = self.parts(fainter), self.parts(frame)
            textured = b >= _TEXTURED
            ratio = [np.log((b[textured] + 0.5) / (a[textured] + 0.5))]
            away = np.abs(brighter - goal) >= _AWAY
            ratio.append(np.log((np.abs(brighter - goal) + 1)[away] / (np.abs(light - goal) + 1)[away]))
            gains.append([float(np.median(part)) if len(part) >= _PARTS else 0.0 for part in ratio])
        texture, lit = np.sum(gains, axis=0) if gains else (0.0, 0.0)
        least = _EVERYWHERE * float(np.log(self.contrast[seen[-1]] / self.contrast[seen[0]]))
        sharpest = [float(np.sort(self.parts(frame)[1], axis=None)[-_FEW]) + 0.5 for frame in (seen[0], seen[-1])]
        fades = float(np.log(sharpest[1] / sharpest[0])) >= least or goal >= _WHITE and self._brightens(seen[::-1])
        return lit >= least and (texture >= least or goal >= _WHITE) and fades

    def _brightens(self, frames: Sequence[int]) -> bool:
        """Whether no part darkens on the way to white: glow leaves what is dark to the last, what moves darkens."""
        lights = np.stack([self.parts(frame)[0] for frame in frames])
        return int(((np.maximum.accumulate(lights) - lights).max(0) >= _AWAY).sum()) < _FEW


def spread_of(cells: Cells) -> tuple[float, float]:
    """Return the deviation and the mean of cells, by whole numbers, in a fifth of NumPy's time."""
    size, total, squares = cells.size, round(cv2.norm(cells, cv2.NORM_L1)), round(cv2.norm(cells, cv2.NORM_L2SQR))
    return sqrt(size * squares - total * total) / size, total / size
