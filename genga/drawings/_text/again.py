"""Whether the letters of a line lay where they lie at the look before: px for px, as those of two lines never do.

What stands out from the ground of a line, lighter or darker than what is around it, is its letters, whatever the
ground: the picture's top hat, and its black one (Serra 1982, "Image Analysis and Mathematical Morphology").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from genga.drawings._text.finder import Grey
from genga.drawings.static_tiles import cosine
from genga.images.boxes import Box, area, iou, within

_TONES = cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT
_SAME_PLACE = 0.5  # intersection over union of two boxes of one line
_THIN = 2  # times as high as a stroke is thick is a line at least

Floats = npt.NDArray[np.float32]  # (height, width)


@dataclass(frozen=True)
class Rows:
    """Some rows of a picture, as small as it is looked at."""

    picture: Grey
    top: float  # where they begin, and how high they are: shares of the picture's height
    high: float

    def shares(self, box: Box) -> dict[str, float]:
        """Where a box in px of the rows is, in shares of the picture."""
        x0, y0, x1, y1 = box
        height, width = self.picture.shape
        down = self.high / height
        return {"x0": x0 / width, "y0": self.top + y0 * down, "x1": x1 / width, "y1": self.top + y1 * down}

    def box(self, shares: Mapping[str, float]) -> Box:
        """The same back: what lies in the rows."""
        height, width = self.picture.shape
        y0, y1 = (round((shares[side] - self.top) / self.high * height) for side in ("y0", "y1"))
        return within((round(shares["x0"] * width), y0, round(shares["x1"] * width), y1), (0, 0, width, height))


class Before:
    """The picture as small as that, each row of it as it was when it was last looked at."""

    def __init__(self) -> None:
        self._picture: Grey | None = None

    def put(self, rows: Rows) -> Grey:
        """Put rows in their place, and return those that were there; where nothing is known, black."""
        count, width = rows.picture.shape
        if self._picture is None:
            self._picture = np.zeros((round(count / rows.high), width), np.uint8)
        top = min(round(rows.top * len(self._picture)), len(self._picture) - count)
        old = self._picture[top : top + count].copy()
        self._picture[top : top + count] = rows.picture
        return old


def again(box: Box, now: Grey, before: Grey, lines: Sequence[Box]) -> float:
    """Return how far the letters of a line lie where they lay before, by the tone that says more; correlation, -1..1.

    box: of the line, in px of the pictures `now` and `before`, which are of one size. lines: of the picture before: of
    one that is longer by now, as one that is typed, what was there is asked.
    """
    shared = (within(box, line) for line in lines if iou(box, line) >= _SAME_PLACE)
    x0, y0, x1, y1 = max(shared, key=area, default=box)
    stroke = max(3, min(x1 - x0, y1 - y0) // _THIN | 1)
    around = cv2.getStructuringElement(cv2.MORPH_RECT, (stroke, stroke))

    def letters(picture: Grey, tone: int) -> Floats:
        out = cv2.morphologyEx(picture[y0:y1, x0:x1], tone, around).astype(np.float32)
        return np.asarray(out - out.mean(), np.float32)

    return max(cosine(letters(now, tone), letters(before, tone)) for tone in _TONES)
