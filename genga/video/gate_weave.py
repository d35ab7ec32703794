"""Film that weaves in its gate: the whole picture lies a pixel or so elsewhere in each frame, to and fro.

A held drawing then never stands still. How far a frame lies beside another is found by least squares on the gradients
(Lucas & Kanade 1981, "An iterative image registration technique with an application to stereo vision"), over the px in
which the two agree, so that what moves in front of a background does not count. `probe` decides from pairs of
neighbouring frames whether a video weaves; if so, `frames` moves each frame that gains by it back to where its scene
began, as it becomes a grid. Stills are left as they are.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import ceil
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from genga.images.image import Luma, median, moved
from genga.video.luma_grid import Cells, eight_bits, grid_size, reduced, resized

Small = npt.NDArray[np.float32]  # at twice its grid: (240, width) of a grid of 120 lines, luma
Shift = tuple[float, float]  # x, y, px of a Small

_LINES = 120  # cells along the shorter side of the grids that probe has pictures of
_BLUR = 1.0  # px, deviation: least squares find a picture that lies about so far beside its place
_ROUNDS, _ENOUGH = 8, 0.005  # of least squares, each over the px that the one before explains; px of the last
_EDGE = 4.0  # luma levels per px, both ways together, from which a gradient says where a px is
_FEWEST, _MOST = 200, 4000  # px with such gradients; more are thinned out
_AGREED = 6.0  # luma levels by which frames may differ where they agree, and _GRAINS times the median if that is more,
_GRAINS = 3.0
_APART = 20.0  # but never more
_MARGIN = 5  # px at the edge of the picture, where others come in: two frames are not found farther apart than one less
_SCENE, _WHOLE = 0.6, 0.9  # part of the px with gradients that agree in frames of one scene; if nothing happens in it
_FARTHEST = 3.0  # px that film weaves from where it was; what goes farther is the camera
_CELL = 2  # px of a cell's sides
_LEAST, _FAINT = 0.05, 0.2  # px from which a shift is seen in the grid; up to which grain hides what moving gains
_GAIN = 0.85  # part of the difference that moving may leave; noise, and what moves in front, move nothing
_LONG, _JUDGED, _SURE = 12, 6, 4  # pairs judged together; so many at least without a cut; of which nothing happens in
_STRETCHES = 3  # such stretches without a camera move below which nothing is concluded
_WEAVES, _ALL = 0.1, 0.75  # part of a stretch's pairs that move where film weaves, and of the stretches that do
_SIZES, _ROW = 2.0, 3  # times as far, or as near, as film weaves in the middle stretch; frames in which a shake begins
_BOTH = 0.15  # part of the way in one direction that film at least goes in the other
_ONWARD = 0.3  # cosine of the ways of a frame and the next that moves, in the mean, from which it is a camera


class Beside(NamedTuple):
    """How a frame lies beside another."""

    by: Shift
    share: float  # part of the px with gradients that agree on it, 0 where there is next to nothing to go by
    left: float = 0.0  # part of the difference of those that is left after moving it back, 0..1

    @property
    def lies(self) -> bool:
        """Whether it seems to lie elsewhere."""
        return max(map(abs, self.by)) >= _LEAST

    @property
    def moved(self) -> bool:
        """Whether it lies elsewhere, and moving it back makes it clearly more alike."""
        return self.lies and self.left <= _GAIN

    @property
    def same(self) -> bool:
        """Whether it is of the same scene: what lies far beside it explains much, or it is another's."""
        return self.share >= _SCENE and (self.moved or max(map(abs, self.by)) < _FAINT)


