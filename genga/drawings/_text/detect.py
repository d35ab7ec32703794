"""Find text in a picture (subtitles, credits, captions, signs) by its looks.

Text is a row of many thin strokes of one tone, of one height, against the opposite tone. So: strokes by the top-hat
transform of either tone, joined across the gaps between letters, freed of what hangs on by less than a band; such a
band is a line of text if it is long and low and its rows cross many strokes (after Wu, Manmatha, Riseman 1999). One
picture alone is looked at; nothing is read.

Upright lines, as of Japanese, are looked for in the same way, along columns.

Known limits: words of fewer than some six letters, text on a slant, letters higher than a ninth of the picture, and
logos that are not text are missed; railings, ribbed hems or rows of lit windows may be taken for text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from genga.images.boxes import Box

Grey = npt.NDArray[np.uint8]  # (height, width)
Mask = npt.NDArray[np.uint8]  # (height, width), 1 where there is a stroke
Counts = npt.NDArray[np.int_]  # (height,), strokes that each row crosses
Places = npt.NDArray[np.int_]  # of px in a mask, counted along its rows from the top left
Rows = tuple[int, int]  # the first, and that after the last

# All lengths in px of a picture whose shorter side is about 480 px.
_STROKE = 11  # px, strokes are thinner than this
_CONTRAST = 70  # luma levels between a stroke and its surroundings,
_GRAIN = 3.0  # and times the median of all px, which grain raises
_SAMPLED = 16  # px between those that the median is taken of
_GAP = 13  # px between strokes of one line
_BAND = (24, 6)  # px, width and height that a line has everywhere
_LOW, _HIGH = 8, 54  # px, height of a line
_RICH = 3  # rows of the lowest line that cross enough strokes at least: of the four in its middle
_LONG = 3.0  # a line is at least so many times as long as high
_CROSSINGS = (0.9, 3.7)  # strokes that a row crosses, per line height of length; spiky hair has more
_STROKES = 12  # strokes that four rows of five cross at least; eyes, hair and folds stay below that
_FILL = (0.12, 0.65)  # share of the line's box that is stroke


@dataclass(frozen=True)
class Strokes:
    """Where a picture has thin strokes of one tone."""

    mask: Mask  # with a column of none on either side, so that no row's stroke goes on in the next row
    begins: Places  # of each stroke in each row of the mask
    ends: Places  # the px after it
    crossed: Counts


def text_lines(luma: Grey) -> list[Box]:
    """Return the boxes of the lines of text, top to bottom. luma: (height, width), shorter side about 480 px."""
    return lines_in(stroke_masks(luma))


def stroke_masks(luma: Grey) -> list[Strokes]:
    """Return where the picture has thin strokes: the light ones and the dark ones."""
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (_STROKE, _STROKE))
    tones = cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT
    contrasts = [cv2.morphologyEx(luma, tone, kernel).astype(np.uint8, copy=False) for tone in tones]
    return [strokes_of(contrast, least_contrast(contrast)) for contrast in contrasts]


def least_contrast(contrast: Grey) -> float:
    """Return from which contrast on, of a whole picture's (height, width), there is a stroke."""
    return max(_CONTRAST, _GRAIN * float(np.median(contrast[::_SAMPLED, ::_SAMPLED])))


def strokes_of(contrast: Grey, least: float = _CONTRAST) -> Strokes:
    """Return the strokes of one tone by how much they stand out from what is around them, (height, width).

    least: contrast of a stroke, luma levels.
    """
    height, width = contrast.shape
    mask = np.zeros((height, width + 2), np.uint8)
    # A contrast of `least` or more; a comparison of NumPy's takes four times as long.
    cv2.threshold(contrast, np.ceil(least) - 1, 1, cv2.THRESH_BINARY, dst=mask[:, 1:-1])
    return _crossed(mask)


def turned(of: Strokes) -> Strokes:
    """Return strokes with columns for rows: upright lines lie in them."""
    mask = np.zeros((of.mask.shape[1] - 2, of.mask.shape[0] + 2), np.uint8)
    mask[:, 1:-1] = cv2.transpose(of.mask[:, 1:-1])
    return _crossed(mask)


