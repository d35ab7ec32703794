"""Faint new drawings: changes below the threshold that stay, in a shot whose noise is far lower still.

Noise comes and goes from frame to frame, and an eye that shuts stays shut for some. So two frames before a step and two
after it are held against each other: what counts of a cell is the gap between the values it had before and has after.
Where nearly all steps of a shot leave little of that and a few leave much more, with nothing between, those few begin
drawings, how few they may be.

**Strong compression** has noise of its own kind: where nothing changed an encoder codes nothing, and most of what it
codes later betters what it changed just before. So the threshold of such a video is far above its small changes; but
of what is new, or stays, where the picture was still before, the largest is taken for a drawing, in a tenth of the
steps at most, and if it is larger than the noise of a step that changes so much of the picture; unless all that is
drawn is far above the threshold.
"""

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

import cv2
import numpy as np

from genga.drawings._dedup.shown import change
from genga.drawings._text.tracks import MaskedGrid, MaskedGrids
from genga.video.luma_grid import Blocks, Cells, Levels

_AROUND = 2  # frames before a step, and after it
_FEWEST = 8  # steps of a shot from which its noise is known
_MOST = 0.6  # part of them that is noise
_APART = 2.0  # times that what stays of a faint drawing is larger than all that noise leaves
_VISIBLE = 6.0  # luma levels from which anybody sees a change
_FAR = 3.0  # times what most steps leave
_LEAST = 1.0  # luma levels that noise is taken to leave at least: rounding does
_BETTER = 2  # frames after a new drawing in which encoders go on to better the picture
_BLOCK = (2, 2)
# Strong compression: levels by which a tenth of the steps below the threshold differ at least, how many times as much
# as the usual one, part of the cells that are just as they were in the usual one, and steps that say so.
_STRONG, _PULSES, _SKIPPED, _ENOUGH = 10.0, 1.4, 0.9, 20
_TENTH = 0.1  # part of these steps that begins a drawing at most
_JUST_ABOVE, _TELL = 2.0, 25  # times the threshold that one of so many drawings is below, or there are no small ones
_LOOKED = 60  # steps looked at for cells that are as they were
# Part of the threshold by which a drawing there differs at least, and that stays of it; parts of what changed within a
# cell in the step before, and in that before it, which may be bettered.
_STEP, _STAYS = 0.6, 0.4
_AT_ONCE, _BETTERED = 0.5, (0.3, 0.1)
# The largest noise of a step, as such a part: times the root of the part of the cells that it changes, and of this.
_LARGEST, _UNCHANGED = 4.7, 0.03
_NEAR = np.ones((3, 3), np.uint8)
_MOUTH = (4, 4)  # cells: a mouth is whole in them, and a drop is little
_BESIDE = np.ones((11, 11), np.uint8)  # cells around a place through which what passes there comes
_WITH_BEFORE = 3  # steps that are kept: each is asked with the two before it


def faint(seen: MaskedGrids, start: int, end: int, apart: Sequence[float], threshold: float,
          unasked: Collection[int]) -> dict[int, float]:  # fmt: skip
    """Return the frames of a shot over [start, end) that begin a drawing too faint for the threshold.

    With how much of the change to each stays, luma levels.

    apart: block difference of each frame of the video to the one before. unasked: frames of which this cannot be said:
    no drawing is at rest, or the encoder began anew and changed the picture all over.
    """
    large = {start, *(frame for frame in range(start + 1, end) if apart[frame] > threshold)}
    settled = {frame + after for frame in large for after in range(_BETTER + 1)}
    asked = [
        frame for frame in range(start + _AROUND, end - _AROUND + 1)
        if frame not in settled and not any(near in unasked for near in range(frame - _AROUND, frame + _AROUND))
    ]  # fmt: skip
    stays = np.array([staying_change(seen, frame) for frame in asked])
    level = noise_top(stays)
    pairs = zip(asked, stays.tolist(), strict=True)
    return {} if level is None else {frame: own for frame, own in pairs if own > level}


