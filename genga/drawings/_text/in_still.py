"""Where a still is under burnt-in text: lines seen in the still, at places where text was found over time.

A still alone does not tell a subtitle from a shop sign. Stage shots does, by when lines come and go; but not to the
frame, so that a line also has to be seen in the still. There short words count too, which by themselves would not.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import polars as pl

from genga.drawings._text.detect import lines_in, stroke_masks
from genga.drawings._text.scan import lines_of
from genga.images.boxes import Box, around, containment
from genga.tables.schema import only
from genga.tables.shots import SHOTS
from genga.tables.stills import STILLS

Grey = npt.NDArray[np.uint8]  # (height, width)
Shares = tuple[float, float, float, float]  # x0, y0, x1, y1 in shares of width and height, 0..1

# What is read of the tables that others write.
OF_STILLS = only(STILLS, "still", "frame", "width", "height")
OF_SHOTS = only(SHOTS, "lettering")

_SIDE = 480  # px, shorter side of the picture that text is looked for in
_INSIDE = 0.5  # part of a seen line that lies at a place of burnt-in text


def located(stills: pl.DataFrame, shots: pl.DataFrame) -> dict[str, list[Shares]]:
    """Return for each still the places where its frame may have burnt-in text, by stage shots.

    stills, shots: their tables, columns OF_STILLS and OF_SHOTS. Left out are stills of another size than most:
    stitched ones, whose places are not those of the frame.
    """
    lines = [line for lines in shots["lettering"].to_list() for line in lines]
    sizes = stills.group_by("width", "height").len().sort("len", "width", "height")
    usual = sizes.select("width", "height").rows()[-1:]
    return {
        still: [(one["x0"], one["y0"], one["x1"], one["y1"]) for one in lines if one["start"] <= frame < one["end"]]
        for still, frame, width, height in stills.select(list(OF_STILLS)).iter_rows()
        if (width, height) in usual
    }


def burnt_in(luma: Grey, places: Sequence[Shares] | None) -> list[Box]:
    """Return the lines of burnt-in text in a still, px of it, top to bottom.

    luma: (height, width). places: where text may be, see `located`; None where that is not known: any text counts.
    """
    height, width = luma.shape
    if places is None:
        scale = min(1.0, _SIDE / min(luma.shape))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA) if scale < 1 else luma
        seen = [(x0 / size[0], y0 / size[1], x1 / size[0], y1 / size[1])
                for x0, y0, x1, y1 in lines_in(stroke_masks(small.astype(np.uint8, copy=False)))]  # fmt: skip
    elif places:
        found = [tuple(float(line[side]) for side in ("x0", "y0", "x1", "y1")) for line in lines_of(luma, 8)]
        seen = [(x0, y0, x1, y1) for x0, y0, x1, y1 in found
                if any(part((x0, y0, x1, y1), place) >= _INSIDE for place in places)]  # fmt: skip
    else:
        seen = []
    boxes = [
        (int(x0 * width), int(y0 * height), int(np.ceil(x1 * width)), int(np.ceil(y1 * height)))
        for x0, y0, x1, y1 in seen
    ]
    return sorted(joined(boxes), key=lambda box: (box[1], box[0]))


def joined(boxes: Sequence[Box]) -> list[Box]:
    """Return the boxes with those joined that are one line: letters and their edges are strokes of either tone."""
    lines: list[Box] = []
    for box in boxes:
        same = [line for line in lines if max(containment(line, box), containment(box, line)) >= _INSIDE]
        lines = [line for line in lines if line not in same] + [around([box, *same])]
    return lines


def part(line: Shares, place: Shares) -> float:
    """Return the part of a line that lies within a place, 0..1."""
    wide = min(line[2], place[2]) - max(line[0], place[0])
    high = min(line[3], place[3]) - max(line[1], place[1])
    return max(0.0, wide) * max(0.0, high) / ((line[2] - line[0]) * (line[3] - line[1]))


def cover(boxes: Sequence[Box], width: int, height: int) -> float:
    """Return the share of a picture of that size that lies under the boxes, 0..1."""
    covered = np.zeros((height, width), bool)
    for x0, y0, x1, y1 in boxes:
        covered[y0:y1, x0:x1] = True
    return float(covered.mean()) if covered.size else 0.0
