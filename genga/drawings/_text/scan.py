"""Look for burnt-in text in a frame while it is decoded: grids are too coarse for letters, and pixels are not kept.

A look takes some ms, so only frames are looked at in which a line of text may have come or gone: part of a row of cells
as long as a short word has changed, at once or little by little. Where much changes all the time (pans, fast action)
looks keep their distance; and only those rows are looked at that are not as they were at the last look, with as much
around them as a line is high.
What is text: genga.drawings._text.finder. From looks to stretches of frames: genga.drawings._text.tracks.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from genga.drawings._text.finder import lines_in
from genga.drawings.static_tiles import Mask
from genga.images.image import Luma
from genga.video.luma_grid import BLOCK_CELLS, Cells, block_sums, eight_bits, half, resized

_SIDE = 480  # px, shorter side of the picture that is looked at: the finder learned from such ones
_NEARLY = 1.2  # times that size, up to which a picture may be interpolated to it: 1080 lines are halved before
_WORD = 8  # cells of a row that change where a word comes or goes: 32 px
_UPRIGHT = 16  # cells of a column, where an upright line does
_AROUND = 36  # cells around rows that are looked at again: as far as the finder sees,
_PAIRS = 2  # which looks at this many cells at once, from the first on

Line = dict[str, float | bool]  # a value of LINE


class Lookout:
    """Call `look` for each frame in order. Holds what was found in the last look, and what the picture was like."""

    def __init__(self, distance: int, changed: float) -> None:
        """Begin before the first frame.

        distance: frames from one look to the next at least; 0 for no looks at all.
        changed: local difference from which a cell is not as it was, luma code values.
        """
        self._distance = distance
        self._limit = changed * BLOCK_CELLS
        self._since = distance
        self._pending = True  # the first frame is looked at
        self._seen: Cells | None = None  # each row as it was when it was looked at
        self._lines: list[Line] = []

    def look(self, luma: Luma, bits: int, cells: Cells, changed: Mask) -> list[Line] | None:
        """Return the lines of text in a frame, or None if it is not looked at.

        luma: (height, width), of `bits` bits. cells: (rows, columns), its grid. changed: the same, cells that are not
        as in the frame before.
        """
        self._since += 1
        if not self._distance:
            return None
        # A line that fades in makes no step that is a change, so what has come about is asked now and then.
        self._pending = self._pending or _word(changed) or self._since % self._distance == 0
        if not self._pending or self._since < self._distance:
            return None
        self._pending = False
        rows: Mask = np.ones(len(cells), bool)
        upright = True
        if self._seen is None:
            self._seen = cells.copy()
        else:
            other = block_sums(self._seen, cells) > self._limit
            upright = _word(other, _UPRIGHT, 0)
            if not upright and not _word(other):  # all is back where it was
                return None
            rows = np.asarray(other.any(axis=1))
            self._seen[rows] = cells[rows]
        self._since = 0
        self._lines = looked_at_again(luma, bits, rows, self._lines, upright)
        return self._lines


def _word(changed: Mask, length: int = _WORD, way: int = 1) -> bool:
    """Return whether as much of a row of cells has changed as a short word is long. way: 0 for a column."""
    counts = cv2.reduce(changed.view(np.uint8), way, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    return bool(counts.max() >= length)


def looked_at_again(luma: Luma, bits: int, rows: Mask, before: Sequence[Line], upright: bool = False) -> list[Line]:
    """Return the lines of text in a luma plane (height, width) of which only some `rows` of cells are new.

    Lines that touch those are looked for; of those `before` the others stay. upright: look for such lines, too.
    """
    for line in before:  # of an upright one all is looked at again
        if (line["y1"] - line["y0"]) * luma.shape[0] > (line["x1"] - line["x0"]) * luma.shape[1]:
            place = slice(int(line["y0"] * len(rows)), int(np.ceil(line["y1"] * len(rows))))
            upright |= bool(rows[place].any())
            rows[place] |= rows[place].any()

    def touches(line: Line) -> bool:
        return bool(rows[int(line["y0"] * len(rows)) : int(np.ceil(line["y1"] * len(rows)))].any())

    found = [line for part in _parts(rows) for line in lines_of(luma, bits, part, upright) if touches(line)]
    return sorted([*(line for line in before if not touches(line)), *found], key=lambda line: (line["x0"], line["y0"]))


def _parts(rows: Mask) -> Iterator[tuple[float, float]]:
    """Stretches of the rows that are set, each with as much on either side as a line is high; shares of the height."""
    wide = cv2.dilate(rows.view(np.uint8)[:, None], np.ones((2 * _AROUND + 1, 1), np.uint8)).ravel()
    edges = np.flatnonzero(np.diff(wide, prepend=0, append=0))
    for top, end in edges.reshape(-1, 2).tolist():
        yield top // _PAIRS * _PAIRS / len(rows), end / len(rows)


def lines_of(luma: Luma, bits: int, part: tuple[float, float] = (0.0, 1.0), upright: bool = True) -> list[Line]:
    """Return the lines of text in a luma plane (height, width) of `bits` bits.

    part: the rows that are looked at, as shares of the height. upright: whether upright lines are looked for.
    """
    height, width = luma.shape
    scale = _SIDE / min(height, width)
    halvings = max(0, int(np.log2(min(height, width) / _SIDE)))
    unit = 2**halvings  # halving takes whole pairs of rows
    top, end = int(part[0] * height) // unit * unit, min(height, int(np.ceil(part[1] * height / unit)) * unit)
    luma = luma[top:end]
    size = max(1, round(width * scale)), max(1, round((end - top) * scale))
    for _ in range(halvings):
        luma = half(luma)
    means = min(height, width) // unit > _NEARLY * _SIDE  # which take five times as long
    small = resized(luma, size[::-1], cv2.INTER_AREA if means else cv2.INTER_LINEAR)
    first, share = top / height, (end - top) / height
    return [
        {
            "x0": x0 / size[0],
            "y0": first + y0 / size[1] * share,
            "x1": x1 / size[0],
            "y1": first + y1 / size[1] * share,
            "sure": sure,
        }
        for (x0, y0, x1, y1), sure in sorted(lines_in(eight_bits(small, bits)))
        if upright or x1 - x0 >= y1 - y0
    ]