def strongly_compressed(
    seen: MaskedGrids, apart: Sequence[float], new: Sequence[float], unasked: Collection[int]
) -> bool:
    """Whether a video's held frames are told from each other as strong compression does: hardly anywhere, and by much.

    apart: block difference of each frame to the one before. new: from which that is a new drawing in its shot. unasked:
    frames of which this cannot be said.
    """
    held = [frame for frame in range(1, len(apart)) if apart[frame] <= new[frame] and frame not in unasked]
    if len(held) < _ENOUGH:
        return False
    usual, large = np.quantile([apart[frame] for frame in held], (0.5, 1 - _TENTH))
    if large < max(_STRONG, _PULSES * usual):
        return False
    some = held[:: -(-len(held) // _LOOKED)]
    return float(np.median([(seen[frame - 1].cells == seen[frame].cells).mean() for frame in some])) >= _SKIPPED


def compressed(seen: MaskedGrids, limits: Sequence[tuple[int, int]], apart: Sequence[float], new: Sequence[float],
               unasked: Collection[int]) -> dict[int, float]:  # fmt: skip
    """Return the frames of a strongly compressed video that begin a drawing, below the threshold.

    With the block difference of each to the frame before. At most a tenth of the steps below it. limits: of the shots.
    Other arguments: those of `strongly_compressed`.
    """
    if not small_changes(apart, new, unasked):
        return {}
    step = lru_cache(_WITH_BEFORE)(lambda frame: change(seen[frame - 1], seen[frame]))
    found = {
        frame: new_where_still(seen, step, start, end, frame) / new[frame]
        for start, end in limits
        for frame in range(start + 1, end)
        if apart[frame] <= new[frame] and frame not in unasked and frame - 1 not in unasked
    }
    level = max(1.0, float(np.quantile(list(found.values()), 1 - _TENTH))) if found else 1.0
    return {frame: apart[frame] for frame, part in found.items() if part > level and part > largest_noise(seen, frame)}


def largest_noise(seen: MaskedGrids, frame: int) -> float:
    """Return how much may be new in a frame by noise alone, as in `new_where_still`.

    The more of the picture an encoder codes anew at once, as where film weaves or grain is left, the larger is the
    largest of what that changes; a small drawing is next to all that changes in its step.
    """
    changed = float((seen[frame - 1].cells != seen[frame].cells).mean())
    return _LARGEST * float(np.sqrt(changed + _UNCHANGED))


def small_changes(apart: Sequence[float], new: Sequence[float], unasked: Collection[int]) -> bool:
    """Whether the drawings of a video may go on below the threshold: hardly, where next to none is just above it.

    apart, new, unasked: as in `strongly_compressed`.
    """
    drawn = [apart[frame] / new[frame] for frame in range(1, len(apart)) if apart[frame] > new[frame]
             and frame not in unasked]  # fmt: skip
    return len(drawn) < _TELL or sum(times < _JUST_ABOVE for times in drawn) > len(drawn) / _TELL


def new_where_still(seen: MaskedGrids, step: Blocks, start: int, end: int, frame: int) -> float:
    """Return how much is new in a frame of a shot over [start, end), 0..: of a drawing, the threshold at least.

    Where the steps before changed the picture, an encoder may better that: so much is not new. step: the mean
    difference of each block of a frame to the one before.
    """
    own = step(frame)
    before = [cv2.dilate(step(near), _NEAR) for near in (frame - 1, frame - 2) if near > start]
    new = float((own - _AT_ONCE * before[0] if before else own).max()) / _STEP
    if not start + _AROUND <= frame <= end - _AROUND:
        return new
    grids = [seen[near] for near in range(frame - _AROUND, frame + _AROUND)]
    stays = cv2.boxFilter(staying(grids[:_AROUND], grids[_AROUND:]), cv2.CV_32F, _BLOCK)
    for part, near in zip(_BETTERED, before, strict=False):
        stays = stays - part * near
    return max(new, float(stays.max()) / _STAYS)


def staying_change(seen: MaskedGrids, frame: int) -> float:
    """Return the largest local gap between what cells are in the two frames before the step to `frame` and after it."""
    grids = [seen[near] for near in range(frame - _AROUND, frame + _AROUND)]
    return float(cv2.boxFilter(staying(grids[:_AROUND], grids[_AROUND:]), cv2.CV_32F, _BLOCK).max())


def staying(before: Sequence[MaskedGrid], after: Sequence[MaskedGrid]) -> Cells:
    """Return for each cell the gap between its values in some frames and in others, 0 where they overlap or text is."""
    return np.asarray(cv2.max(*gaps(before, after)), np.uint8)


def gaps(before: Sequence[MaskedGrid], after: Sequence[MaskedGrid]) -> tuple[Cells, Cells]:
    """Return the same of the cells that get brighter, and of those that get darker."""
    low, high = (np.stack([grid.cells for grid in part]) for part in (before, after))
    up, down = cv2.subtract(high.min(axis=0), low.max(axis=0)), cv2.subtract(low.min(axis=0), high.max(axis=0))
    for grid in (*before, *after):
        if grid.covered is not None:
            up[grid.covered], down[grid.covered] = 0, 0
    return np.asarray(up, np.uint8), np.asarray(down, np.uint8)


def staying_beyond(begun: Sequence[MaskedGrid], ended: Sequence[MaskedGrid], held: int) -> Iterator[float]:
    """Yield for the step to each picture of a shot but the first the most that stays of it beyond those beside it.

    The gap between what cells are in `held` pictures before it and after it, the mean of each block, less what so stays
    around that block of the steps before and after it, the lesser of both. begun, ended: each picture at either end.
    """
    steps: deque[Levels] = deque(maxlen=3)
    around: deque[Levels] = deque(maxlen=3)
    for first in range(1, len(begun)):
        before = [ended[near] for near in range(max(0, first - held), first)]
        after = [begun[near] for near in range(first, min(len(begun), first + held))]
        steps.append(np.maximum(*(cv2.boxFilter(gap, cv2.CV_32F, _MOUTH) for gap in gaps(before, after))))
        around.append(np.asarray(cv2.dilate(steps[-1], _BESIDE)))
        if len(steps) == 3:
            yield float((steps[1] - np.minimum(around[0], around[2])).max())
        elif len(steps) == 1:
            yield float(steps[0].max())
    if len(steps) > 1:
        yield float(steps[-1].max())


def noise_top(stays: np.ndarray) -> float | None:
    """Return a level above all noise among the steps of a shot (n,), from which the next is far; None if none."""
    ordered = np.maximum(np.sort(stays), _LEAST)
    if len(ordered) < _FEWEST:
        return None
    ratios = ordered[1:] / ordered[:-1]
    fit = (ordered[1:] >= _VISIBLE) & (np.arange(1, len(ordered)) >= _MOST * len(ordered))
    ratios[~fit] = 0
    place = int(ratios.argmax())
    levels = [float(np.sqrt(ordered[place] * ordered[place + 1]))] if ratios[place] >= _APART else []
    if len(ordered) >= _ENOUGH:
        levels.append(max(_VISIBLE, _FAR * float(np.quantile(ordered, 1 - _TENTH))))
    return min(levels, default=None)
