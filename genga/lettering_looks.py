"""Look for burnt-in text in a frame while it is decoded: grids are too coarse for letters, and pixels are not kept.

A look takes some ms, so only frames are looked at in which a line of text may have come or gone: part of a row of cells
as long as a short word has changed. Where much changes all the time (pans, fast action) looks keep their distance.
What is text: genga.textcover. From looks to stretches of frames: genga.lettering.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import polars as pl

from genga.boxes import Box, around, containment
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

    def look(self, halves: Sequence[Luma], bits: int, changed: Mask) -> list[Line] | None:
        """Return the lines of text in a frame, or None if it is not looked at.

        halves: its luma and halves of it. changed: (rows, columns) cells that are not as in the frame before.
        """
        self._since += 1
        self._pending |= int(np.count_nonzero(changed, axis=1).max()) >= _WORD
        if not self._distance or not self._pending or self._since < self._distance:
            return None
        self._since, self._pending = 0, False
        return lines_of(halves, bits)


def lines_of(halves: Sequence[Luma], bits: int) -> list[Line]:
    """Return the lines of text in a luma plane (height, width) of `bits` bits. halves: see genga.cells.halvings."""
    height, width = halves[0].shape
    scale = _SIDE / min(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    plane = next((half for half in reversed(halves) if min(half.shape) >= _SIDE), halves[0])
    means = min(plane.shape) > _NEARLY * _SIDE  # which take five times as long
    small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA if means else cv2.INTER_LINEAR)
    small = (small >> (bits - 8)).astype(np.uint8)  # type: ignore[operator]
    masks = stroke_masks(small)
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
