"""Black bars: edges of a video that are black in every frame that is looked at."""

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

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
    """Lines and columns that have been black so far. Filled frame by frame."""

    size: tuple[int, int] | None = None  # of the frames, px
    lines: Values = field(default_factory=lambda: np.zeros(0))  # the most of each, as a multiple of what black may be
    columns: Values = field(default_factory=lambda: np.zeros(0))
    changes: bool = False  # whether frames have several sizes: then none of it counts

    def look(self, plane: Luma, bits: int) -> None:
        """Note a frame's luma (height, width)."""
        height, width = plane.shape
        across, down = max(1, width // _STEP), max(1, height // _STEP)
        lines = lit(cv2.resize(plane, (across, height), interpolation=cv2.INTER_AREA), bits, 1)
        columns = lit(cv2.resize(plane, (width, down), interpolation=cv2.INTER_AREA), bits, 0)
        if self.size is None:
            self.size, self.lines, self.columns = (width, height), lines, columns
        elif self.size != (width, height):
            self.changes = True
        else:
            np.maximum(self.lines, lines, out=self.lines)
            np.maximum(self.columns, columns, out=self.columns)

    def found(self, even: bool) -> Edges:
        """Return how wide the bars are. even: rounded up to whole px of chroma, of which there is one for two."""
        if self.size is None or self.changes:
            return 0, 0, 0, 0
        above, below = ends(self.lines, even)
        left, right = ends(self.columns, even)
        return left, above, right, below


def lit(plane: npt.NDArray[Any], bits: int, axis: int) -> Values:
    """Return for every line (axis 1) or column (axis 0) how far it is from black: up to 1 it is."""
    values = plane.astype(np.float32) / 2 ** (bits - 8)
    bright, uneven = values.mean(axis=axis) / _BLACK, values.std(axis=axis) / _FLAT
    return np.maximum(bright, uneven).astype(np.float64)


def ends(most: Values, even: bool) -> tuple[int, int]:
    """Return how many at the beginning and at the end are black; none if that leaves too little."""
    shown = np.flatnonzero(most > 1)
    if not len(shown):
        return 0, 0
    begin, end = int(shown[0]), int(len(most) - 1 - shown[-1])
    begin, end = (edge + edge % 2 if even else edge for edge in (begin, end))
    begin, end = (edge if edge >= _LEAST else 0 for edge in (begin, end))
    return (begin, end) if len(most) - begin - end >= _PICTURE * len(most) else (0, 0)