class Anchor:
    """A small picture that others are held against: its gradients, where they are steep."""

    def __init__(self, picture: Small) -> None:
        self.picture = picture
        gx, gy = (cv2.Sobel(picture, cv2.CV_32F, x, 1 - x, ksize=3, scale=1 / 8) for x in (1, 0))
        edges = np.abs(gx) + np.abs(gy) >= _EDGE
        edges[:_MARGIN] = edges[-_MARGIN:] = edges[:, :_MARGIN] = edges[:, -_MARGIN:] = False
        at = np.flatnonzero(edges)
        self.at = at[:: max(1, -(-len(at) // _MOST))]
        x, y = self.slopes = np.stack([gx.ravel()[self.at], gy.ravel()[self.at]]).astype(np.float64)  # (2, n)
        self.base, self.products = picture.ravel()[self.at], np.stack([x * x, y * y, x * y])


def small_of(plane: Luma, bits: int) -> Small:
    """Return a luma plane (height, width) of `bits` bits as a small picture to be held against others."""
    grid = grid_size(plane.shape[1], plane.shape[0], _LINES)
    return _small(eight_bits(reduced(plane, grid), bits), grid)


def _small(picture: Cells, grid: tuple[int, int]) -> Small:
    twice = resized(picture, (2 * grid[0], 2 * grid[1]), cv2.INTER_AREA).astype(np.float32)
    return cv2.GaussianBlur(twice, (0, 0), _BLUR).astype(np.float32, copy=False)


def beside(first: Anchor, second: Small, start: Shift = (0.0, 0.0)) -> Beside:
    """Return how `second`, of the same shape, lies beside `first`. start: where to begin, px."""
    by, share, left, middle = start, 0.0, first.base, ((len(first.at) - 1) // 2, len(first.at) // 2)
    if len(first.at) < _FEWEST or max(map(abs, start)) >= _MARGIN - 1:
        return Beside(start, 0.0)
    for _ in range(_ROUNDS):
        left = _at(second, first.at, by) - first.base
        off = np.abs(left)
        low, high = np.partition(off, middle).take(middle)  # NumPy's median asks first whether they are numbers
        agree = off <= min(_APART, max(_AGREED, _GRAINS * float((low + high) / 2)))
        share = float(np.count_nonzero(agree)) / len(agree)
        # The picture is moved back by so much: what is left of it there says how much farther it lies.
        step = _least_squares(first, left, np.flatnonzero(agree))
        if step is None:
            return Beside(start, 0.0)
        by = by[0] - step[0], by[1] - step[1]
        if max(map(abs, by)) >= _MARGIN - 1:
            return Beside(start, 0.0)
        if max(map(abs, step)) < _ENOUGH:
            break
    before = float(np.abs(second.ravel()[first.at[agree]] - first.base[agree]).sum())
    return Beside(by, share, float(np.abs(left[agree]).sum()) / before if before else 0.0)


def _at(picture: Small, at: npt.NDArray[np.int_], by: Shift) -> Small:
    """The values of a picture `by` x, y px beside the px `at`, counted along its rows, interpolated."""
    values, columns = picture.ravel(), picture.shape[1]
    x, y = int(np.floor(by[0])), int(np.floor(by[1]))
    right, down = by[0] - x, by[1] - y
    here = at + (y * columns + x)
    upper = values.take(here) * np.float32(1 - right) + values.take(here + 1) * np.float32(right)
    here += columns
    lower = values.take(here) * np.float32(1 - right) + values.take(here + 1) * np.float32(right)
    return upper * np.float32(1 - down) + lower * np.float32(down)


def _least_squares(first: Anchor, left: Small, agree: npt.NDArray[np.intp]) -> Shift | None:
    """Return by what shift the gradients of the px numbered `agree` explain `left`; None: they are of one direction."""
    xx, yy, xy = first.products.take(agree, axis=1).sum(axis=1).tolist()
    of_x, of_y = (first.slopes * left).take(agree, axis=1).sum(axis=1).tolist()
    determinant = xx * yy - xy * xy
    if determinant <= 1e-6 * max(xx, yy) ** 2:
        return None
    return (of_x * yy - of_y * xy) / determinant, (of_y * xx - of_x * xy) / determinant


def weaves(stretches: Iterable[Sequence[Beside]], more: int = 0) -> bool:
    """Return whether a video weaves, by how each frame lies `beside` the one before in runs of consecutive ones.

    Film does so in all its scenes, to and fro in both directions, about as far in each, frame after frame, and where
    nothing else happens: what is drawn anew beside its place is none, nor a camera, which goes on as it went, nor what
    an editor shakes, for that begins and ends. more: runs that are not looked at, each of which may weave.
    """
    judged, ways, sizes, calm = more, np.zeros(2), list[float](), list[bool]()
    for part in (stretch[n : n + _LONG] for stretch in stretches for n in range(0, len(stretch), _LONG)):
        known, whole = ([one for one in part if one.share >= least] for least in (_SCENE, _WHOLE))
        sure = whole if len(whole) >= _SURE else known
        shifts = np.array([one.by for one in sure if one.moved]).reshape(-1, 2)
        seen = len(shifts) >= _WEAVES * len(sure)
        ahead, far = (shifts[1:] * shifts[:-1]).sum(), (np.hypot(*shifts[1:].T) * np.hypot(*shifts[:-1].T)).sum()
        onward = seen and (len(shifts) < 2 or ahead > _ONWARD * far)
        vague = sum(one.lies and not one.moved for one in sure)
        if len(known) < _JUDGED or onward or 2 * vague > len(sure):
            continue
        judged, calm = judged + 1, calm + [one.moved for one in whole]
        if seen and not (_in_a_row(one.moved for one in sure) and _in_a_row(not one.lies for one in sure)):
            sizes.append(float(np.hypot(*shifts.T).mean()))
            ways += np.abs(shifts).sum(axis=0)
    usual = median(np.array(sizes)) if sizes else 0.0
    alike = [size for size in sizes if more or 1 / _SIZES <= size / usual <= _SIZES]
    if judged < _STRETCHES or more + len(alike) < _ALL * judged:
        return False
    return bool(more or sum(calm) >= _WEAVES * len(calm) and ways.min() >= _BOTH * ways.max() > 0)


def _in_a_row(which: Iterable[bool]) -> bool:
    """Whether _ROW of these on end are so."""
    return any(so and len(list(run)) >= _ROW for so, run in groupby(which))


class Steady:
    """Makes grids of frames, moved back to where the first of their scene lies: call `cells` for each in order."""

    def __init__(self) -> None:
        """Begin before the first frame."""
        self._anchor: Anchor | None = None  # what frames are held against, and where that lies
        self._at: Shift = (0.0, 0.0)
        self._last: Small | None = None  # the frame before, and where it lies
        self._place: Shift = (0.0, 0.0)
        self._travel: Shift = (0.0, 0.0)  # the way that the camera goes; none: it stands
        self._weaves = False  # whether a frame of the scene has gained by being moved
        self._first: Cells | None = None  # the first frame of the scene, which says what is at the edges

    def cells(self, plane: Luma, bits: int, grid: tuple[int, int]) -> Cells:
        """As `cells_of`, of frames one after the other, each moved if it gains by it."""
        picture = eight_bits(reduced(plane, grid), bits)
        if self._first is not None and self._first.shape != picture.shape:
            self._anchor = None
        small = _small(picture, grid)
        gains, self._last = self._found(small), small
        if self._anchor is not None and self._anchor.picture is small:
            self._first = picture
        if gains:
            rows, columns = (size / own for size, own in zip(picture.shape, small.shape, strict=True))
            # A cell all round always, so that it is no other when film lies a little farther.
            back = -self._place[0] * columns, -self._place[1] * rows
            picture = moved(picture, back, self._first, ceil(_CELL * max(rows, columns)))
        return eight_bits(resized(picture, grid, cv2.INTER_AREA), 8)

    def _found(self, small: Small) -> bool:
        """Find where a frame lies, and return whether it gains by being moved; in another scene it lies at nought.

        It is held against the anchor, or if that does not do, against the frame before, which then is the anchor: not
        always against that, as small errors would add up. While the camera moves, frames lie where they are.
        """
        if self._anchor is None or self._last is None:
            return self._begin(small)
        found = beside(self._anchor, small, (self._place[0] - self._at[0], self._place[1] - self._at[1]))
        goes_on = found.by[0] * self._travel[0] + found.by[1] * self._travel[1] > 0
        if goes_on and found.moved and found.same:
            return self._begin(small, found.by)
        self._travel = 0.0, 0.0
        if not found.same:
            self._anchor, self._at = Anchor(self._last), self._place
            found = beside(self._anchor, small)
        place = self._at[0] + found.by[0], self._at[1] + found.by[1]
        if not found.same:
            return self._begin(small)
        if max(map(abs, place)) > _FARTHEST:
            return self._begin(small, place)
        self._place, self._weaves = place, self._weaves or found.moved
        return self._weaves and max(map(abs, place)) >= _LEAST

    def _begin(self, small: Small, travel: Shift = (0.0, 0.0)) -> bool:
        """Hold what follows against this frame, which lies where it is. travel: the way that the camera brought it."""
        self._anchor, self._at, self._place = Anchor(small), (0.0, 0.0), (0.0, 0.0)
        self._travel, self._weaves = travel, False
        return False
