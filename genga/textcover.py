"""Find text in a picture (subtitles, credits, captions, signs) by its looks.

Text is a row of many thin strokes of one tone, of one height, against the opposite tone. So: strokes by the top-hat
transform of either tone, joined across the gaps between letters, freed of what hangs on by less than a band; such a
band is a line of text if it is long and low and its rows cross many strokes (after Wu, Manmatha, Riseman 1999). One
picture alone is looked at; nothing is read.

Known limits: words of fewer than some six letters, text on a slant or upright, letters higher than a ninth of the
picture, and logos that are not text are missed; railings, ribbed hems or rows of lit windows may be taken for text.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from genga.boxes import Box

Luma = npt.NDArray[np.uint8]  # (height, width)
Strokes = npt.NDArray[np.uint8]  # (height, width), 1 where there is a stroke

# All lengths in px of a picture whose shorter side is about 480 px.
_STROKE = 11  # px, strokes are thinner than this
_CONTRAST = 70  # luma levels between a stroke and its surroundings
_GAP = 13  # px between strokes of one line
_BAND = (24, 6)  # px, width and height that a line has everywhere
_LOW, _HIGH = 8, 54  # px, height of a line
_LONG = 3.0  # a line is at least so many times as long as high
_CROSSINGS = (0.9, 3.7)  # strokes that a row crosses, per line height of length; spiky hair has more
_STROKES = 12  # strokes that four rows of five cross at least; eyes, hair and folds stay below that
_FILL = (0.12, 0.65)  # share of the line's box that is stroke


def text_lines(luma: Luma) -> list[Box]:
    """Return the boxes of the lines of text, top to bottom. luma: (height, width), shorter side about 480 px."""
    return lines_in(stroke_masks(luma))


def stroke_masks(luma: Luma) -> list[Strokes]:
    """Return where the picture has thin strokes, (height, width) each: the light ones and the dark ones."""
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (_STROKE, _STROKE))
    tones = cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT
    return [(cv2.morphologyEx(luma, tone, kernel) >= _CONTRAST).astype(np.uint8) for tone in tones]


def lines_in(masks: Sequence[Strokes], strokes: int = _STROKES, gap: int = _GAP) -> list[Box]:
    """Return the boxes of the lines of text that strokes make, top to bottom.

    strokes: that four rows of five of a line cross at least; gap: px between strokes of a line. Fewer strokes find
    shorter words, wider gaps join words of large letters; both find railings too.
    """
    lines = {box for mask in masks for box in _lines(mask, strokes, gap)}
    return sorted(lines, key=lambda box: (box[1], box[0], box[2], box[3]))


def _lines(mask: Strokes, strokes: int, gap: int) -> Iterator[Box]:
    """Boxes of the bands of a stroke mask that look like lines of text."""
    joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    bands = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones(_BAND[::-1], np.uint8))
    for x, y, width, height in _boxes(bands.astype(np.uint8, copy=False)):
        line = mask[y : y + height, x : x + width]
        if _LOW <= height <= _HIGH and width >= _LONG * height and _reads(line, strokes):
            yield x, y, x + width, y + height


def _boxes(mask: Strokes) -> Iterator[tuple[int, int, int, int]]:
    """x, y, width, height of what hangs together in a mask, by sides or corners; outlines take a 20th of labelling."""
    outlines, nested = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    for outline, (_, _, _, parent) in zip(outlines, nested[0] if outlines else (), strict=True):
        if parent < 0:  # not the edge of a hole
            x, y, width, height = cv2.boundingRect(outline)
            yield x, y, width, height


def _reads(line: npt.NDArray[np.uint8], strokes: int) -> bool:
    """Whether a piece of the stroke mask is filled as text is, and its rows cross as many strokes as text does."""
    height, width = line.shape
    crossings = (np.diff(line, axis=1, prepend=0) == 1).sum(axis=1)  # (height,) strokes in each row
    middle = crossings[height // 4 : height - height // 4]
    few, usual = np.percentile(middle, (20, 50))
    dense = _CROSSINGS[0] <= usual * height / width <= _CROSSINGS[1]
    return bool(dense and few >= strokes and _FILL[0] <= line.mean() <= _FILL[1])
