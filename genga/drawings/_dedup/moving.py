"""New drawings on the way of a camera move: what is left of a step from frame to frame when the move is taken out.

Each frame is aligned with the one before by an affine motion (ECC, as genga.drawings._shots.camera_moves), and both are
brought half the way, so that interpolation blurs the one as much as the other. A line that lies a fraction of a cell
beside where it lay is brighter on one side of it and darker on the other, whatever interpolates; a mouth that opens is
one or the other all over. So both are smoothed first, over about a cell, which leaves a third of the one and four
tenths of the other. What a mere move then leaves is alike from step to step of the move; a mouth leaves more. Where two
frames cannot be aligned, the later one is new.
"""

from collections.abc import Collection, Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from genga.drawings._dedup.shown import Rest, left_by, moved_as_one, shown_in_both
from genga.drawings._text.tracks import MaskedGrids, difference
from genga.drawings.alignment import UNLIKE, Motion, left, motion_of_most, smoothed, spread
from genga.drawings.bimodal_threshold import below_hill, gap_above
from genga.drawings.static_tiles import Field, Mask, gradients, tile_means
from genga.video.luma_grid import Cells

_TIMES = 1.8, 2.5  # what most steps of the move leave, by how much more a new drawing does: a gap between
_BESIDE = 2.0, 2.0  # the same beside what stands still, where every step leaves something
_MOST = 0.25  # quantile of what steps leave, taken for that of the move alone: there may be a new drawing at most steps
_UNKNOWN = 1 / 3  # part of the steps of a move that no motion explains, from which the others do not say what it leaves
LEAST, _ENOUGH = 20.0, 45.0  # block differences between which a new drawing begins, whatever the steps leave
_AROUND, _SAY = 12, 4  # steps on either hand, and how many of them say what comes out beside what stands still
_USUAL = 14.0  # threshold of a shot of the usual contrast
_LAG, _LONGEST = 8, 24  # frames over which what stands still stays as it is, by how fast the camera is
_LEAVES = 3.0  # cells that the picture goes meanwhile
_TEXTURE, _SHARE = 0.03, 0.75  # mean squared gradient of what can be told to stay; part of it that all frames share
_STANDS = 0.25  # part of a jump that the steps before and after it are at most: a camera that sways goes on
_FAINT = 5.0  # what the steps of a move leave from which they may be drawings, where what it leaves lies below
_SPECK = (3, 3)
_SAYS, _BETTER = 1.0, 0.5  # mean square of what standing still leaves of a tile that says something, and part of it
_TOLD = {
    "clear": (_TIMES, _ENOUGH),
    "beside": (_BESIDE, 2 * _ENOUGH),
    "there": (_TIMES, _ENOUGH),
    "behind": (_BESIDE, UNLIKE),
}  # levels, by Rest


def anew(
    seen: MaskedGrids,
    start: int,
    end: int,
    skipped: Collection[int],
    travel: Mapping[int, int],
    threshold: float,
    live: Mask | None,
    over: Mask | None = None,
) -> dict[int, float]:
    """Return the frames of a shot over [start, end) that begin another drawing while the camera moves.

    With what is left of the step to each, luma levels. travel: each frame of a camera move -> the last frame of it.
    threshold: block difference up to which a step is no step at all. live: cells that show the picture, None for all.
    over: those of them that stand still over it all through the video, None for none: a logo, or who is followed.
    """
    share = contrast(threshold)
    moves: dict[int, list[int]] = {}  # by the last frame of each
    for frame in range(start + 1, end):
        if frame in travel and frame not in skipped and frame - 1 not in skipped:
            moves.setdefault(travel[frame], []).append(frame)
    new: dict[int, float] = {}
    for last, shown in moves.items():
        first = max(start, min(frame for frame, end_of in travel.items() if end_of == last))
        layers = Layers(seen, first, min(last + 1, end), live, over)
        steps = [frame for frame in shown if difference(seen[frame - 1], seen[frame]) > threshold]
        rests = rests_of(steps, layers)
        quiet = {frame: layers.moved(frame).clear for frame in shown if frame not in rests}
        new |= faint(quiet, [rest.clear for rest in rests.values()])
        for part, (times, enough) in _TOLD.items():
            own = {frame: rest for frame, rests_ in rests.items() if (rest := getattr(rests_, part)) is not None}
            for frame, rest in own.items():
                around = list(own.values()) if part == "clear" else _coming_out(frame, own)
                if part == "behind" and not around:
                    continue  # nothing says what letters leave over what moves
                usual = 1.0 if part == "behind" else share  # letters are as clear at night
                if rest > least_of_new(times, around, enough * usual, usual, threshold):
                    new[frame] = max(rest, new.get(frame, 0.0))
    return new


