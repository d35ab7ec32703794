"""Faint new drawings: changes below the threshold that stay, in a shot whose noise is far lower still.

Noise comes and goes from frame to frame, and an eye that shuts stays shut for some. So two frames before a step and two
after it are held against each other: what counts of a cell is the gap between the values it had before and has after.
Where nearly all steps of a shot leave little of that and a few leave much more, with nothing between, those few begin
drawings, how few they may be.
"""

from collections.abc import Collection, Sequence

import cv2
import numpy as np

from genga.drawings._text.tracks import MaskedGrid, MaskedGrids
from genga.video.luma_grid import Cells

_AROUND = 2  # frames before a step, and after it
_FEWEST = 8  # steps of a shot from which its noise is known
_MOST = 0.6  # part of them that is noise
_APART = 2.0  # times that what stays of a faint drawing is larger than all that noise leaves
_VISIBLE = 6.0  # luma levels from which anybody sees a change
_LEAST = 1.0  # luma levels that noise is taken to leave at least: rounding does
_BETTER = 2  # frames after a new drawing in which encoders go on to better the picture
_BLOCK = (2, 2)


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


def staying_change(seen: MaskedGrids, frame: int) -> float:
    """Return the largest local gap between what cells are in the two frames before the step to `frame` and after it."""
    grids = [seen[near] for near in range(frame - _AROUND, frame + _AROUND)]
    return float(cv2.boxFilter(staying(grids[:_AROUND], grids[_AROUND:]), cv2.CV_32F, _BLOCK).max())


def staying(before: Sequence[MaskedGrid], after: Sequence[MaskedGrid]) -> Cells:
    """Return for each cell the gap between its values in some frames and in others, 0 where they overlap or text is."""
    low, high = (np.stack([grid.cells for grid in part]) for part in (before, after))
    up, down = cv2.subtract(high.min(axis=0), low.max(axis=0)), cv2.subtract(low.min(axis=0), high.max(axis=0))
    gap = np.asarray(cv2.max(up, down), np.uint8)
    for grid in (*before, *after):
        if grid.covered is not None:
            gap[grid.covered] = 0
    return gap


def noise_top(stays: np.ndarray) -> float | None:
    """Return a level above all noise among the steps of a shot (n,), from which the next is far; None if none."""
    ordered = np.maximum(np.sort(stays), _LEAST)
    if len(ordered) < _FEWEST:
        return None
    ratios = ordered[1:] / ordered[:-1]
    fit = (ordered[1:] >= _VISIBLE) & (np.arange(1, len(ordered)) >= _MOST * len(ordered))
    ratios[~fit] = 0
    place = int(ratios.argmax())
    if ratios[place] < _APART:
        return None
    return float(np.sqrt(ordered[place] * ordered[place + 1]))
