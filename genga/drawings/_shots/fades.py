"""Fades: a picture goes to black or white, or comes out of it, in however few frames and whatever moves in it.

Its contrast falls from frame to frame until nothing is left, in every part of it, and its light goes to that of the
flat picture by the same shares; each frame is the one before it in another light, moved a little. A dissolve's contrast
does not fall that far, and a light that goes out leaves a picture.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

import cv2
import numpy as np

from genga.drawings._shots.cuts import Scene
from genga.drawings._shots.events import FLAT, SHORTEST, Passage, Span, redrawn
from genga.video.luma_grid import Cells, Levels, means

_PART = 8  # cells along the side of a part, in which small motion hardly shows
_AROUND = 10  # frames before and after, among which the faintest is looked for
_FAINT = 0.35  # part of the contrast on either side, up to which it may be, where no frame is flat
_NOTHING = 2.0  # deviation of luma by which flat frames may differ that all show nothing
_LIKE = 0.6  # correlation of the parts of two frames on end
_FALLS = 0.97  # part of a frame's contrast that the next one has at most
_JUMP = 0.55  # of the way, gone at once: a cut
_SOON = 7  # frames within which the other picture is there in full
_OTHER = 40.0  # luma levels by which one flat picture is another, or no fade's goal
_BLACK, _WHITE = 46.0, 205.0  # levels up to which a goal that is not seen may be black, and from which white
_EVERYWHERE, _PARTS = 0.5, 8  # part of the fall that the usual part of a picture shares; so many with texture say so
_TEXTURED = 3.0  # deviation of luma within a part from which it has any
_FEW = 4  # parts, the sharpest but so many less one fade, too: of somebody who leaves the picture all is there
_ALIKE = 0.9  # correlation of parts from which a picture that comes back is the same: a flash
_LONGER = 2  # times its frames that a fade may go on by another account: beyond, a picture stands before the next fade
_HALF = 0.5  # of its light, by more than which a drawing is seen


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
        return here <= min(_FAINT * max(before), _FAINT * max(after), before[-1], after[0])

    def faint(self, start: int, end: int) -> Span:
        """Return of the flat frames [start, end) those in which nothing is seen: a dark picture has some contrast."""
        least = min(self.contrast[start:end]) + _NOTHING
        here = [frame for frame in range(start, end) if self.contrast[frame] <= least]
        return here[0], here[-1] + 1

    def at_once(self, frame: int, way: int) -> bool:
        """Whether most of the contrast that comes within some frames, going `way` (-1, 1), is there in this one."""
        near = [self.contrast[k] for k in range(frame, frame + _SOON * way, way) if 0 <= k < len(self.contrast)]
        if not near or abs(self.light[frame] - self.light[frame - way]) >= _OTHER:  # black and then white
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
        while clean + way in known and self._falls(clean + way, clean):
            clean += way
        first = faintest + way * self.flat(faintest)
        mixed = list(range(first, clean, way))
        if len(mixed) < SHORTEST or self.contrast[clean] < 2 * FLAT:
            return None
        shares = np.array([self.contrast[frame] / self.contrast[clean] for frame in mixed])
        if np.diff([0.0, *shares, 1.0]).max() > _JUMP:
            return None
        goes = self._goes(faintest, mixed, clean, shares) and self._everywhere([*mixed, clean])
        return Fall(mixed, clean) if goes else None

    def _falls(self, frame: int, fainter: int) -> bool:
        """Whether `fainter` shows the same as `frame` beside it, with less contrast."""
        if self.flat(fainter):
            return True
        return self.contrast[fainter] <= _FALLS * self.contrast[frame] and self.alike(fainter, frame) >= _LIKE

    def _goes(self, faintest: int, mixed: Sequence[int], clean: int, shares: Levels) -> bool:
        """Whether the light of frames goes to that of a flat picture, black or white, by the shares they have left."""
        light = np.array([self.light[frame] for frame in mixed])
        goal = float(((1 - shares) * (light - shares * self.light[clean])).sum() / ((1 - shares) ** 2).sum())
        if self.flat(faintest):
            if abs(goal - self.light[faintest]) > _OTHER:
                return False
            goal = self.light[faintest]
        return goal <= _BLACK or goal >= _WHITE

    def _everywhere(self, frames: Sequence[int]) -> bool:
        """Whether contrast is lost all over a picture: what comes in at an edge leaves the rest as it is."""
        seen = [frame for frame in frames if not self.flat(frame)]
        gains = []
        for fainter, frame in pairwise(seen):
            a, b = self.parts(fainter)[1], self.parts(frame)[1]
            textured = b >= _TEXTURED
            ratio = np.log((b[textured] + 0.5) / (a[textured] + 0.5))
            gains.append(float(np.median(ratio)) if len(ratio) >= _PARTS else 0.0)
        least = _EVERYWHERE * float(np.log(self.contrast[seen[-1]] / self.contrast[seen[0]]))
        sharpest = [float(np.sort(self.parts(frame)[1], axis=None)[-_FEW]) + 0.5 for frame in (seen[0], seen[-1])]
        return sum(gains) >= least and float(np.log(sharpest[1] / sharpest[0])) >= least


def spread_of(cells: Cells) -> tuple[float, float]:
    """Return the deviation and the mean of cells, by whole numbers, in a fifth of NumPy's time."""
    size, total, squares = cells.size, round(cv2.norm(cells, cv2.NORM_L1)), round(cv2.norm(cells, cv2.NORM_L2SQR))
    return sqrt(size * squares - total * total) / size, total / size


