"""Black bars: edges of a video that are black in every frame that is looked at."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from genga.images.image import Luma

Values = npt.NDArray[np.float64]
Edges = tuple[int, int, int, int]  # px left, above, right, below

_BLACK = 26.0  # 8-bit code value up to which the mean of a black line lies: 16, and what encoders make of it
_FLAT = 5.0  # code values by which its px deviate at most: a subtitle in a bar makes it none
_STEP = 8  # px along a line of which the mean is taken, so that grain over a bar does not count
_LEAST = 2  # px of the narrowest bar
_PICTURE = 0.5  # part of height and width that is picture at least: a night is no bar


@dataclass
class Bars:
    """Lines and columns at the edges that have been black so far. Filled frame by frame."""

    size: tuple[int, int] | None = None  # of the frames, px
    left: int = 0
    above: int = 0
    right: int = 0
    below: int = 0
    changes: bool = False  # whether frames have several sizes: then none of it counts
    clear: bool = False  # whether some have px to see through: nor then

    def look(self, plane: Luma, bits: int, clear: bool = False) -> None:
        """Note a frame's luma (height, width). clear: whether some px are transparent, which are black by chance."""
        height, width = plane.shape
        self.clear |= clear
        if self.size is None:
            self.size, self.left, self.above, self.right, self.below = (width, height), width, height, width, height
        if self.size != (width, height):
            self.changes = True
        else:
            self.above, self.below = black(plane, bits, 1, self.above, self.below)
            self.left, self.right = black(plane, bits, 0, self.left, self.right)

    def found(self, even: bool) -> Edges:
        """Return how wide the bars are. even: rounded up to whole px of chroma, of which there is one for two."""
        if self.size is None or self.changes or self.clear:
            return 0, 0, 0, 0
        width, height = self.size
        above, below = edges(self.above, self.below, height, even)
        left, right = edges(self.left, self.right, width, even)
        return left, above, right, below


def black(plane: Luma, bits: int, axis: int, begin: int, end: int) -> tuple[int, int]:
    """Return how many lines (axis 1) or columns (axis 0) are black before the first and after the last that is not.

    begin, end: so many were in all frames before; the others, between which the picture lies, are not looked at.
    """
    length = plane.shape[1 - axis]
    if begin + end > length:  # nothing has been seen yet
        shown = np.flatnonzero(lit(plane, bits, axis) > 1)
        return (int(shown[0]), length - 1 - int(shown[-1])) if len(shown) else (length, length)
    first, last = (plane[:begin], plane[length - end :]) if axis else (plane[:, :begin], plane[:, length - end :])
    here, there = (
        [] if not part.size else np.flatnonzero(lit(part, bits, axis) > 1).tolist() for part in (first, last)
    )
    return here[0] if here else begin, end - 1 - there[-1] if there else end


def lit(plane: Luma, bits: int, axis: int) -> Values:
    """Return for every line (axis 1) or column (axis 0) of a plane how far it is from black: up to 1 it is."""
    height, width = plane.shape
    size = (max(1, width // _STEP), height) if axis else (width, max(1, height // _STEP))
    values = cv2.resize(plane, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 2 ** (bits - 8)
    bright, uneven = values.mean(axis=axis) / _BLACK, values.std(axis=axis) / _FLAT
    return np.maximum(bright, uneven).astype(np.float64)


def edges(begin: int, end: int, length: int, even: bool) -> tuple[int, int]:
    """Return the bars at the beginning and at the end of `length` lines; none if they leave too little."""
    begin, end = (edge + edge % 2 if even else edge for edge in (begin, end))
    begin, end = (edge if edge >= _LEAST else 0 for edge in (begin, end))
    return (begin, end) if length - begin - end >= _PICTURE * length else (0, 0)


def is_halved(frame: VideoFrame) -> bool:
    """Whether colour has fewer samples than luma, so that edges can only be cut off by two px."""
    parts = frame.format.components
    return len(parts) > 1 and (parts[1].width, parts[1].height) != (parts[0].width, parts[0].height)
