"""Runs: consecutive frames of a shot that show one drawing.

A run goes on while its frames differ from its first one by no more than the threshold; compared with the frame before
alone, a slow change would never be seen. Nor does it end where the camera sways: a hand that holds it, or one that
settles, moves the whole picture a little, and where moving it back leaves no more than of a held drawing, it is held
(what goes farther is a camera move, which stage shots finds); nor where the picture creeps on. Frames that show no
drawing (black, or mixed in a dissolve or fade) are in no run. The frames on the way of a camera move are runs of their
own, marked as travel, one for each drawing that is shown.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np

from genga.drawings._dedup.creeping import Creeping
from genga.drawings._dedup.moving import LEAST, contrast, jumps
from genga.drawings._dedup.shown import left_by, shown_in_both
from genga.drawings._dedup.weather import Weather
from genga.drawings._text.tracks import MaskedGrid, MaskedGrids, difference
from genga.drawings.alignment import length, spread, step_and_extent, way_of
from genga.drawings.margins import HELD, Asked
from genga.drawings.static_tiles import Mask, Noise, calm, tile_means
from genga.video.luma_grid import relit

_NONE: dict[int, float] = {}
_AROUND, _SAY = 12, 4  # steps on either hand, and how many of them say what a camera that sways leaves of a step,
_BEYOND = 2.5  # and times that, from which a step is drawn
REACH = 3.0  # cells that the corners of a picture come away by in a camera move, and not where the camera sways
HARDLY = 1.0  # the same where it is a figure alone, before a plain wall, or who jumps
_LIT = 0.3  # part of the tiles in which light changes,
_MOSTLY = 0.5  # and of the difference that it may leave: what it explains little of is drawn
_THROUGH = 0.8  # part of a change that comes through taking out the light around it
_BLOCK = (2, 2)  # cells


@dataclass
class Run:
    """A drawing held over consecutive frames of a shot."""

    shot: int
    frames: list[int]
    distance: float | None = None  # block difference to the drawing before it in the shot; None for the first
    travel: bool = False  # frames on the way of a camera move
    fresh: bool = False  # begins within, or at the end of, a camera move with another drawing than was shown before it
    sways: bool = False  # the camera does: between its frames, more may differ than the threshold
    weather: bool = False  # something passes in front of it: between its frames, more may differ than the threshold
    blends: list[int] = field(default_factory=list)  # frames that mix this drawing with its neighbour
    # Of its frames, whether the drawing before was still held.
    asked: dict[int, Asked] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Sway:
    """What a camera that sways leaves of the difference of two frames once the one is moved back onto the other."""

    noise: Noise  # of the video
    live: Mask  # cells that show the picture
    over: Mask  # those of them that stand still over it all through the video

    def explained(self, a: MaskedGrid, b: MaskedGrid, threshold: float,
                  reach: float = REACH) -> tuple[float, float] | None:  # fmt: skip
        """Return what is left of two frames without what moved the picture or lit it, and what may be; None: neither.

        threshold: block difference from which a drawing is new in their shot. reach: cells that it moved at most.
        """
        rest, level = self.rest(a, b, reach), sway_level(threshold)
        if rest is None or rest > level:
            lit = self.lit(a, b)
            if lit is not None and lit <= _MOSTLY * difference(a, b) and (rest is None or lit <= threshold):
                return lit, threshold
        return None if rest is None else (rest, level)

    def lit(self, a: MaskedGrid, b: MaskedGrid) -> float | None:
        """Return what the light of `b` leaves, 0..255, of a block of cells; None if it is not another all over."""
        known = shown_in_both(a, b, self.live)
        change = known * (b.cells - a.cells.astype(np.float32))
        lit = np.abs(tile_means(change, self.live)) > calm(self.noise)
        if lit.mean() < _LIT or not spread(lit):
            return None
        apart = np.abs(known * (b.cells - relit(a.cells, b.cells)))
        return float(cv2.boxFilter(apart, cv2.CV_32F, _BLOCK).max()) / _THROUGH

    def rest(self, a: MaskedGrid, b: MaskedGrid, reach: float = REACH) -> float | None:
        """Return what moving the whole picture leaves, 0..255, of a block of cells; None if it did not move, or far."""
        counts = shown_in_both(a, b, self.live & ~self.over, close=True)
        found = step_and_extent(a.cells, b.cells, counts > 0, self.noise)
        if found is None:
            return None
        motion, all_over = found
        # Who jumps before a plain wall is another drawing, unless it goes less far than anybody would draw it anew.
        if length(way_of(motion, a.cells.shape)) > (reach if all_over else min(reach, HARDLY)):
            return None
        over = self.over if self.over.any() else None
        return max(one for one in left_by(a, b, counts, motion, over, over) if one is not None)


class Steps:
    """The steps of a shot over [start, end), from frame to frame: what is drawn, whatever the first of a run shows."""

    def __init__(self, seen: MaskedGrids, limit: tuple[int, int], threshold: float, sway: Sway | None) -> None:
        self._seen, (self._start, self._end), self._threshold, self._sway = seen, limit, threshold, sway
        self._rests: dict[int, float | None] = {}

    def drawn(self, frame: int, run: Run) -> bool:
        """Whether the step from a run to the frame after it begins a drawing by itself.

        It is larger than the threshold, also in one light, and no camera that sways explains it; or one of which the
        steps around it leave far less.
        """
        if run.frames[-1] != frame - 1:
            return False
        before, own = self._seen[frame - 1], self._seen[frame]
        if difference(before, own) <= self._threshold:
            return False
        lit = self._sway.lit(before, own) if self._sway else None
        if lit is not None and lit <= self._threshold:
            return False
        rest = self._rest(frame)
        if rest is None or rest > sway_level(self._threshold):
            return True
        near = range(max(self._start + 1, frame - _AROUND), min(self._end, frame + _AROUND + 1))
        around = [one for k in near if k != frame and (one := self._rest(k)) is not None]
        return len(around) >= _SAY and rest > _BEYOND * float(np.median(around))

    def _rest(self, frame: int) -> float | None:
        """Return what moving the whole picture leaves of the step to a frame, see `Sway.rest`."""
        if frame not in self._rests and self._sway:
            self._rests[frame] = self._sway.rest(self._seen[frame - 1], self._seen[frame])
        return self._rests.get(frame)


def sway_level(threshold: float) -> float:
    """Return what moving a held drawing back leaves at most in a shot of a threshold."""
    return LEAST * contrast(threshold)


def runs(
    seen: MaskedGrids,
    shot: Mapping[str, int | float],
    skipped: Collection[int],
    travel: Mapping[int, int],
    threshold: float,
    anew: Mapping[int, float] = _NONE,
    sway: Sway | None = None,
    creeping: Creeping | None = None,
) -> list[Run]:
    """Return the runs of one shot (a row of the shots table) in order.

    skipped: frames that show no drawing. travel: each frame of a camera move -> the last frame of that move, which
    begins a run again; empty where moves are not set apart. threshold: block difference from which a drawing is new.
    anew: frames that begin another drawing, with how far it is from the one before: in a camera move, what the move
    leaves unexplained; a change too faint for the threshold, but above its shot's noise. sway, creeping: None where no
    picture moves.
    """
    found: list[Run] = []
    anchor: MaskedGrid | None = None
    steps = Steps(seen, (int(shot["start"]), int(shot["end"])), threshold, sway)
    for frame in range(int(shot["start"]), int(shot["end"])):
        if frame in skipped:
            continue
        picture = seen[frame]
        distance = None if anchor is None else difference(anchor, picture)
        before = found[-1] if distance is not None and not found[-1].travel else None
        level = threshold
        far = distance is not None and distance > threshold and frame not in anew and travel.get(frame, frame) == frame
        rest = None
        if far and before and anchor and sway:
            reach = HARDLY if jumps(seen, frame, shot, threshold) else REACH
            rest = sway.explained(anchor, picture, threshold, reach)
        if rest is not None and before is not None:
            distance, level = rest
            before.sways |= distance <= level
        crept = None
        if far and before and creeping and (rest is None or rest[0] > rest[1]):
            crept = creeping.held(frame, before.frames[0], threshold)
            if crept is not None:
                (distance, level), anchor = crept, picture
        near = before if distance is not None and distance <= level and frame not in anew else None
        if near is not None and (crept is not None or not steps.drawn(frame, near)):
            near.frames.append(frame)
        elif distance is not None and travel.get(frame, frame) > frame:
            if not found[-1].travel or frame in anew:
                found.append(Run(int(shot["shot"]), [], anew.get(frame, distance), travel=True, fresh=frame in anew))
            found[-1].frames.append(frame)
        else:
            found.append(Run(int(shot["shot"]), [frame], anew.get(frame, distance), fresh=frame in anew))
            anchor = picture
        if distance is not None and before is not None and not found[-1].travel:
            found[-1].asked[frame] = Asked(HELD, before.frames[0], distance, level)
    return found


def runs_in_weather(wet: Weather, shot: Mapping[str, int | float], skipped: Collection[int]) -> list[Run]:
    """Return the runs of one shot in order, by what it shows without its weather. shot, skipped: as in `runs`."""
    found: list[Run] = []
    for frame in range(int(shot["start"]), int(shot["end"])):
        if frame in skipped:
            continue
        if found and frame not in wet.begins and not wet.drifts(found[-1].frames[0], frame):
            found[-1].frames.append(frame)
        else:
            found.append(Run(int(shot["shot"]), [frame], wet.begins.get(frame, 0.0) if found else None, weather=True))
    return found
