"""How one grid lies on another: the motion of the whole picture between two frames.

By phase correlation, and from there by the affine motion that maximises the enhanced correlation coefficient
(Evangelidis & Psarakis 2008, "Parametric image alignment using enhanced correlation coefficient maximization"). Or,
where not all of a picture goes one way, the motion of most of it: least squares on gradients, from coarse to fine,
reweighted by Cauchy's function (Odobez & Bouthemy 1995, "Robust multiresolution estimation of parametric motion
models").
"""

from typing import Any, TypeVar, cast

import cv2
import numpy as np
import numpy.typing as npt

from genga.drawings.static_tiles import Mask, Noise, calm, textured, tile_means
from genga.images.affine import Matrix, carried, corners, inverse, product
from genga.video.luma_grid import Cells, kept, relit

_SMOOTH = 1.0  # cells, deviation of the Gaussian over which grids are smoothed
_ITERATIONS, _SETTLED = 30, 1e-4  # at most, and the coefficient's growth that ends them
_COARSE = (4, 2)  # cells along the side of what is a cell of the grids that are compared one after the other
_ROUNDS, _REST = 8, 0.02  # of each, and the cells that a round has to add
_EDGE = 1.0  # gradient of a cell, luma per cell, from which it says something
_FEWEST, _MOST = 30, 2000  # such cells that are looked at
_DAMPED = 1e-3  # added to the sums of their squares, that a picture of one direction has an answer
_ALL_OVER = 0.5  # part of the picture that a rectangle around what moves must cover: a figure covers less
_TEXTURED = 0.3  # part of the tiles with texture in which something goes on where the camera moves,
_BETTER = 0.5  # and of those that it moves, in which its motion takes something of the difference
_LESS = 0.95  # part of a difference that is less
_LIT = 0.4  # part of a difference that light leaves which goes over the picture; of a camera's it leaves 0.7 and more
_LEAST = 0.08  # cells that the corners move in a step, in the mean
_FINEST = 2  # cells; smaller ones find nothing else
_RIM = np.ones((7, 7), np.uint8)  # cells at the edge of the picture, where others come in
_SHARED = 0.3  # part of the picture that two frames have to share, or nothing is known of them
_BLOCK = (2, 2)
_THROUGH = 0.41  # part of what fills a block, and no more, that comes through smoothing
UNLIKE = 255.0  # what is left where nothing aligns
_AROUND = np.ones((3, 3), np.uint8)
_BACK = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_NOWHERE, _OUTSIDE = -1e4, -1.0  # what is beyond the edges, and the value up to which something of that is in a cell
_HALF = 0.5  # of a cell of larger ones that counts
_SHEAR = 0.04  # by which a motion may stretch or slant the picture; a camera does neither
_UNSURE = 2.0  # medians of what is left, at which a cell counts half

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


def motion_of_most(a: Cells, b: Cells, counts: Mask, start: Motion | None = None, finest: int = 1) -> Motion | None:
    """Return the shift, scale and turn from `b` to `a` of most of the cells that count; None if they say too little.

    start: a motion that it is near to, None for none. finest: cells along the side of what is a cell of the grids that
    are compared last.
    """
    found = np.eye(2, 3, dtype=np.float32) if start is None else start
    for size in [size for size in _COARSE if size > finest and start is None] + [finest]:
        first, second = smoothed(a, size), smoothed(b, size)
        known = cv2.resize(counts.astype(np.float32), first.shape[::-1], interpolation=cv2.INTER_AREA) > _HALF
        motion = _most(first, second, known, _scaled(found, 1 / size))
        if motion is None:
            return None
        found = _scaled(motion, size)
    return found


def _scaled(motion: Motion, by: float) -> Motion:
    """A motion of grids whose sides have `by` times as many cells."""
    return motion * np.array([1, 1, by], np.float32)


