"""The block difference that divides held frames from new drawings: of a video, and of each of its shots.

It follows the noise of the video (genga.drawings.bimodal_threshold), and the contrast of the shot: at night a mouth
moves fewer levels.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt
import polars as pl

from genga.drawings._shots.events import Event, Passage, Span
from genga.drawings.bimodal_threshold import below_hill, valley
from genga.video.luma_grid import BLOCK_CELLS, Grids, block_sums

_WIDE = 0.3  # fraction of the picture from which a change is not a figure's alone
# Block differences between which the threshold is looked for, and the one that suits most videos
# (docs/frames-in-detail.md).
_USUAL, _LOW, _HIGH = 14.0, 8.0, 32.0
_BETTER = 2  # frames after a change in which encoders go on to better the picture
_FAINT = 5.0  # block difference from which the changes of a shot may be drawings, where its noise lies below
_CONTRAST = 30.0  # deviation of luma from which a shot has the contrast that the levels above are for,
_DULLEST = 0.2  # and part of it below which less makes no difference
# What an encoder betters: block differences that are asked about, frames in which a change may have been there before,
# how many times as large it was, cells around it, part of the cells that are as they were, part of the step that may be
# new elsewhere, and steps of a video, and of a shot, from which they say what noise comes to.
_ASKED, _LATELY, _LARGER, _AROUND = (4.0, 64.0), 3, 3.0, 3
_AS_WERE, _ELSEWHERE, _TELL, _OWN = 0.8, 0.8, 8, (2, 3)
_OFTEN = 0.1  # part of a shot's steps of which the fewer are enough
_TIMES = 1.25  # as much as their middle noise comes to at least, and the threshold may be above the usual one,
_DRAWN = 0.01  # and to the largest at most, but for this part of them, which may be drawn all the same
_NEAR = np.ones((2 * _AROUND + 1, 2 * _AROUND + 1), np.uint8)
_NONE: dict[int, float] = {}


def contrasts(frames: pl.DataFrame, limits: Sequence[Span]) -> npt.NDArray[np.float64]:
    """Return for each frame the contrast of its shot as a part of the usual one, 0.2..1.

    frames: the frames table. limits: of each shot.
    """
    contrast = frames["contrast"].to_numpy()
    return np.concatenate([
        np.full(end - start, np.clip(np.median(contrast[start:end]) / _CONTRAST, _DULLEST, 1)) for start, end in limits
    ])  # fmt: skip


def threshold(
    frames: pl.DataFrame,
    scale: npt.NDArray[np.float64],
    passages: Sequence[Passage],
    travels: Sequence[Event],
    noise: float = 0.0,
    swaying: Collection[int] = (),
    bettered: Mapping[int, float] = _NONE,
) -> float:
    """Return the block difference that divides held frames from new drawings in this video, at the usual contrast.

    scale: the contrast of each frame's shot. noise: what grain alone does not reach
    (genga.drawings.static_tiles.block_noise). swaying: frames before which a camera swayed. bettered: see
    `bettering`. Of enough of these the threshold is above most, not above all: what is larger than noise may be drawn.
    """
    still = np.ones(len(frames), bool)
    still[list(swaying)] = False
    for start, end in [(event.start, event.end) for event in (*passages, *travels)]:
        still[start : end + 1] = False
    still &= frames["spread"].to_numpy() < _WIDE
    local = frames["change"].to_numpy()[still] / scale[still]
    low = max(_LOW, noise / float(np.median(scale)) if len(scale) else noise)
    left = [step / float(scale[frame]) for frame, step in bettered.items()]
    if len(left) < _TELL:
        return valley(local, max(_USUAL, low), low, max(_HIGH, low * 1.25))
    low = max(low, _TIMES * float(np.median(left)))
    known = float(np.sort(left)[-1 - int(_DRAWN * len(left))])
    return valley(local, max(_USUAL, low), low, max(_TIMES * _USUAL, low, known))


def bettering(cells: Grids, change: Sequence[float], noise: float = 0.0) -> dict[int, float]:
    """Return the frames in which an encoder betters what changed just before -> block difference to the frame before.

    An encoder spends little on a new picture and more on those after it, if that goes on. So a step that is noise is
    where much more has changed in one of the steps before, next to nothing is new elsewhere, and most cells are as they
    were. What is drawn hardly ever is. So these say what noise comes to, where few frames are held, too.

    change: block difference of each frame to the one before. noise: what grain alone does not reach
    (genga.drawings.static_tiles.block_noise).
    """
    found: dict[int, float] = {}
    for frame in range(2, len(change)):
        own, first = change[frame], max(1, frame - _LATELY)
        if not _ASKED[0] <= own <= min(_ASKED[1], max(change[first:frame]) / _LARGER):
            continue
        grids = [cells[near] for near in range(first - 1, frame + 1)]
        others = np.count_nonzero(cv2.absdiff(grids[-2], grids[-1]) > noise)
        if others > (1 - _AS_WERE) * grids[-1].size:
            continue
        step = block_sums(*grids[-2:])
        before = cv2.dilate(np.maximum.reduce([block_sums(a, b) for a, b in pairwise(grids[:-1])]), _NEAR)
        if step[before < _LARGER * step].max(initial=0) < _ELSEWHERE * BLOCK_CELLS * own:
            found[frame] = own
    return found


def noisy(limit: Span, bettered: Mapping[int, float]) -> bool:
    """Whether enough is bettered in a shot that the noise of the video is its noise, too. bettered: see `bettering`."""
    known = sum(frame in bettered for frame in range(*limit))
    return known >= (_OWN[0] if known >= _OFTEN * (limit[1] - limit[0]) else _OWN[1])


def shot_threshold(change: Sequence[float], limit: Span, level: float, moving: Sequence[Span]) -> float:
    """Return the block difference that divides held frames from new drawings in a shot: the video's, `level`, or less.

    Less where the shot has changes of its own below it: a mouth in the dark moves fewer levels than noise elsewhere.
    The frames after a larger change are not asked: an encoder spends them on making the new picture better.
    """
    start, end = limit
    large = {start, *(frame for frame in range(start + 1, end) if change[frame] > level)}
    better = {frame + after for frame in large for after in range(1, _BETTER + 1)} - large
    moved = {frame for a, b in moving for frame in range(a, b + 1)}
    steps = [change[frame] for frame in range(start + 1, end) if frame not in moved | better]
    return below_hill(np.array(steps, np.float64), level, _FAINT)
