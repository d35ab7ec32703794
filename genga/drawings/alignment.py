"""How one grid lies on another: the motion of the whole picture between two frames.

By phase correlation, and from there by the affine motion that maximises the enhanced correlation coefficient
(Evangelidis & Psarakis 2008, "Parametric image alignment using enhanced correlation coefficient maximization").
"""

from typing import Any, TypeVar, cast

import cv2
import numpy as np
import numpy.typing as npt

from genga.images.affine import inverse, product
from genga.video.luma_grid import Cells

_SMOOTH = 1.0  # cells, deviation of the Gaussian over which grids are smoothed
_ITERATIONS, _SETTLED = 30, 1e-4  # at most, and the coefficient's growth that ends them

Grid = TypeVar("Grid", bound=npt.NDArray[Any])  # of levels of 0..255 or of parts of them
Motion = npt.NDArray[np.float32]  # (2, 3), takes a cell's (x, y, 1) in the second frame to its place in the first
Way = tuple[Motion, Motion]


def motion_between(a: Cells, b: Cells, counts: Cells, iterations: int = _ITERATIONS) -> Motion | None:
    """Return the motion from `b` to `a`, by the cells that count (not 0); None if they have nothing in common."""
    (dx, dy), _ = shift(b, a)
    motion = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    first, second = a.astype(np.float32), b.astype(np.float32)
    until = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, iterations, _SETTLED)
    try:
        _, found = cv2.findTransformECC(second, first, motion, cv2.MOTION_AFFINE, until, counts, 5)
    except cv2.error:  # it did not converge
        return None
    return np.asarray(found, np.float32)


def laid(cells: Grid, motion: npt.NDArray[Any], exact: bool = False) -> Grid:
    """Return a grid as another sees it whose places `motion`, (2, 3), takes to its own; 0 beyond its edges.

    Interpolated, or exact: of values that may not be mixed, as a mask's.
    """
    flags = (cv2.INTER_NEAREST if exact else cv2.INTER_LINEAR) | cv2.WARP_INVERSE_MAP
    return cast(Grid, cv2.warpAffine(cells, motion, cells.shape[::-1], flags=flags))


def halfway(a: Grid, b: Grid, motion: Motion) -> tuple[Grid, Grid, Way]:
    """Return two grids, each brought half the way of the motion from `b` to `a`, and the half of the way of each.

    So that interpolation blurs the one as much as the other.
    """
    still = np.eye(2, 3, dtype=np.float32)
    there = (still + (motion - still) / 2).astype(np.float32)  # half the way from `b` to `a`,
    here = product(inverse(motion), np.vstack([there, [0, 0, 1]]))[:2].astype(np.float32)  # and half of it back
    return laid(a, there), laid(b, here), (there, here)


def smoothed(cells: Cells) -> npt.NDArray[np.float32]:
    """Return a grid smoothed over about a cell: what lies a fraction of a cell beside its place hardly differs."""
    return np.asarray(cv2.GaussianBlur(cells.astype(np.float32), (0, 0), _SMOOTH), np.float32)


def shift(a: Cells, b: Cells) -> tuple[tuple[float, float], float]:
    """Return by how many cells (x, y) `b` lies beside `a` as a whole (by phase correlation), and how sure, 0..1."""
    window = cv2.createHanningWindow(a.shape[::-1], cv2.CV_32F)
    # Copies: OpenCV 5 lays the window over arguments that lie in memory line by line.
    (dx, dy), response = cv2.phaseCorrelate(np.array(a, np.float32), np.array(b, np.float32), window)
    return (dx, dy), response