def _crossed(mask: Mask) -> Strokes:
    height, width = mask.shape
    flat = mask.ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    begins, ends = edges[::2], edges[1::2]
    return Strokes(mask, begins, ends, np.bincount(begins // width, minlength=height))


def crossings(mask: Mask) -> Counts:
    """Return how many strokes each row of a mask crosses."""
    begins = (mask[:, 1:] > mask[:, :-1]).view(np.uint8)
    return np.asarray(cv2.reduce(begins, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel() + mask[:, 0], np.int_)


def lines_in(
    both: Sequence[Strokes], strokes: int = _STROKES, gap: int = _GAP, long: float = _LONG, but: Rows = (0, 0)
) -> list[Box]:
    """Return the boxes of the lines of text that strokes make, top to bottom.

    strokes: that four rows of five of a line cross at least; gap: px between strokes of a line; long: times its height;
    but: rows [start, end) between which none needs to be found. Fewer strokes find shorter words, wider gaps join words
    of large letters; both find railings too.
    """
    lines = {
        line
        for one in both
        for top, joined in _stretches(one, strokes, gap, but)
        for line in _lines(one, top, joined, strokes, long)
    }
    return sorted(lines, key=lambda box: (box[1], box[0], box[2], box[3]))


def upright_lines(both: Sequence[Strokes], strokes: int = _STROKES, gap: int = _GAP) -> list[Box]:
    """Return the boxes of the upright lines of text that strokes make. strokes, gap: as in `lines_in`."""
    found = lines_in([turned(one) for one in both], strokes, gap)
    return [(x0, y0, x1, y1) for y0, x0, y1, x1 in found]


def _stretches(of: Strokes, strokes: int, gap: int, but: Rows) -> Iterator[tuple[int, Mask]]:
    """Stretches of rows in which a band may be, by their first row: the strokes in them, joined and of a band's length.

    Every row of a stretch has some of that length, and enough of its rows cross enough strokes.
    """
    rich = of.crossed >= strokes
    if not rich.any():  # so are half of the pictures
        return
    height, width = of.mask.shape
    begins, ends = _joined(of, gap)
    firsts = np.searchsorted(begins, np.arange(height + 1) * width)  # of each row
    edges = np.flatnonzero(np.diff(np.diff(firsts) > 0, prepend=False, append=False))
    for top, end in edges.reshape(-1, 2).tolist():
        asked = top < but[0] or end > but[1]
        if asked and end - top >= _LOW and np.count_nonzero(rich[top:end]) >= _RICH:
            rows = np.zeros((end - top + 1, width), np.uint8)  # opening by an even height moves what is left a row down
            flat, some = rows.ravel(), slice(firsts[top], firsts[end])
            for begin, after in zip(
                (begins[some] - top * width).tolist(), (ends[some] - top * width).tolist(), strict=True
            ):
                flat[begin:after] = 1
            yield top, rows


def _joined(of: Strokes, gap: int) -> tuple[Places, Places]:
    """Begins and ends of strokes joined across less than `gap` px of a row, where that makes them as long as a band.

    Strokes are few: filling the gaps px by px takes three times as long.
    """
    width = of.mask.shape[1]
    apart = (of.begins[1:] - of.ends[:-1] >= gap) | (of.begins[1:] // width != of.ends[:-1] // width)
    first, last = np.ones(len(of.begins), bool), np.ones(len(of.begins), bool)
    first[1:] = last[:-1] = apart
    begins, ends = of.begins[first], of.ends[last]
    long = ends - begins >= _BAND[0]
    return begins[long], ends[long]


def _lines(of: Strokes, top: int, joined: Mask, strokes: int, long: float) -> Iterator[Box]:
    """Boxes of the bands in a stretch of rows from `top` on that look like lines of text."""
    band = np.ones(_BAND[::-1], np.uint8)
    bands = cv2.morphologyEx(joined, cv2.MORPH_OPEN, band, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    for x, y, width, height in _boxes(bands.astype(np.uint8, copy=False)):
        line = of.mask[top + y : top + y + height, x : x + width]
        if _LOW <= height <= _HIGH and width >= long * height and _reads(line, strokes):
            yield x - 1, top + y, min(x - 1 + width, of.mask.shape[1] - 2), top + y + height


def _boxes(mask: Mask) -> Iterator[tuple[int, int, int, int]]:
    """x, y, width, height of what hangs together in a mask, by sides or corners; outlines take a 20th of labelling."""
    outlines, nested = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    for outline, (_, _, _, parent) in zip(outlines, nested[0] if outlines else (), strict=True):
        if parent < 0:  # not the edge of a hole
            x, y, width, height = cv2.boundingRect(outline)
            yield x, y, width, height


def _reads(line: Mask, strokes: int) -> bool:
    """Whether a piece of the stroke mask is filled as text is, and its rows cross as many strokes as text does."""
    height, width = line.shape
    counts = crossings(line)
    middle = np.sort(counts[height // 4 : height - height // 4])
    few, usual = _quantile(middle, 0.2), _quantile(middle, 0.5)
    # What hangs on above or below makes a line too high for its strokes: rows that cross far fewer are not its own.
    own = np.count_nonzero(2 * counts >= usual)
    dense = _CROSSINGS[0] * width <= usual * height and usual * own <= _CROSSINGS[1] * width
    return bool(dense and few >= strokes and _FILL[0] <= cv2.countNonZero(line) / line.size <= _FILL[1])


def _quantile(ordered: Counts, part: float) -> float:
    """As np.quantile, of a few numbers in rising order, for a tenth of its time."""
    place = part * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low] + (ordered[high] - ordered[low]) * (place - low))
