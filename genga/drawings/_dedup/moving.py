"""New drawings on the way of a camera move: what is left of a step from frame to frame when the move is taken out.

Each frame is aligned with the one before by an affine motion (ECC, as genga.drawings._shots.camera_moves), and both are
brought half the way, so that interpolation blurs the one as much as the other. A line that lies a fraction of a cell
beside where it lay is brighter on one side of it and darker on the other, whatever interpolates; a mouth that opens is
one or the other all over. So both are smoothed first, over about a cell, which leaves a third of the one and four
tenths of the other. What a mere move then leaves is alike from step to step of the move; a mouth leaves more. Where two
frames cannot be aligned, the later one is new.
"""

from collections.abc import Collection, Mapping

import cv2
import numpy as np

from genga.drawings._text.tracks import MaskedGrid, MaskedGrids, difference
from genga.drawings.alignment import halfway, laid, motion_between, smoothed
from genga.drawings.static_tiles import Mask, loose_cells
from genga.video.luma_grid import Cells

_TIMES = 2.5  # what most steps of the move leave, by which a new drawing leaves more
_MOST = 0.25  # quantile of what steps leave, taken for that of the move alone: there may be a new drawing at most steps
_LEAST, _ENOUGH = 20.0, 45.0  # block differences between which a new drawing begins, whatever the steps leave
_USUAL = 14.0  # threshold of a shot of the usual contrast
_EDGE = np.ones((7, 7), np.uint8)  # cells at the edge of the picture, where others come in
_BLOCK = (2, 2)
_THROUGH = 0.41  # part of what fills a block, and no more, that comes through smoothing
_MOVING = 0.5  # part of the picture that does not stay where a camera moves behind what stands over it
_SHARED = 0.3  # part of the picture that two frames have to share, or nothing is known of them
_UNLIKE = 255.0  # what is left where nothing aligns


def anew(
    seen: MaskedGrids,
    start: int,
    end: int,
    skipped: Collection[int],
    travel: Mapping[int, int],
    threshold: float,
    live: Mask | None,
) -> dict[int, float]:
    """Return the frames of a shot over [start, end) that begin another drawing while the camera moves.

    With what is left of the step to each, luma levels. travel: each frame of a camera move -> the last frame of it.
    threshold: block difference up to which a step is no step at all. live: cells that show the picture, None for all.
    """
    left: dict[int, dict[int, float]] = {}  # by the last frame of the move
    for frame in range(start + 1, end):
        last = travel.get(frame)
        if last is None or frame in skipped or frame - 1 in skipped:
            continue
        before, picture = seen[frame - 1], seen[frame]
        if difference(before, picture) > threshold:
            left.setdefault(last, {})[frame] = unexplained(before, picture, live)
    found: dict[int, float] = {}
    share = min(1.0, threshold / _USUAL)  # of the usual contrast: at night all that is drawn is less
    for steps in left.values():
        alone = float(np.quantile(list(steps.values()), _MOST))
        level = min(max(_TIMES * alone, _LEAST * share, threshold), max(_ENOUGH * share, threshold))
        found |= {frame: rest for frame, rest in steps.items() if rest > level}
    return found


def unexplained(a: MaskedGrid, b: MaskedGrid, live: Mask | None) -> float:
    """Return the largest local difference of two grids, 0..255, that moving the whole picture does not explain.

    As that of a block of cells; of what is larger than a block it is up to 2.4 times the difference.

    live: cells that show the picture, None for all. What stands over it all the same (a title that is too large to be
    told for one) is explained where whole tiles stay, and does not hold the rest of the picture back, where most of it
    goes on. In a slow move most tiles stay, and those that do not are the figure.
    """
    counts = np.ones_like(a.cells) if live is None else live.astype(np.uint8)
    for mask in (grid.covered for grid in (a, b) if grid.covered is not None):
        counts[mask] = 0
    left = _left(a.cells, b.cells, counts, counts)
    if left <= _LEAST:
        return left
    loose = loose_cells(a.cells, b.cells)
    if not _MOVING <= loose.mean() < 1:
        return left
    return min(left, _left(a.cells, b.cells, counts, counts & loose, ~loose))


def _left(a: Cells, b: Cells, counts: Cells, aligned: Cells, stays: Mask | None = None) -> float:
    """Return the largest local difference of two grids, by the motion of the cells that are to be aligned.

    stays: cells of tiles that stay, which may be explained so, too.
    """
    motion = motion_between(a, b, aligned)
    if motion is None:
        return _UNLIKE
    first, second = smoothed(a), smoothed(b)
    middle, other, (there, here) = halfway(first, second, motion)
    apart = cv2.absdiff(middle, other)
    inside = cv2.erode(laid(counts, there, True) & laid(counts, here, True), _EDGE, borderValue=0)
    if np.count_nonzero(inside) < _SHARED * np.count_nonzero(counts):
        return _UNLIKE
    if stays is not None:
        apart[stays] = np.minimum(apart, cv2.absdiff(first, second))[stays]
    apart[inside == 0] = 0
    return min(float(cv2.boxFilter(apart, cv2.CV_32F, _BLOCK).max()) / _THROUGH, _UNLIKE)
