"""Film that weaves in its gate: the whole picture lies a pixel or so elsewhere in each frame, to and fro.

A held drawing then never stands still. How far a frame lies beside another is found by least squares on the gradients
(Lucas & Kanade 1981, "An iterative image registration technique with an application to stereo vision"), over the px in
which the two agree, so that what moves in front of a background does not count. `probe` decides from pairs of
neighbouring frames whether a video weaves; if so, `frames` moves each frame back to where its scene began before it
becomes a grid. Stills are left as they are.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from genga.images.image import Luma
from genga.video.luma_grid import cells_of, grid_size

Small = npt.NDArray[np.float32]  # (about _LINES, width), luma
Shift = tuple[float, float]  # x, y, px of a Small

_LINES = 240  # shorter side of the pictures that are compared
_BLUR = 1.0  # px, deviation: least squares find a picture that lies about so far beside its place
_ROUNDS = 8  # of least squares, each over the px that the one before explains
_ENOUGH = 0.005  # px by which a round may move the picture to be the last
_EDGE = 4.0  # luma levels per px, both ways together, from which a gradient says where a px is
_FEWEST = 200  # px with such gradients
_AGREED = 6.0  # luma levels by which frames may differ where they agree, and _GRAINS times the median if that is more,
_GRAINS = 3.0
_APART = 20.0  # but never more
_MARGIN = 4  # px at the edge of the picture, where others come in
_SCENE = 0.6  # part of the px with gradients that agree in frames of one scene
_FARTHEST = 3.0  # px that film weaves from where it was; what goes farther is the camera
_LEAST = 0.05  # px from which a shift is seen in the grid
_ONE_WAY = 0.6  # part of their way that the frames of a stretch come away from where they began, in a camera move
_FEW = 0.1  # part of the pairs that may move in a stretch that stands still
_PAIRS = 24  # of frames without a camera move below which nothing is concluded
_WEAVES = 0.2  # part of them that move where film weaves; of other video one in ten at most


def small_of(plane: Luma, bits: int) -> Small:
    """Return a luma plane (height, width) of `bits` bits as a small picture to be held against others."""
    grid = grid_size(plane.shape[1], plane.shape[0], _LINES)
    return cv2.GaussianBlur(cells_of(plane, bits, grid).astype(np.float32), (0, 0), _BLUR).astype(np.float32)


def beside(first: Small, second: Small, start: Shift = (0.0, 0.0)) -> tuple[Shift, float]:
    """Return by how many px `second` lies beside `first`, and the part of the px with gradients that agree on it.

    start: where to begin. The part is 0 where there is next to nothing to go by.
    """
    dx, dy = start
    share = 0.0
    gx, gy = (cv2.Sobel(first, cv2.CV_32F, x, 1 - x, ksize=3, scale=1 / 8) for x in (1, 0))
    inner = np.zeros(first.shape, bool)
    inner[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN] = True
    edges = inner & (np.abs(gx) + np.abs(gy) >= _EDGE)
    if np.count_nonzero(edges) < _FEWEST:
        return start, 0.0
    x, y, base = gx[edges], gy[edges], first[edges]
    for _ in range(_ROUNDS):
        left = moved(second, (-dx, -dy))[edges] - base
        off = np.abs(left)
        agree = off <= min(_APART, max(_AGREED, _GRAINS * float(np.median(off))))
        share = float(agree.mean())
        # The picture is moved back by (dx, dy): what is left of it there says how much farther it lies.
        step = _least_squares(x[agree], y[agree], left[agree])
        if step is None:
            return start, 0.0
        dx, dy = dx - step[0], dy - step[1]
        if max(map(abs, step)) < _ENOUGH:
            break
    return (dx, dy), share


def _least_squares(x: npt.NDArray[Any], y: npt.NDArray[Any], left: Small) -> Shift | None:
    """Return the shift by which the gradients (n,) in x and y explain `left`; None: they are of one direction alone."""
    xx, yy, xy, of_x, of_y = (
        float(np.multiply(a, b, dtype=np.float64).sum()) for a, b in ((x, x), (y, y), (x, y), (x, left), (y, left))
    )
    determinant = xx * yy - xy * xy
    if determinant <= 1e-6 * max(xx, yy) ** 2:
        return None
    return (of_x * yy - of_y * xy) / determinant, (of_y * xx - of_x * xy) / determinant


def moved(picture: npt.NDArray[Any], by: Shift, around: npt.NDArray[Any] | None = None) -> npt.NDArray[Any]:
    """Return a picture (height, width) moved by x, y px.

    around: the picture of which what comes in at the edges is taken; None: it is as the edge is.
    """
    motion = np.array([[1, 0, by[0]], [0, 1, by[1]]], np.float32)
    size = picture.shape[1], picture.shape[0]
    if around is None:
        return cv2.warpAffine(picture, motion, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    onto = around.copy()
    return cv2.warpAffine(picture, motion, size, onto, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT)


def weaves(stretches: Iterable[Sequence[tuple[Shift, float]]]) -> bool:
    """Return whether a video weaves, by how each frame lies `beside` the one before in runs of consecutive ones.

    In many pairs of neighbours the whole picture has moved, and not one way as under a moving camera.
    """
    pairs = moving = 0
    for stretch in stretches:
        shifts = np.array([shift for shift, share in stretch if share >= _SCENE]).reshape(-1, 2)
        ways = np.hypot(*shifts.T)
        seen = int(np.count_nonzero(ways >= _LEAST))
        if seen > _FEW * len(ways) and np.hypot(*shifts.sum(axis=0)) > _ONE_WAY * ways.sum():
            continue
        pairs, moving = pairs + len(ways), moving + seen
    return pairs >= _PAIRS and moving >= _WEAVES * pairs


class Steady:
    """Moves frames back to where the first of their scene lies. Call `placed` for each frame in order."""

    def __init__(self) -> None:
        self._anchor: Small | None = None  # what frames are held against, and where that lies
        self._at: Shift = (0.0, 0.0)
        self._last: Small | None = None  # the frame before, and where it lies
        self._place: Shift = (0.0, 0.0)
        self._first: Luma | None = None  # the first frame of the scene, which says what is at the edges

    def placed(self, plane: Luma, bits: int) -> Luma:
        """Return a luma plane (height, width) of `bits` bits, moved."""
        small = small_of(plane, bits)
        self._place = self._found(small)
        self._last = small
        if self._anchor is small:
            self._first = plane.copy()
        if max(map(abs, self._place)) < _LEAST:
            return plane
        rows, columns = small.shape
        back = -self._place[0] * plane.shape[1] / columns, -self._place[1] * plane.shape[0] / rows
        return moved(plane, back, self._first)

    def _found(self, small: Small) -> Shift:
        """Where a frame lies, by the anchor or the frame before, which then is the anchor; in another scene at nought.

        Frames are not held against the one before as long as it can be helped: small errors would add up.
        """
        if self._anchor is not None and self._last is not None and self._anchor.shape == small.shape:
            by, share = beside(self._anchor, small, (self._place[0] - self._at[0], self._place[1] - self._at[1]))
            if share < _SCENE:
                self._anchor, self._at = self._last, self._place
                by, share = beside(self._anchor, small)
            place = self._at[0] + by[0], self._at[1] + by[1]
            if share >= _SCENE and max(map(abs, place)) <= _FARTHEST:
                return place
        self._anchor, self._at = small, (0.0, 0.0)
        return 0.0, 0.0
