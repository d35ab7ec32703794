"""How a clip moves, as animation does: figures of its frames alone, each to be held against those of drawn clips.

A drawing that stands for three frames is animation, one that stands for all of a clip is a model that has forgotten how
to move: so no figure is good or bad by itself, and none takes stillness for quality. Frames are compared as luma at one
size, `LINES` high, so that clips of any size can be compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from genga.images.image import Image

Lumas = npt.NDArray[np.float32]  # (frames, height, width), code values 0..255

LINES = 96  # px of the shorter side
BLOCK = 8  # px of a block's sides: what is smaller and stands still is no motion
STILL = 3.0  # mean difference of a block, code values, up to which it stands still
_FASTEST = 0.05  # share of the pixels that go the farthest, whose way is the clip's


@dataclass(frozen=True)
class Motion:
    """Figures of a clip."""

    dynamics: float  # way of what moves most, in shares of the shorter side a second, the mean over its steps
    held: float  # share of the steps in which nothing moves
    longest_hold: int  # frames that its longest held picture stands; all of them: it is frozen
    flicker: float  # code values by which pixels leave what they are before and after, and come back; the mean
    warping: float  # code values that are left between a frame and the one before it brought to its place; the mean


def motion(frames: Sequence[Image], rate: float) -> Motion:
    """Return the figures of a clip.

    rate: frames a second at which it plays. Raises ValueError for fewer than two frames.
    """
    if len(frames) < 2:
        raise ValueError(f"a clip of {len(frames)} frame has no motion")
    lumas = lumas_of(frames)
    steps = list(zip(lumas, lumas[1:], strict=False))
    still = [largest_block(a, b) <= STILL for a, b in steps]
    back = [None if s else flow(b, a) for s, (a, b) in zip(still, steps, strict=True)]
    on = [None if s else flow(a, b) for s, (a, b) in zip(still, steps, strict=True)]
    before = [moved(a, way) for (a, _), way in zip(steps, back, strict=True)]  # at the place of the second
    after = [moved(b, way) for (_, b), way in zip(steps, on, strict=True)]  # at the place of the first
    ways = [0.0 if way is None else farthest(way) * rate / min(lumas.shape[1:]) for way in back]
    return Motion(
        dynamics=float(np.mean(ways)),
        held=float(np.mean(still)),
        longest_hold=longest_run(still),
        flicker=flicker(np.stack(before[:-1]), lumas[1:-1], np.stack(after[1:])) if len(lumas) > 2 else 0.0,
        warping=float(np.mean([np.abs(a - b).mean() for a, b in zip(before, lumas[1:], strict=True)])),
    )


def lumas_of(frames: Sequence[Image]) -> Lumas:
    """Return frames as luma, the shorter side LINES px."""
    height, width = frames[0].shape[:2]
    scale = LINES / min(height, width)
    size = max(LINES, round(width * scale)), max(LINES, round(height * scale))
    shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    return np.stack([cv2.resize(one, size, interpolation=shrink) for one in grey]).astype(np.float32)


def largest_block(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """Return the largest mean difference over blocks of two lumas, code values."""
    return float(cv2.blur(np.abs(a - b), (BLOCK, BLOCK)).max())


def longest_run(still: Sequence[bool]) -> int:
    """Return how many frames the longest held picture stands, of what each step says: does nothing move?"""
    longest = run = 1
    for one in still:
        run = run + 1 if one else 1
        longest = max(longest, run)
    return longest


def flicker(before: Lumas, now: Lumas, after: Lumas) -> float:
    """Return by how much pixels leave the range between their neighbours in time, code values, the mean.

    before, after: the neighbours, brought to the place of `now`. Nothing leaves it where a thing stands, goes by or is
    uncovered: it does where single frames are darker, lighter, or other drawings.
    """
    above = now - np.maximum(before, after)
    below = np.minimum(before, after) - now
    return float(np.maximum(0.0, np.maximum(above, below)).mean())


def flow(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the way of each pixel of `a` to its place in `b`: (height, width, 2), px (Kroeger et al. 2016, DIS)."""
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return finder.calc(a.round().astype(np.uint8), b.round().astype(np.uint8), np.zeros((*a.shape, 2), np.float32))  # type: ignore[return-value]


def moved(luma: npt.NDArray[np.float32], way: npt.NDArray[np.float32] | None) -> npt.NDArray[np.float32]:
    """Return a luma brought to the place of another. way: of that one's pixels to this one's; None: nothing moved."""
    if way is None:
        return luma
    rows, columns = np.mgrid[: luma.shape[0], : luma.shape[1]].astype(np.float32)
    where = columns + way[..., 0], rows + way[..., 1]
    return cv2.remap(luma, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[return-value]


def farthest(way: npt.NDArray[np.float32]) -> float:
    """Return the mean way of the pixels that go the farthest, px."""
    ways = np.sort(np.hypot(way[..., 0], way[..., 1]), axis=None)
    return float(ways[-max(1, round(_FASTEST * ways.size)) :].mean())
