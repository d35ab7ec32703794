"""Whether two pictures are one: pieces of it are found again, at the same place or somewhere near, or its tones.

A figure that is drawn anew while the camera moves stays nowhere, and no one motion explains it; but piece by piece most
of it is found again, moved a little each. After a cut hardly any piece is.
"""

import cv2
import numpy as np

from genga.drawings.alignment import shift
from genga.drawings.static_tiles import TILE, Field, Mask, gradients
from genga.video.luma_grid import Cells, means

_COARSE = 2  # cells along the side of what is compared
_SIDE, _REACH = 12, 14  # of a piece, and how far it may have moved, in those
_TEXTURE = 0.03  # mean squared compressed gradient from which a piece has texture
_LARGE = 8  # cells along the side of a part, in which outlines do not show
_ELSEWHERE = 0.4  # response of phase correlation from which a whole picture has been found at another place
_SAME = 0.65  # correlation of gradients from which a piece is found


def found_again(a: Cells, b: Cells, live: Mask, least: float) -> bool:
    """Return whether at least this part of the pieces with texture of either grid are found in the other.

    live: cells that count.
    """
    one, other = (_sketch(grid, live) for grid in (a, b))
    return _found(one, other, least) and _found(other, one, least)


def alike(a: Cells, b: Cells, live: Mask) -> float:
    """Return the correlation of two grids' means over large parts, -1..1: of one picture in another light about 1.

    live: cells that count.
    """
    whole = means(live, _LARGE) == 1
    parts = (means(grid, _LARGE)[whole] for grid in (a, b))
    one, other = (part - part.mean() if len(part) else part for part in parts)
    return float((one * other).sum() / max(1.0, float((one * one).sum() * (other * other).sum()) ** 0.5))


def elsewhere(a: Cells, b: Cells) -> bool:
    """Whether the picture as a whole is found a tile or more from where it was: the same place, framed anew."""
    (dx, dy), response = shift(a, b)
    return response >= _ELSEWHERE and max(abs(dx), abs(dy)) >= TILE


def _sketch(grid: Cells, live: Mask) -> Field:
    """Return the compressed gradients of a grid at half its size, (rows, columns, 2); 0 where it is not live."""
    return np.dstack(gradients(means(grid, _COARSE).astype(np.uint8))) * (means(live, _COARSE) == 1)[..., None]


def _found(a: Field, b: Field, least: float) -> bool:
    """Return whether at least this part of the pieces of `b` are found in `a`; looked for until that is known."""
    places = [
        (y, x)
        for y in range(0, b.shape[0] - _SIDE + 1, _SIDE)
        for x in range(0, b.shape[1] - _SIDE + 1, _SIDE)
        if 2 * float((b[y : y + _SIDE, x : x + _SIDE] ** 2).mean()) >= _TEXTURE
    ]
    found, left, count = 0, len(places), max(1, len(places))
    while found / count < least <= (found + left) / count:
        left -= 1
        y, x = places[left]
        around = a[max(0, y - _REACH) : y + _SIDE + _REACH, max(0, x - _REACH) : x + _SIDE + _REACH]
        same = cv2.matchTemplate(around, b[y : y + _SIDE, x : x + _SIDE], cv2.TM_CCORR_NORMED)
        found += float(same.max()) >= _SAME
    return found / count >= least
