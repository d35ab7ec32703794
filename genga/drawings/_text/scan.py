"""Look for burnt-in text in a frame while it is decoded: grids are too coarse for letters, and pixels are not kept.

A look takes some ms, so only frames are looked at in which a line of text may have come or gone: part of a row of cells
as long as a short word has changed, at once or little by little. Where much changes all the time (pans, fast action)
looks keep their distance; and only those rows are looked at that are not as they were at the last look, with as much
around them as a line is high.
What is text: genga.drawings._text.detect. From looks to stretches of frames: genga.drawings._text.tracks.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from genga.drawings._text.before import Before, Found, Line
from genga.drawings._text.detect import lines_in, stroke_masks, turned
from genga.drawings.static_tiles import Mask
from genga.images.boxes import Box, around, containment
from genga.images.image import Luma
from genga.video.luma_grid import BLOCK_CELLS, Cells, block_sums, eight_bits, half, resized

_SIDE = 480  # px, shorter side of the picture that is looked at: textcover's lengths are in px of it
_NEARLY = 1.2  # times that size, up to which a picture may be interpolated to it: 1080 lines are halved before
_WORD = 8  # cells of a row that change where a word comes or goes: 32 px
_UPRIGHT = 16  # cells of a column, where an upright line does
_AROUND = 18  # cells around rows that are looked at again: a line is at most 54 px high, and strokes are judged by 11
_INSIDE = 0.5  # part of a line within another that makes them one: strokes of either tone, sure and unsure
_FEW, _FAR = 6, 25  # strokes of short words, and px between words, of lines that are not sure;
_FEWEST, _SHORT = 4, 1.5  # of the shortest, and how many times as long as high they are: "No." or two characters,
_ABOVE, _BELOW = 0.14, 0.78  # which are looked for where subtitles stand, shares of the height


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
        self._before: Before | None = None

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
        if self._seen is None or self._before is None:
            self._seen, self._before = cells.copy(), Before(np.ones(cells.shape, bool))
        else:
            other = block_sums(self._seen, cells) > self._limit
            upright = _word(other, _UPRIGHT, 0)
            if not upright and not _word(other):  # all is back where it was
                return None
            rows, self._before.moved = np.asarray(other.any(axis=1)), other
            self._seen[rows] = cells[rows]
        self._since = 0
        self._before.lines = looked_at_again(luma, bits, rows, self._before, upright)
        return self._before.lines


def _word(changed: Mask, length: int = _WORD, way: int = 1) -> bool:
    """Return whether as much of a row of cells has changed as a short word is long. way: 0 for a column."""
    counts = cv2.reduce(changed.view(np.uint8), way, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    return bool(counts.max() >= length)


def looked_at_again(luma: Luma, bits: int, rows: Mask, before: Before, upright: bool = False) -> list[Line]:
    """Return the lines of text in a luma plane (height, width) of which only some `rows` of cells are new.

    Lines that touch those are looked for; of those `before` the others stay. upright: look for such lines, too.
    """
    for line in before.lines:  # of an upright one all is looked at again
        if (line["y1"] - line["y0"]) * luma.shape[0] > (line["x1"] - line["x0"]) * luma.shape[1]:
            place = slice(int(line["y0"] * len(rows)), int(np.ceil(line["y1"] * len(rows))))
            upright |= bool(rows[place].any())
            rows[place] |= rows[place].any()

    def touches(line: Line) -> bool:
        return bool(rows[int(line["y0"] * len(rows)) : int(np.ceil(line["y1"] * len(rows)))].any())

    found = [line for part in _parts(rows) for line in lines_of(luma, bits, part, upright, before) if touches(line)]
    return sorted(
        [*(line for line in before.lines if not touches(line)), *found], key=lambda line: (line["x0"], line["y0"])
    )


def _parts(rows: Mask) -> Iterator[tuple[float, float]]:
    """Stretches of the rows that are set, each with as much on either side as a line is high; shares of the height."""
    wide = cv2.dilate(rows.view(np.uint8)[:, None], np.ones((2 * _AROUND + 1, 1), np.uint8)).ravel()
    edges = np.flatnonzero(np.diff(wide, prepend=0, append=0))
    for top, end in edges.reshape(-1, 2).tolist():
        yield top / len(rows), end / len(rows)


def lines_of(
    luma: Luma, bits: int, part: tuple[float, float] = (0.0, 1.0), upright: bool = True, before: Before | None = None
) -> list[Line]:
    """Return the lines of text in a luma plane (height, width) of `bits` bits.

    part: the rows that are looked at, as shares of the height. upright: whether upright lines are looked for. before:
    what the last looks saw, which this one is added to.
    """
    height, width = luma.shape
    scale = _SIDE / min(height, width)
    halvings = max(0, int(np.log2(min(height, width) / _SIDE)))
    unit = 2**halvings  # halving takes whole pairs of rows
    top, end = int(part[0] * height) // unit * unit, min(height, int(np.ceil(part[1] * height / unit)) * unit)
    luma = (
        luma[top:end].copy() if halvings else luma[top:end]
    )  # two lines at a time are read from there in half as long
    size = max(1, round(width * scale)), max(1, round((end - top) * scale))
    for _ in range(halvings):
        luma = half(luma)
    means = min(height, width) // unit > _NEARLY * _SIDE  # which take five times as long
    small = resized(luma, size[::-1], cv2.INTER_AREA if means else cv2.INTER_LINEAR)
    masks = stroke_masks(eight_bits(small, bits))

    def outer(box: Box) -> bool:
        return not _ABOVE < top / height + (box[1] + box[3]) / 2 / size[1] * (end - top) / height < _BELOW

    above, below = ((share * height - top) / (end - top) * size[1] for share in (_ABOVE, _BELOW))
    inner = int(above) + 1, int(below)
    tones, at, high = [one.mask[:, 1:-1] for one in masks], round(top * scale), round(height * scale)

    def likely(boxes: Sequence[Box]) -> list[Found]:
        return before.surely(boxes, tones[0], at, high) if before else [(box, False) for box in boxes]

    lines = joined([
        *((box, True) for box in lines_in(masks)),
        *likely(lines_in(masks, _FEW, _FAR)),
        *((box, False) for box in lines_in(masks, _FEWEST, _FAR, _SHORT, inner) if outer(box)),
    ])  # fmt: skip
    if upright:
        columns = [turned(one) for one in masks]
        lines = crossed(lines, joined([
            *((_turned(box), True) for box in lines_in(columns)),
            *likely([_turned(box) for box in lines_in(columns, _FEW, _FAR)]),
        ]))  # fmt: skip
    if before:
        before.seen(tones, at, high)
    first, share = top / height, (end - top) / height
    return [
        {
            "x0": x0 / size[0],
            "y0": first + y0 / size[1] * share,
            "x1": x1 / size[0],
            "y1": first + y1 / size[1] * share,
            "sure": sure,
        }
        for (x0, y0, x1, y1), sure in sorted(lines)
    ]


def _turned(box: Box) -> Box:
    """A box of columns for rows in the picture."""
    y0, x0, y1, x1 = box
    return x0, y0, x1, y1


def joined(found: Sequence[Found]) -> list[Found]:
    """Return lines as they are found, with those joined that are one; of which some may be sure."""
    lines: list[Found] = []
    for box, sure in found:
        same = [line for line in lines if max(containment(line[0], box), containment(box, line[0])) >= _INSIDE]
        lines = [line for line in lines if line not in same]
        lines.append((around([box, *(line[0] for line in same)]), sure or any(line[1] for line in same)))
    return lines


def crossed(level: Sequence[Found], upright: Sequence[Found]) -> list[Found]:
    """Return level and upright lines without those that letters of others make.

    Letters of upright lines lie side by side, and those of level ones below each other: of a line that they make up
    most is in the lines which are there, and of these little in it.
    """

    def within(box: Box, lines: Sequence[Found]) -> float:
        return sum(containment(box, other) for other, _ in lines)

    tall = [line for line in upright if within(line[0], level) < _INSIDE]
    flat = [line for line in level if within(line[0], tall) < _INSIDE]
    return flat + [line for line in tall if not within(line[0], flat)]