def faint(quiet: Mapping[int, float], others: Sequence[float]) -> dict[int, float]:
    """Return which quiet steps of a move begin a drawing, though the threshold of the video is far above its noise.

    As where snow falls before a slow camera: what these leave is a hill of its own above what most of them leave.
    quiet: what steps below the threshold leave, luma levels. others: what the others do.
    """
    most = 1.01 * max(quiet.values(), default=0.0)
    level = below_hill(np.array([*quiet.values(), *(max(rest, most) for rest in others)]), most, _FAINT)
    return {frame: rest for frame, rest in quiet.items() if level < rest}


def _coming_out(frame: int, rests: Mapping[int, float]) -> list[float]:
    """Return what is left beside what stands still, or behind text, in the steps around, if something often is."""
    around = [rest for near, rest in rests.items() if abs(near - frame) <= _AROUND and rest > 0]
    return around if len(around) >= _SAY else []


def least_of_new(
    times: tuple[float, float], rests: Sequence[float], enough: float, share: float, threshold: float
) -> float:
    """Return what a new drawing leaves, by what the steps of a move leave: `rests`, UNLIKE of those not explained."""
    usual = float(np.quantile(rests, _MOST)) if rests else 0.0
    if sum(rest >= UNLIKE for rest in rests) > _UNKNOWN * len(rests):
        usual = 0.0
    level = gap_above(np.array(rests), times[0] * usual, times[1] * usual)
    return min(max(level, LEAST * share, threshold), max(enough, threshold))


def contrast(threshold: float) -> float:
    """Return the part of the usual contrast that a shot of a threshold has, at most 1: at night all drawn is less."""
    return min(1.0, threshold / _USUAL)


def rests_of(steps: Sequence[int], layers: "Layers") -> dict[int, Rest]:
    """Return what the steps of a move leave, by what explains each best: one motion, or one behind what stands still.

    steps: the frames after them. Where something stands still for some of them, that is asked of all.
    """
    rests = {k: layers.moved(k) for k in steps}
    behind = {k: layers.rest(k) for k, rest in rests.items() if rest.clear > LEAST}
    better = {k: rest for k, rest in behind.items() if rest.clear < rests[k].clear}
    if not better:
        return rests
    for k, rest in rests.items():
        if rest.clear <= LEAST and (beside := layers.rest(k).beside) is not None:
            better[k] = rest._replace(beside=min(rest.clear, beside))
    return rests | better


def jumps(seen: MaskedGrids, frame: int, shot: Mapping[str, int | float], threshold: float) -> bool:
    """Whether the picture of a shot changes in the step to a frame, and stands before and after it."""
    if not shot["start"] + 1 < frame < shot["end"] - 1:
        return False
    before, step, after = (difference(seen[near - 1], seen[near]) for near in (frame - 1, frame, frame + 1))
    return step > threshold and max(before, after) <= _STANDS * step