def fades(scene: Scene, black: Sequence[bool]) -> list[Passage]:
    """Return the fades of a video to black or white and out of it, in order; out, flat and in are one.

    Where one side of it is a cut, the next shot begins there: at its first frame, or after its last one. black: whether
    a frame is; what is so from the first frame on, or to the last, is no part of it.
    """
    lights = Lights(scene)
    found: list[Passage] = []
    frame = 0
    while frame < len(lights.contrast):
        first = frame
        frame += 1
        if not lights.faintest(first):
            continue
        while (
            lights.flat(first)
            and frame < len(lights.contrast)
            and lights.flat(frame)
            and abs(lights.light[frame] - lights.light[frame - 1]) < _OTHER
        ):
            frame += 1
        faint = lights.faint(first, frame)
        out, into = lights.fall(faint[0], -1), lights.fall(faint[1] - 1, 1)
        passage = _passage(lights, faint, out, into, black)
        found += [passage] if passage else []
        frame = max(frame, into.clean) if into else frame
    return found


def with_fades(passages: Sequence[Passage], found: Sequence[Passage]) -> list[Passage]:
    """Return dissolves and fades with the fades found here, in order: of a fade that is known of both, all of it.

    What overlaps a fade otherwise is none: of a dissolve its light was taken for the way to another picture.
    """
    joined = []
    for fade in found:
        over = [one for one in passages if one.kind == "fade" and _meet(one, fade)]
        alone = len(over) == 1 and sum(_meet(over[0], other) for other in found) == 1
        both = _both(fade, over[0]) if alone else fade
        longer = max(fade.whole.start - both.whole.start, both.whole.stop - fade.whole.stop)
        joined.append(fade if longer > _LONGER * len(fade.whole) else both)
    return sorted([*(one for one in passages if not any(_meet(one, fade) for fade in joined)), *joined],
                  key=lambda one: one.start)  # fmt: skip


def _meet(one: Passage, other: Passage) -> bool:
    return one.whole.start < other.whole.stop - 1 and other.whole.start < one.whole.stop - 1


def _both(fade: Passage, known: Passage) -> Passage:
    """Return a fade that is known twice, from its first frame to its last."""
    early, late = (
        min((fade, known), key=lambda one: one.whole.start),
        max((fade, known), key=lambda one: one.whole.stop),
    )
    goes_on = fade.cut_at(fade.boundary) and early.whole.start < fade.boundary < late.whole.stop - 1
    return Passage("fade", early.start, late.end, known.boundary if goes_on else fade.boundary, early.early, late.late)


def _passage(lights: Lights, faint: Span, out: Fall | None, into: Fall | None, black: Sequence[bool]) -> Passage | None:
    """Return the fade over the faint frames [start, end) and what falls to them and rises from them; None for none."""
    count = len(lights.contrast)
    before, after = out.clean if out else faint[0] - 1, into.clean if into else faint[1]
    if not (out or into) or before >= 0 and after < count and lights.alike(before, after) >= _ALIKE:
        return None
    start, end = out.mixed[-1] if out else faint[0], into.mixed[-1] + 1 if into else faint[1]
    if into is None:  # a cut, if the next picture is there at once
        boundary = end - (not lights.at_once(faint[1], 1))
    else:
        boundary = start + (not lights.at_once(faint[0] - 1, -1)) if out is None else into.mixed[0]
    if out and into and lights.flat(faint[0]):
        boundary = sum(faint) // 2
    elif not into and faint[1] == count and all(black[faint[0] :]):  # to the end
        end, boundary = faint[0], faint[0] - 1
    elif not out and faint[0] == 0 and all(black[: faint[1]]):
        start, boundary = faint[1], faint[1] + 1
    seen = (_seen(lights, out, -1), _seen(lights, into, 1))
    return Passage("fade", start + seen[0], end - seen[1], boundary, *seen)


def _seen(lights: Lights, fall: Fall | None, way: int) -> int:
    """Return how many frames of a fall, the brightest, are drawings that are seen by more than half of their light."""
    if fall is None:
        return 0
    cells, half = lights.scene.cells, _HALF * lights.contrast[fall.clean]
    bright = [place for place, frame in enumerate(fall.mixed) if lights.contrast[frame] > half]
    steps = (place for place in bright if redrawn(cells[fall.mixed[place] + way], cells[fall.mixed[place]]))
    return len(fall.mixed) - next(steps, len(fall.mixed))
