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

from genga.drawings._text.again import Before, Rows, again
from genga.drawings._text.finder import lines_in
from genga.drawings.static_tiles import Mask
from genga.images.boxes import Box
from genga.images.image import Luma
from genga.video.luma_grid import BLOCK_CELLS, Cells, block_sums, eight_bits, half, resized

_SIDE = 480  # px, shorter side of the picture that is looked at: the finder learned from such ones
_NEARLY = 1.2  # times that size, up to which a picture may be interpolated to it: 1080 lines are halved before
_WORD = 8  # cells of a row that change where a word comes or goes: 32 px
_UPRIGHT = 16  # cells of a column, where an upright line does
_AROUND = 36  # cells around rows that are looked at again: as far as the finder sees,
_PAIRS = 2  # which looks at this many cells at once, from the first on

Line = dict[str, float]  # a value of LINE


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
        self._before = Before()

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
        self._lines = looked_at_again(luma, bits, rows, self._lines, self._before, upright)
        return self._lines


def _word(changed: Mask, length: int = _WORD, way: int = 1) -> bool:
    """Return whether as much of a row of cells has changed as a short word is long. way: 0 for a column."""
    counts = cv2.reduce(changed.view(np.uint8), way, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    return bool(counts.max() >= length)


def looked_at_again(
    luma: Luma, bits: int, rows: Mask, lines: Sequence[Line], before: Before, upright: bool = False
) -> list[Line]:
    """Return the lines of text in a luma plane (height, width) of which only some `rows` of cells are new.

    Lines that touch those are looked for; of the `lines` found before the others stay. before: what the picture was
    like, which is brought up to date. upright: look for such lines, too.
    """

    def rows_of(line: Line) -> Mask:
        return rows[int(line["y0"] * len(rows)) : int(np.ceil(line["y1"] * len(rows)))]

    def touches(line: Line) -> bool:
        return bool(rows_of(line).any())

    for line in lines:  # of an upright one all is looked at again
        if (line["y1"] - line["y0"]) * luma.shape[0] > (line["x1"] - line["x0"]) * luma.shape[1]:
            upright |= touches(line)
            rows_of(line)[:] |= touches(line)

    found = [line for part in _parts(rows) for line in _found_in(_rows(luma, bits, part), lines, before, upright)]
    stay = ({**line, "again": 1.0} for line in lines if not touches(line))
    return sorted([*stay, *filter(touches, found)], key=lambda line: (line["x0"], line["y0"]))


def _found_in(rows: Rows, lines: Sequence[Line], before: Before, upright: bool) -> Iterator[Line]:
    """The lines in rows of a picture, with how far the letters of each lie where they lay before."""
    old, known = before.put(rows), [rows.box(line) for line in lines]
    for box, sure in _lines_in(rows, upright):
        yield {**rows.shares(box), "sure": sure, "again": again(box, rows.picture, old, known)}


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
    rows = _rows(luma, bits, part)
    return [{**rows.shares(box), "sure": sure} for box, sure in _lines_in(rows, upright)]


def _lines_in(rows: Rows, upright: bool) -> Iterator[tuple[Box, bool]]:
    for (x0, y0, x1, y1), sure in sorted(lines_in(rows.picture)):
        if upright or x1 - x0 >= y1 - y0:
            yield (x0, y0, x1, y1), sure


def _rows(luma: Luma, bits: int, part: tuple[float, float]) -> Rows:
    """The rows of a luma plane between two shares of its height, as the finder sees them."""
    height, width = luma.shape
    scale = _SIDE / min(height, width)
    halvings = max(0, int(np.log2(min(height, width) / _SIDE)))
    unit = 2**halvings  # halving takes whole pairs of rows
    top, end = int(part[0] * height) // unit * unit, min(height, int(np.ceil(part[1] * height / unit)) * unit)
    luma = luma[top:end]
    size = max(1, round((end - top) * scale)), max(1, round(width * scale))
    for _ in range(halvings):
        luma = half(luma)
    means = min(height, width) // unit > _NEARLY * _SIDE  # which take five times as long
    small = resized(luma, size, cv2.INTER_AREA if means else cv2.INTER_LINEAR)
    return Rows(eight_bits(small, bits), top / height, (end - top) / height)
