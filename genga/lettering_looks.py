"""Look for burnt-in text in a frame while it is decoded: grids are too coarse for letters, and pixels are not kept.

A look takes some ms, so only frames are looked at in which a line of text may have come or gone: part of a row of cells
as long as a short word has changed. Where much changes all the time (pans, fast action) looks keep their distance.
What is text: genga.textcover. From looks to stretches of frames: genga.lettering.
"""

import cv2
import numpy as np
import polars as pl

from genga.boxes import Box, around, containment
from genga.cells import eight_bits, half, resized
from genga.structure import Mask
from genga.textcover import lines_in, stroke_masks
from genga.video import Luma

LINE = pl.Struct(
    {
        **{side: pl.Float64 for side in ("x0", "y0", "x1", "y1")},  # shares of the picture's width and height, 0..1
        "sure": pl.Boolean,  # whether it has as many strokes as only text has
    }
)
Line = dict[str, float | bool]  # a value of LINE

_SIDE = 480  # px, shorter side of the picture that is looked at: textcover's lengths are in px of it
_NEARLY = 1.2  # times that size, up to which a picture may be interpolated to it: 1080 lines are halved before
_WORD = 8  # cells of a row that change where a word comes or goes: 32 px
_INSIDE = 0.5  # part of a line within another that makes them one: strokes of either tone, sure and unsure
_FEW, _FAR = 6, 25  # strokes of the shortest words, and px between words, of lines that are not sure


class Lookout:
    """Call `look` for each frame in order. Holds which frames were looked at, nothing else."""

    def __init__(self, distance: int) -> None:
        """distance: frames from one look to the next at least; 0 for no looks at all."""
        self._distance = distance
        self._since = distance
        self._pending = True  # the first frame is looked at

    def look(self, luma: Luma, bits: int, changed: Mask) -> list[Line] | None:
        """Return the lines of text in a frame, or None if it is not looked at.

        luma: (height, width), of `bits` bits. changed: (rows, columns) cells that are not as in the frame before.
        """
        self._since += 1
        self._pending = self._pending or _word(changed)
        if not self._distance or not self._pending or self._since < self._distance:
            return None
        self._since, self._pending = 0, False
        return lines_of(luma, bits)


def _word(changed: Mask) -> bool:
    """Return whether as much of a row of cells has changed as a short word is long."""
    counts = cv2.reduce(changed.view(np.uint8), 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    return bool(counts.max() >= _WORD)


def lines_of(luma: Luma, bits: int) -> list[Line]:
    """Return the lines of text in a luma plane (height, width) of `bits` bits."""
    height, width = luma.shape
    scale = _SIDE / min(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    while min(luma.shape) // 2 >= _SIDE:
        luma = half(luma)
    means = min(luma.shape) > _NEARLY * _SIDE  # which take five times as long
    small = resized(luma, size[::-1], cv2.INTER_AREA if means else cv2.INTER_LINEAR)
    masks = stroke_masks(eight_bits(small, bits))
    lines: list[tuple[Box, bool]] = []
    for box, sure in [
        *((box, True) for box in lines_in(masks)),
        *((box, False) for box in lines_in(masks, _FEW, _FAR)),
    ]:
        same = [line for line in lines if max(containment(line[0], box), containment(box, line[0])) >= _INSIDE]
        lines = [line for line in lines if line not in same]
        lines.append((around([box, *(line[0] for line in same)]), sure or any(line[1] for line in same)))
    return [
        {"x0": x0 / size[0], "y0": y0 / size[1], "x1": x1 / size[0], "y1": y1 / size[1], "sure": sure}
        for (x0, y0, x1, y1), sure in sorted(lines)
    ]
