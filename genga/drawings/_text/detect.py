"""Find text in a picture (subtitles, credits, captions, signs) by its looks.

Text is a row of many thin strokes of one tone, of one height, against the opposite tone, mostly the clearest that there
is at its place. So: strokes by the top-hat transform of either tone, by what stands out near them, joined across the
gaps between letters, freed of what hangs on by less than a band; such a band is a line of text if it is long and low
and its rows cross many strokes (after Wu, Manmatha, Riseman 1999). One picture alone is looked at; nothing is read.

Upright lines, as of Japanese, are looked for in the same way, along columns.

Known limits: words of fewer than some six letters, text on a slant, letters higher than a ninth of the picture, and
logos that are not text are missed; railings, ribbed hems or rows of lit windows may be taken for text.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

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
_CONTRAST = 70  # luma levels between a stroke and its surroundings; or of what stands out most near it
_PART, _FAINT = 0.5, 35  # this part, at least so many levels: on a dark or pale ground letters are faint, and alone
_HALVED, _NEAR = 3, 7  # times that px are halved to blocks, and blocks on a side around one: what is near
_GRAIN = 3.0  # times the median of all px, which grain raises, is none
_EIGHT = 8  # px of a mask in a word of memory
_SAMPLED = 16  # px between those that the median is taken of
_GAP = 13  # px between strokes of one line
_BAND = (24, 6)  # px, width and height that a line has everywhere
_WHOLE = np.ones(_BAND[::-1], np.uint8)
_LOW, _HIGH = 8, 54  # px, height of a line
_RICH, _FOUR = 3, 4  # rows of a line that cross enough strokes at least, of some four on end in its middle
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

    _by_gap: dict[int, "Joined"] = field(default_factory=dict, repr=False, compare=False)

    def joined(self, gap: int) -> "Joined":
        """Return the strokes joined across less than `gap` px of a row, as they were joined before, if they were."""
        if gap not in self._by_gap:
            self._by_gap[gap] = Joined(self, gap)
        return self._by_gap[gap]


class Joined:
    """Strokes joined across gaps of a row, where that makes them as long as a band, and the bands that they make.

    stretches: rows that all have some, each with its place among the joined strokes.
    """

    def __init__(self, of: Strokes, gap: int) -> None:
        """gap: px across which strokes are not joined. Strokes are few: filling px by px takes three times as long."""
        self._width = of.mask.shape[1]
        rows = of.begins // self._width
        apart = (of.begins[1:] - of.ends[:-1] >= gap) | (rows[1:] != rows[:-1])
        first, last = np.ones(len(rows), bool), np.ones(len(rows), bool)
        first[1:] = last[:-1] = apart
        begins, ends = of.begins[first], of.ends[last]
        long = ends - begins >= _BAND[0]
        self._begins, self._ends, rows = begins[long], ends[long], rows[first][long]
        breaks = (np.flatnonzero(rows[1:] - rows[:-1] > 1) + 1).tolist()
        places = [slice(*piece) for piece in pairwise([0, *breaks, len(rows)])]
        self.stretches = {(int(rows[one][0]), int(rows[one][-1]) + 1): one for one in places if len(rows)}
        self._bands: dict[Rows, list[Box]] = {}
        self.read: dict[Box, tuple[float, bool]] = {}  # of bands, what `_read` returned

    def bands(self, stretch: Rows) -> list[Box]:
        """Return the boxes of the bands in a stretch, as they were found before, if they were."""
        if stretch not in self._bands:
            (top, end), some = stretch, self.stretches[stretch]
            # Opening by an even height moves what is left a row down.
            rows = np.zeros((end - top + 1, self._width), np.uint8)
            flat, first = rows.ravel(), top * self._width
            begins, ends = (self._begins[some] - first).tolist(), (self._ends[some] - first).tolist()
            for begin, after in zip(begins, ends, strict=True):
                flat[begin:after] = 1
            opened = cv2.morphologyEx(rows, cv2.MORPH_OPEN, _WHOLE, borderType=cv2.BORDER_CONSTANT, borderValue=0)
            boxes = _boxes(opened.astype(np.uint8, copy=False))
            self._bands[stretch] = [(x, top + y, x + width, top + y + height) for x, y, width, height in boxes]
        return self._bands[stretch]


def stroke_masks(luma: Grey) -> list[Strokes]:
    """Return where a whole picture, (height, width), has thin strokes: the light ones and the dark ones."""
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (_STROKE, _STROKE))
    tones = cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT
    contrasts = [cv2.morphologyEx(luma, tone, kernel).astype(np.uint8, copy=False) for tone in tones]
    some = [np.sort(contrast[::_SAMPLED, ::_SAMPLED], axis=None) for contrast in contrasts]
    return [strokes_of(one, _GRAIN * _quantile(few, 0.5)) for one, few in zip(contrasts, some, strict=True)]


def strokes_of(contrast: Grey, none: float = 0.0) -> Strokes:
    """Return the strokes of one tone by how much they stand out from what is around them, (height, width).

    none: contrast up to which there is no stroke, luma levels. Where nothing near stands out much, less is enough.
    """
    height, width = contrast.shape
    levels = np.clip(np.ceil(_PART * np.arange(256)), max(_FAINT, none), max(_CONTRAST, none)).clip(max=255)
    least = levels.astype(np.uint8)[_near(contrast)].repeat(2**_HALVED, axis=1).repeat(2**_HALVED, axis=0)
    flat, mask = _no_strokes(height, width)
    cv2.compare(contrast, least[:height, :width], cv2.CMP_GE, dst=mask[:, 1:-1])
    np.bitwise_and(flat, 1, out=flat)
    return _crossed(flat, mask)


def _near(contrast: Grey) -> Grey:
    """What stands out most around each block of px."""
    more = (-side % 2**_HALVED for side in contrast.shape)
    most = cv2.copyMakeBorder(contrast, 0, next(more), 0, next(more), cv2.BORDER_CONSTANT, value=0)
    for _ in range(_HALVED):
        most = np.maximum(most[::2], most[1::2])
    for _ in range(_HALVED):
        most = np.maximum(most[:, ::2], most[:, 1::2])
    return cv2.dilate(most, np.ones((_NEAR, _NEAR), np.uint8)).astype(np.uint8, copy=False)


def turned(of: Strokes) -> Strokes:
    """Return strokes with columns for rows: upright lines lie in them."""
    flat, mask = _no_strokes(of.mask.shape[1] - 2, of.mask.shape[0])
    mask[:, 1:-1] = cv2.transpose(of.mask[:, 1:-1])
    return _crossed(flat, mask)


def _no_strokes(height: int, width: int) -> tuple[Mask, Mask]:
    """A mask of a picture without strokes, as Strokes has it, after the px of all its rows, some of none at the end."""
    flat = np.zeros(-(-height * (width + 2) // _EIGHT) * _EIGHT, np.uint8)
    return flat, flat[: height * (width + 2)].reshape(height, width + 2)


def _crossed(flat: Mask, mask: Mask) -> Strokes:
    """What `_no_strokes` returned, with strokes. Eight px at a time are passed over where none begins or ends: most."""
    edges = np.zeros(flat.shape, bool)
    np.not_equal(flat[1:], flat[:-1], out=edges[1:])
    some = np.flatnonzero((words := edges.view(np.uint64)) != 0)
    px = np.flatnonzero(words[some].view(bool))
    places = some[px // _EIGHT] * _EIGHT + px % _EIGHT
    begins, ends = places[::2], places[1::2]
    return Strokes(mask, begins, ends, np.bincount(begins // mask.shape[1], minlength=len(mask)))


def lines_in(
    both: Sequence[Strokes], strokes: int = _STROKES, gap: int = _GAP, long: float = _LONG, but: Rows = (0, 0)
) -> list[Box]:
    """Return the boxes of the lines of text that strokes make, top to bottom.

    strokes: that four rows of five of a line cross at least; gap: px between strokes of a line; long: times its height;
    but: rows [start, end) between which none needs to be found. Fewer strokes find shorter words, wider gaps join words
    of large letters; both find railings too.
    """
    lines = {line for one in both for line in _lines(one, strokes, gap, long, but)}
    return sorted(lines, key=lambda box: (box[1], box[0], box[2], box[3]))


def _rich(crossed: Counts, strokes: int) -> list[int]:
    """Return from which rows on three of four cross so many strokes at least: every line has such in its middle."""
    rich = (crossed >= strokes).view(np.uint8)
    return np.flatnonzero(rich[3:] + rich[2:-1] + rich[1:-2] + rich[:-3] >= _RICH).tolist() if rich.any() else []


def _lines(of: Strokes, strokes: int, gap: int, long: float, but: Rows) -> Iterator[Box]:
    """Boxes of the bands that look like lines of text."""
    if not (rich := _rich(of.crossed, strokes)):  # so are half of the pictures
        return

    def may(top: int, end: int) -> bool:
        """Whether a line may be there that needs to be found."""
        if end - top < _LOW:
            return False
        place = bisect_left(rich, top)
        return place < len(rich) and rich[place] + _FOUR <= end and (top < but[0] or end > but[1])

    joined = of.joined(gap)
    for box in (box for stretch in joined.stretches if may(*stretch) for box in joined.bands(stretch)):
        x0, top, x1, end = box
        height, width = end - top, x1 - x0
        fits = _LOW <= height <= _HIGH and width >= long * height and may(top, end)
        if not fits:
            continue
        if box not in joined.read:
            joined.read[box] = _read(of.mask[top:end, x0:x1])
        few, text = joined.read[box]
        if text and few >= strokes:
            yield x0 - 1, top, min(x1 - 1, of.mask.shape[1] - 2), end


def _boxes(mask: Mask) -> Iterator[tuple[int, int, int, int]]:
    """x, y, width, height of what hangs together in a mask, by sides or corners; outlines take a 20th of labelling."""
    outlines, nested = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    for outline, (_, _, _, parent) in zip(outlines, nested[0] if outlines else (), strict=True):
        if parent < 0:  # not the edge of a hole
            x, y, width, height = cv2.boundingRect(outline)
            yield x, y, width, height


def _read(line: Mask) -> tuple[float, bool]:
    """Return how many strokes four rows of five of a piece of the stroke mask cross, and whether it may be text.

    That is, whether it is filled as text is, and crossed as often for its height.
    """
    height, width = line.shape
    begins = (line[:, 1:] > line[:, :-1]).view(np.uint8)
    counts: Counts = np.asarray(cv2.reduce(begins, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel() + line[:, 0], np.int_)
    middle = np.sort(counts[height // 4 : height - height // 4])
    few, usual = _quantile(middle, 0.2), _quantile(middle, 0.5)
    # What hangs on above or below makes a line too high for its strokes: rows that cross far fewer are not its own.
    own = np.count_nonzero(2 * counts >= usual)
    dense = _CROSSINGS[0] * width <= usual * height and usual * own <= _CROSSINGS[1] * width
    return few, bool(dense and _FILL[0] <= cv2.countNonZero(line) / line.size <= _FILL[1])


def _quantile(ordered: Counts | Grey, part: float) -> float:
    """As np.quantile, of a few numbers in rising order, for a tenth of its time."""
    place = part * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low]) + (float(ordered[high]) - float(ordered[low])) * (place - low)
