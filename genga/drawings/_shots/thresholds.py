"""The block difference that divides held frames from new drawings: of a video, and of each of its shots.

It follows the noise of the video (genga.drawings.bimodal_threshold), and the contrast of the shot: at night a mouth
moves fewer levels.
"""

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from genga.drawings._shots.events import Event, Passage, Span
from genga.drawings.bimodal_threshold import below_hill, valley

_WIDE = 0.3  # fraction of the picture from which a change is not a figure's alone
# Block differences between which the threshold is looked for, and the one that suits most videos (docs/frames.md).
_USUAL, _LOW, _HIGH = 14.0, 8.0, 32.0
_BETTER = 2  # frames after a change in which encoders go on to better the picture
_FAINT = 5.0  # block difference from which the changes of a shot may be drawings, where its noise lies below
_CONTRAST = 30.0  # deviation of luma from which a shot has the contrast that the levels above are for,
_DULLEST = 0.2  # and part of it below which less makes no difference


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
) -> float:
    """Return the block difference that divides held frames from new drawings in this video, at the usual contrast.

    scale: the contrast of each frame's shot. noise: what grain alone does not reach
    (genga.drawings.static_tiles.block_noise). swaying: frames before which a camera swayed.
    """
    still = np.ones(len(frames), bool)
    still[list(swaying)] = False
    for start, end in [(event.start, event.end) for event in (*passages, *travels)]:
        still[start : end + 1] = False
    still &= frames["spread"].to_numpy() < _WIDE
    local = frames["change"].to_numpy()[still] / scale[still]
    low = max(_LOW, noise / float(np.median(scale)) if len(scale) else noise)
    return valley(local, max(_USUAL, low), low, max(_HIGH, low * 1.25))


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
