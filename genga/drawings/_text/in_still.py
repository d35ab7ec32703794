"""Where a still is under burnt-in text: lines seen in the still, at places where text was found over time.

A still alone does not tell a subtitle from a shop sign. Stage shots does, by when lines come and go; but not to the
frame, so that a line also has to be seen in the still. There short words count too, which by themselves would not.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from genga.drawings._text.scan import Line, lines_of
from genga.images.boxes import Box
from genga.tables.schema import only
from genga.tables.shots import SHOTS
from genga.tables.stills import STILLS

Grey = npt.NDArray[np.uint8]  # (height, width)
Shares = tuple[float, float, float, float]  # x0, y0, x1, y1 in shares of width and height, 0..1

# What is read of the tables that others write.
OF_STILLS = only(STILLS, "still", "frame", "width", "height")
OF_SHOTS = only(SHOTS, "lettering")

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
        seen = [sides(line) for line in lines_of(luma, 8) if line["sure"]]
    elif places:
        found = (sides(line) for line in lines_of(luma, 8))
        seen = [line for line in found if any(part(line, place) >= _INSIDE for place in places)]
    else:
        seen = []
    boxes = [
        (int(x0 * width), int(y0 * height), int(np.ceil(x1 * width)), int(np.ceil(y1 * height)))
        for x0, y0, x1, y1 in seen
    ]
    return sorted(boxes, key=lambda box: (box[1], box[0]))


def sides(line: Line) -> Shares:
    """Return where a line found in a picture is."""
    x0, y0, x1, y1 = (float(line[side]) for side in ("x0", "y0", "x1", "y1"))
    return x0, y0, x1, y1


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
