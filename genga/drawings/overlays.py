"""What stands still over everything else of a video: logos, clocks, frames of windows, lines on its bars.

What is drawn changes nearly all over from one picture to another; what is laid over it does not. So a video's pictures
are looked for, and what all of them share. One picture in another light, as at sunset and at night, is none.
"""

from itertools import chain

import cv2
import numpy as np

from genga.drawings.static_tiles import (
    CHANGED,
    STAYS,
    TEXTURED,
    Mask,
    Noise,
    gradients,
    live_cells,
    tile_means,
    within,
)
from genga.video.luma_grid import BLOCK_CELLS, Cells, Grids, block_sums, mixture

_SAMPLES = 400  # frames looked at for what changes at all
_NOISY = 8.0  # standard deviations of noise by which a cell that never changes differs at most over a video
_OTHER, _BLANK = 0.6, 8.0  # part of the cells in which pictures are others; deviation up to which one is blank
_LOOKED, _FEWEST, _MOST = 200, 4, 24  # frames looked at for such pictures; how many tell something, and are enough
_SHARES, _UNMIXED = (0.2, 0.8), 0.3  # share of the frame after in a mixture, part of the change that it may leave
_APART = 8  # of the frames looked at, as many lie between two that are looked at one after the other
_SAME, _ALWAYS = 12.0, 0.9  # levels from its median that a cell may be at, in this part of the pictures, and stand
_COHERENT = 0.75  # part of a cell's gradients that all pictures share; of n that share nothing 1/n of it
_SPECK = np.ones((3, 3), np.uint8)  # cells, smallest part of an overlay


def picture_cells(cells: Grids, noise: Noise, text: Mask | None = None) -> Mask:
    """Return the cells that show the picture: within its bars, not under what stands still over it, nor at their edges.

    text: cells that burnt-in text covers at some time.
    """
    live, stands = layers(cells, noise, text)
    return within(live & ~stands)


def layers(cells: Grids, noise: Noise, text: Mask | None = None) -> tuple[Mask, Mask]:
    """Return the cells within the bars of a video, but for those at the bars, and those that stand still over it.

    text: cells that burnt-in text covers at some time.
    """
    step = max(1, len(cells) // _SAMPLES)
    # Copies: a reader gives views, and a view keeps its whole stretch of frames in memory.
    some = [cells[frame].copy() for frame in range(0, len(cells), step)]
    live = live_cells(some, max(CHANGED, _NOISY * noise.luma), text)
    return within(live), standing(some, live)


def standing(grids: Grids, live: Mask) -> Mask:
    """Return the cells that stand still over everything else: logos, clocks, frames of windows, lines on the bars.

    What is drawn changes nearly all over from one picture to another; what is laid over it does not, whatever its
    shape and tone: all pictures share its gradients, also where they shine through, and between these its levels. A
    video of fewer than four pictures says nothing, and none stands. grids: a video's, or those of a part of it. live:
    see live_cells.
    """
    found = pictures(grids, live)
    if len(found) < _FEWEST:
        return np.zeros_like(live)
    levels = np.stack(found)
    fixed = (np.abs(levels - np.median(levels, axis=0)) <= _SAME).mean(axis=0) >= _ALWAYS
    x, y = (np.stack(part) for part in zip(*map(gradients, found), strict=True))
    common, own = (
        cv2.blur(part.astype(np.float32), _SPECK.shape)
        for part in (x.mean(axis=0) ** 2 + y.mean(axis=0) ** 2, (x * x + y * y).mean(axis=0))
    )
    shared = cv2.morphologyEx(
        (live & (own > TEXTURED) & (common > _COHERENT * own)).astype(np.uint8), cv2.MORPH_OPEN, _SPECK
    )
    whole = cv2.morphologyEx((live & fixed | (shared > 0)).astype(np.uint8), cv2.MORPH_OPEN, _SPECK)
    _, parts = cv2.connectedComponents(whole)
    return np.isin(parts, np.unique(parts[(shared > 0) & (whole > 0)]))


def pictures(grids: Grids, live: Mask) -> list[Cells]:
    """Return up to _MOST of a video's grids, no two of which are alike in half of the `live` cells or in any light."""
    found: list[Cells] = []
    places = range(0, len(grids), max(1, len(grids) // _LOOKED))
    counting, size, like = live.astype(np.uint8), np.count_nonzero(live), 0

    def alike(cells: Cells, other: Cells) -> bool:
        return bool(np.count_nonzero((block_sums(cells, other) > _SAME * BLOCK_CELLS) & live) < _OTHER * size)

    for frame in (frame for first in range(_APART) for frame in places[first::_APART]):  # all over it from the first on
        cells = grids[frame]
        if float(cv2.meanStdDev(cells, mask=counting)[1][0, 0]) >= _BLANK:
            # What the frame before was like first: so is this one, mostly.
            near = (k for k in (*range(like, len(found)), *range(like)) if alike(cells, found[k]))
            lit = (k for k, other in enumerate(found) if in_another_light(cells, other, live))
            like = next(chain(near, lit), len(found))
            if like == len(found) and not mixes_neighbours(grids, frame):
                found.append(cells.copy())  # a reader's grid is a view of a whole stretch of frames
        if len(found) == _MOST:
            break
    return found


def in_another_light(a: Cells, b: Cells, live: Mask) -> bool:
    """Whether two grids are one picture in two lights: most of what has texture and changes keeps its outlines.

    What stands still over two pictures does not change, and is not asked. live: cells that count.
    """
    changed = live & (cv2.absdiff(a, b) > _SAME)
    (ax, ay), (bx, by) = gradients(a), gradients(b)
    one, other, common = (
        tile_means(part, changed) for part in (ax * ax + ay * ay, bx * bx + by * by, ax * bx + ay * by)
    )
    drawn = np.maximum(one, other) > TEXTURED
    outlines = common[drawn] / np.sqrt(np.maximum(one * other, TEXTURED**2)[drawn])
    return len(outlines) > 0 and float(np.median(outlines)) >= STAYS


def mixes_neighbours(grids: Grids, frame: int) -> bool:
    """Whether a grid is a mixture of those beside it, as in a dissolve: it shows their overlays, and their drawings."""
    if not 0 < frame < len(grids) - 1:
        return False
    share, left = mixture(grids[frame - 1], grids[frame], grids[frame + 1])
    return _SHARES[0] <= share <= _SHARES[1] and left <= _UNMIXED