class Layers:
    """The steps of a move over which something may stand still: a title, a frame, a figure that the camera follows.

    What stands still is told by that: cells whose gradients stay as they are over frames in which the picture there
    goes on by so much that its own would have left. It takes no part in aligning the picture, and is compared where
    it is.
    """

    def __init__(self, seen: MaskedGrids, start: int, end: int, live: Mask | None, over: Mask | None = None) -> None:
        """Over the frames [start, end) of a move. live, over: as in `anew`."""
        self._seen, self._start, self._end, self._live = seen, start, end, live
        self._over = over if over is not None and over.any() else None
        self._known: list[Field] = []
        self._motion: Motion | None = None  # of the last step, which is near to that of the next

    def moved(self, frame: int) -> Rest:
        """Return what the step to a frame leaves if all of the picture moves but what stands all through the video."""
        return moved_as_one(self._seen[frame - 1], self._seen[frame], self._live, self._over)

    def rest(self, frame: int) -> Rest:
        """Return what the step to a frame leaves; UNLIKE if nothing stands still, or it is not known what moves."""
        a, b = self._seen[frame - 1], self._seen[frame]
        counts = shown_in_both(a, b, self._live, close=True)
        stands = self._stays(frame, _LAG)
        if self._over is not None:
            stands |= self._over
        if not stands.any():
            return Rest(UNLIKE)
        motion = motion_of_most(a.cells, b.cells, (counts > 0) & ~stands, self._motion)
        self._motion = motion
        if motion is None or not _carries(a.cells, b.cells, counts, motion):
            return Rest(UNLIKE)
        gone = _gone(motion, a.cells.shape)
        lag = int(np.clip(np.ceil(_LEAVES / max(float(np.median(gone)), 0.01)), _LAG, _LONGEST))
        stands = self._stays(frame, lag) & (gone * lag >= _LEAVES)
        if self._over is not None:
            stands |= self._over
        return left_by(a, b, counts, motion, stands, self._over) if stands.any() else Rest(UNLIKE)

    def _stays(self, frame: int, lag: int) -> Mask:
        """The cells that stay as they are over the frames up to, or from, the step to a frame on."""
        spans = (frame - lag, frame), (frame - 1, frame - 1 + lag)
        inside = [span for span in spans if self._start <= span[0] and span[1] < self._end]
        found = np.zeros(self._seen[frame].cells.shape, bool)
        for first, last in inside:
            x, y, squares = (self._sums(last) - self._sums(first - 1)) / (last - first + 1)
            own, common = cv2.blur(squares, _SPECK), cv2.blur(x * x + y * y, _SPECK)
            found |= (own > _TEXTURE) & (common > _SHARE * own)
        if found.any():  # and in the step itself
            before, after = (self._sums(k) - self._sums(k - 1) for k in (frame - 1, frame))
            apart = cv2.blur(((after[:2] - before[:2]) ** 2).sum(axis=0), _SPECK)
            found &= apart < (1 - _SHARE) * cv2.blur(before[2] + after[2], _SPECK)
        return found

    def _sums(self, frame: int) -> Field:
        """Of the gradients of all frames up to one, (3, rows, columns): their x, their y, and their squares."""
        if frame < self._start:
            return np.zeros((3, *self._seen[self._start].cells.shape), np.float32)
        while len(self._known) <= frame - self._start:
            x, y = gradients(self._seen[self._start + len(self._known)].cells)
            one = np.stack([x, y, x * x + y * y])
            self._known.append(self._known[-1] + one if self._known else one)
        return self._known[frame - self._start]


def _carries(a: Cells, b: Cells, counts: Cells, motion: Motion) -> bool:
    """Whether a motion explains two grids better than standing still does all over the picture, and not of a figure."""
    known = left(a, b, counts, motion)
    if known is None:
        return False
    still = cv2.absdiff(smoothed(a), smoothed(b)) * (counts > 0)
    moved, stays = (tile_means(apart * apart, None) for apart in (known[0], still))
    return spread((stays > _SAYS) & (moved < _BETTER * stays))


def _gone(motion: Motion, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """How far a motion takes each cell of a grid of `shape`."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    (a, b, dx), (c, d, dy) = motion.tolist()
    return np.hypot((a - 1) * x + b * y + dx, c * x + (d - 1) * y + dy)
