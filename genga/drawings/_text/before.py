"""What looks for burnt-in text saw before: whether a line has come as a whole since then, or stands as it did.

One picture does not tell a word of few strokes from what is drawn. But a word comes at once or fades in while what is
around it stays, and where its strokes are there were none: of an eye that opens some were there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from genga.drawings.static_tiles import Mask
from genga.images.boxes import Box, containment

Strokes = npt.NDArray[np.uint8]  # (height, width), 1 where there is one
Line = dict[str, float | bool]  # a value of LINE
Found = tuple[Box, bool]  # px of a small picture; whether it is sure

_INSIDE = 0.5  # part of a line within one that was there before
_OLD = 0.2  # px of strokes that were at a line's place before it came, as a part of its own
_CALM = 0.25  # part of the cells around it that change with it
_STANDS = 0.7  # part of its strokes that are where they were, while it stands,
_TOUCH = np.ones((3, 3), np.uint8)  # or a px beside that
_LEAST = 3  # cells around a line


@dataclass
class Before:
    """What looks saw before: strokes, light and dark, in a small picture, and which cells are not as they were then."""

    moved: Mask
    strokes: list[Strokes] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def surely(self, boxes: Sequence[Box], now: Strokes, first: int, height: int) -> list[Found]:
        """Return boxes with whether each is a line that came as a whole since then, or was sure and stands.

        now: light strokes in the rows from `first` on of a picture `height` px high, to which the boxes belong.
        """
        return [(box, self._comes(box, now, first, height) or self._stands(box, now, first, height)) for box in boxes]

    def seen(self, now: Sequence[Strokes], first: int, height: int) -> None:
        """Put strokes of either tone in the place of what was there before."""
        if len(now[0]) >= height:
            self.strokes = [one[:height] for one in now]
        elif self.strokes and self.strokes[0].shape == (height, now[0].shape[1]):
            for old, one in zip(self.strokes, now, strict=True):
                old[first : first + len(one)] = one[: height - first]
        else:  # the size of the picture has changed
            self.strokes = []

    def _old(self, box: Box, own: Strokes, first: int) -> list[Strokes]:
        """What strokes there were in a box; none where that is not known."""
        x0, y0, x1, _ = box
        place = np.s_[first + y0 : first + y0 + len(own), x0:x1]
        return [one[place] for one in self.strokes if one[place].shape == own.shape and own.size]

    def _comes(self, box: Box, now: Strokes, first: int, height: int) -> bool:
        x0, y0, x1, y1 = (
            int(side * len(self.moved) / height) for side in (box[0], box[1] + first, box[2], box[3] + first)
        )
        by = max(_LEAST, min(y1 - y0, x1 - x0))
        near = self.moved[max(0, y0 - by) : y1 + 1 + by, max(0, x0 - by) : x1 + 1 + by]
        inner = self.moved[max(0, y0 - 1) : y1 + 2, max(0, x0 - 1) : x1 + 2]
        calm = int(near.sum()) - int(inner.sum()) <= _CALM * (near.size - inner.size)
        own = now[box[1] : box[3], box[0] : box[2]]
        old = self._old(box, own, first) if calm else []
        return bool(old) and sum(map(cv2.countNonZero, old)) < _OLD * cv2.countNonZero(own)

    def _stands(self, box: Box, now: Strokes, first: int, height: int) -> bool:
        width = now.shape[1]
        known = [
            (int(line["x0"] * width), int(line["y0"] * height), int(line["x1"] * width), int(line["y1"] * height))
            for line in self.lines if line["sure"]
        ]  # fmt: skip
        place = box[0], box[1] + first, box[2], box[3] + first
        own = now[box[1] : box[3], box[0] : box[2]]
        if not (old := self._old(box, own, first)) or not any(containment(place, line) >= _INSIDE for line in known):
            return False
        stands = cv2.countNonZero(cv2.bitwise_and(own, cv2.dilate(old[0], _TOUCH)))
        return stands > 0 and stands >= _STANDS * cv2.countNonZero(own)