def _most(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32], counts: Mask, start: Motion) -> Motion | None:
    """As motion_of_most, of one size of grids, smoothed."""
    rows, columns = a.shape
    across, down = cv2.Sobel(b, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(b, cv2.CV_32F, 0, 1, scale=1 / 8)
    known = counts.astype(np.uint8)
    use = np.flatnonzero((cv2.erode(known, _AROUND, borderValue=0) > 0) & (cv2.magnitude(across, down) > _EDGE))
    use = use[:: 1 + len(use) // _MOST]
    if len(use) < _FEWEST:
        return None
    gx, gy, target = across.ravel()[use], down.ravel()[use], b.ravel()[use]
    px = ((use % columns) / columns - 0.5).astype(np.float32)
    py = ((use // columns - rows / 2) / columns).astype(np.float32)
    terms, whole = np.stack([gx, gy, gx * px + gy * py, gy * px - gx * py]), known.all()
    motion = np.vstack([start, [0, 0, 1]]).astype(np.float64)
    for _ in range(_ROUNDS):
        there = cv2.warpAffine(a, motion[:2], (columns, rows), flags=_BACK, borderValue=_NOWHERE).ravel()[use]
        inside = there > _OUTSIDE
        if not whole:
            inside &= laid(known, motion[:2], exact=True).ravel()[use] > 0
        left = (target - there) * inside
        if np.count_nonzero(inside) < _FEWEST:
            return None
        usual = float(np.partition(np.abs(left), len(left) // 2)[len(left) // 2])
        weighed = terms * (inside / (1 + (left / max(1.0, _UNSURE * usual)) ** 2)).astype(np.float32)
        # Sums of products, not by BLAS (genga.images.affine).
        squares = np.add.reduce(weighed[:, None] * terms, axis=2, dtype=np.float64) + _DAMPED * np.eye(4)
        sums = np.add.reduce(weighed * left, axis=1, dtype=np.float64)
        _, answer = cv2.solve(squares, sums[:, None], flags=cv2.DECOMP_CHOLESKY)
        dx, dy, grows, turns = answer.ravel().tolist()
        grows, turns = grows / columns, turns / columns
        x, y = columns / 2, rows / 2  # around the middle
        motion = product(motion, np.array([
            [1 + grows, 0 - turns, dx - (grows * x - turns * y)],
            [turns, 1 + grows, dy - (turns * x + grows * y)],
            [0, 0, 1],
        ]))  # fmt: skip
        if abs(dx) + abs(dy) + (abs(grows) + abs(turns)) * columns < _REST:
            break
    return motion[:2].astype(np.float32)


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


@kept(12)
def smoothed(cells: npt.NDArray[Any], size: int = 1) -> npt.NDArray[np.float32]:
    """Return a grid smoothed over about a cell, of `size` cells: what lies a fraction of it beside hardly differs."""
    if size > 1:
        cells = cv2.resize(cells, (cells.shape[1] // size, cells.shape[0] // size), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(cells.astype(np.float32), (0, 0), _SMOOTH), np.float32)


def shift(a: Cells, b: Cells) -> tuple[tuple[float, float], float]:
    """Return by how many cells (x, y) `b` lies beside `a` as a whole (by phase correlation), and how sure, 0..1."""
    window = cv2.createHanningWindow(a.shape[::-1], cv2.CV_32F)
    # Copies: OpenCV 5 lays the window over arguments that lie in memory line by line.
    (dx, dy), response = cv2.phaseCorrelate(np.array(a, np.float32), np.array(b, np.float32), window)
    return (dx, dy), response


def of_a_camera(motion: Motion) -> bool:
    """Whether a motion hardly stretches or slants the picture."""
    return abs(motion[0, 0] - motion[1, 1]) <= _SHEAR and abs(motion[0, 1] + motion[1, 0]) <= _SHEAR


def way_of(motion: Matrix | Motion, shape: tuple[int, ...]) -> Matrix:
    """Return how far a motion takes each of the corners of a picture of `shape`, (4, 2), cells."""
    places = corners(shape[1], shape[0])
    return carried(motion, places) - places


def length(way: Matrix) -> float:
    """Return how far the corners go, cells, in the mean."""
    return float(np.hypot(*way.T).mean())


def step(a: Cells, b: Cells, live: Mask, noise: Noise, near: Motion | None = None) -> Motion | None:
    """Return the motion from `b` to `a` by which both are more alike all over, whatever figures do; None if none is.

    near: a motion that it is near to, None for none.
    """
    return found[0] if (found := step_and_extent(a, b, live, noise, near)) else None


def step_and_extent(
    a: Cells, b: Cells, live: Mask, noise: Noise, near: Motion | None = None
) -> tuple[Motion, bool] | None:
    """As `step`, with whether what is more alike is more of the picture than a figure covers.

    It may be a figure's motion where nothing else in the picture has texture.
    """
    drawn = textured(a, b, live, noise.gradient)
    unlike = tile_means(cv2.absdiff(a, b), live) > calm(noise)
    if (drawn & unlike).sum() < _TEXTURED * drawn.sum():
        return None
    motion = motion_of_most(a, b, live, near, _FINEST)
    if motion is None or not of_a_camera(motion) or length(way_of(motion, a.shape)) < _LEAST:
        return None
    first, second = smoothed(a), smoothed(b)
    middle, other, _ = halfway(first, second, motion)
    unmoved, moved = (tile_means(cv2.absdiff(*pair), live) for pair in ((first, second), (middle, other)))
    # An edge that lies along the motion is as it was with it and without: only others are asked.
    would = tile_means(cv2.absdiff(second, laid(second, motion)), live) > calm(noise)
    asked = drawn & (unlike | would)
    better = drawn & (moved < _LESS * unmoved)
    if not better.sum() >= _BETTER * asked.sum() > 0:
        return None
    if tile_means(cv2.absdiff(relit(first, second), second), live)[asked].sum() <= _LIT * unmoved[asked].sum():
        return None
    return motion, spread(better & unlike)


def left(a: Cells, b: Cells, counts: Cells, motion: Motion) -> tuple[npt.NDArray[np.float32], Way] | None:
    """Return what of two grids, smoothed, the motion from `b` to `a` leaves, 0 where they share nothing that counts.

    And the half of the way of each; None if they share too little. See `largest`.
    """
    middle, other, (there, here) = halfway(smoothed(a), smoothed(b), motion)
    apart = np.asarray(cv2.absdiff(middle, other), np.float32)
    inside = cv2.erode(laid(counts, there, True) & laid(counts, here, True), _RIM, borderValue=1)
    inside[[0, -1]] = inside[:, [0, -1]] = 0  # interpolated with what lies beyond
    if np.count_nonzero(inside) < _SHARED * np.count_nonzero(counts):
        return None
    apart[inside == 0] = 0
    return apart, (there, here)


def largest(apart: npt.NDArray[Any]) -> float:
    """Return the largest difference, 0..255, of a block of cells, of what is left of smoothed grids."""
    return min(float(cv2.boxFilter(apart, cv2.CV_32F, _BLOCK).max()) / _THROUGH, UNLIKE)


def spread(parts: Mask) -> bool:
    """Whether the rectangle around the true tiles covers as much of a picture as a camera moves; false if none is."""
    rows, columns = np.flatnonzero(parts.any(axis=1)), np.flatnonzero(parts.any(axis=0))
    if not len(rows):
        return False
    return bool((rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1) >= _ALL_OVER * parts.size)
