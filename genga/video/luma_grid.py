"""A frame as a grid of cells: the mean luma of small squares, and how two frames differ by it.

The shorter side of the picture is `lines` cells long (120: a cell is 4 px of a 480-line picture), so that a grid is the
same for every resolution of a video. Two frames differ by the largest mean absolute difference over 2x2 cells: the
largest local block difference. On labelled clips it separates held frames from new drawings as the same measure on the
blurred 480-line picture does, and a grid is small enough to be stored for every frame (docs/frames-accuracy.md).
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Protocol, TypeVar, cast

import cv2
import numpy as np
import numpy.typing as npt

from genga.images.image import Luma

F = TypeVar("F", bound=Callable[..., Any])
Cells = npt.NDArray[np.uint8]  # (rows, columns), mean luma code value of each cell, 0..255
Levels = npt.NDArray[np.float32]  # (rows, columns), differences of luma, or means
Blocks = Callable[[int], Levels]  # of a frame
Tones = npt.NDArray[np.float64]  # (32,), shares of the cells, 0..1


class Grids(Protocol):
    """The grids of a video by frame number: a list of them, or a reader."""

    def __len__(self) -> int: ...
    def __getitem__(self, frame: int, /) -> Cells: ...


_SKIPPING = 8  # px of a cell's sides from which on every second line of the picture says what all of them do
_HARDLY = 1.25  # px in the way of one, up to which interpolating passes over none
_BLOCK, BLOCK_CELLS = (2, 2), 4  # cells that a local difference is averaged over, and how many
_LIGHT = 4.0  # cells, deviation, over which light that changes is even, as of water, fire, a lamp,
_ROUNDS = 2  # and of nearing it: at edges the first is beside it
_FOLLOWED = 4  # cells along the side of the blocks whose way from one picture to another is followed
_KEPT = 256  # frames of which the means over these are kept
_FEWEST = 0.03  # part of the blocks that has to change for that
_BINS = 32  # of the luma histogram, 8 code values each


def kept(most: int) -> Callable[[F], F]:
    """Have a function of a grid keep what it returned last, of `most` grids that nobody can write to: a reader's."""

    def keeping(asked: F) -> F:
        known: dict[tuple[int, ...], tuple[Cells, Any]] = {}  # with the grid itself, so that no other has its number

        @wraps(asked)
        def answer(cells: Cells, *more: int) -> Any:
            if cells.flags.writeable:
                return asked(cells, *more)
            if (found := known.get(key := (id(cells), *more))) is None:
                known[key] = found = cells, asked(cells, *more)
                if len(known) > most:
                    known.pop(next(iter(known)), None)
            return found[1]

        return cast(F, answer)

    return keeping


def grid_size(width: int, height: int, lines: int) -> tuple[int, int]:
    """Return (rows, columns) of the grid of a picture; the shorter side gets `lines` cells, or one per pixel."""
    scale = min(1.0, lines / min(width, height))
    return max(1, round(height * scale)), max(1, round(width * scale))


def cells_of(luma: Luma, bits: int, grid: tuple[int, int]) -> Cells:
    """Return the cell means of a luma plane (height, width) of `bits` bits, as (rows, columns) of `grid`."""
    lines = second_lines(luma, grid)
    means = resized(reduced(luma, grid), grid, cv2.INTER_AREA) if lines is None else means_of_lines(lines, grid)
    return eight_bits(means, bits)


def means_of_lines(lines: Luma, grid: tuple[int, int]) -> Luma:
    """Return the cell means, (rows, columns) of `grid`, of a picture of which every second line is known.

    Halved to one or two px of a cell below each other and two to four side by side. Interpolating takes half the time
    of an area mean; but where there are more than one and two it passes over some px, and outlines that sway by less
    than a cell come and go between those.
    """
    rows, columns = grid
    while lines.shape[0] >= 2 * rows and lines.shape[1] >= 4 * columns:
        lines = half(lines)
    if max(lines.shape[0] / rows, lines.shape[1] / (2 * columns)) > _HARDLY:
        return resized(lines, grid, cv2.INTER_AREA)
    return resized(resized(lines, (rows, 2 * columns), cv2.INTER_LINEAR), grid, cv2.INTER_LINEAR)  # pairs: their means


def second_lines(luma: Luma, grid: tuple[int, int]) -> Luma | None:
    """Return every second line of a luma plane (height, width), if its cells are made of those: of large pictures.

    As they lie there: OpenCV halves them as fast as lines that were copied into one piece.
    """
    (rows, columns), (height, width) = grid, luma.shape
    return luma[::2] if min(height / rows, width / columns) >= _SKIPPING else None


def reduced(luma: Luma, grid: tuple[int, int]) -> Luma:
    """Return the smaller picture of a luma plane (height, width) whose area means are its cells: its smallest half.

    Of large pictures only every second line is read, and what is left is brought to twice the grid by interpolation, as
    is fine enough for what is moved (genga.video.gate_weave).
    """
    rows, columns = grid
    lines = second_lines(luma, grid)
    luma = luma if lines is None else lines
    while min(luma.shape[0] / rows, luma.shape[1] / columns) >= 4:
        luma = half(luma)
    return luma if lines is None else resized(luma, (2 * rows, 2 * columns), cv2.INTER_LINEAR)


def half(luma: Luma) -> Luma:
    """Return a luma plane at half its size, rounded down: 2x2 means, which OpenCV takes at the speed of memory."""
    height, width = (side // 2 for side in luma.shape)
    return resized(luma[: height * 2, : width * 2], (height, width), cv2.INTER_AREA)


def resized(luma: Luma, shape: tuple[int, int], interpolation: int) -> Luma:
    """Return a luma plane at another (height, width); itself, if that is its own."""
    if luma.shape == shape:
        return luma
    return cv2.resize(luma, shape[::-1], interpolation=interpolation)  # type: ignore[return-value]


def eight_bits(luma: Luma, bits: int) -> Cells:
    """Return code values of `bits` bits as those of 8."""
    return luma.astype(np.uint8, copy=False) if bits == 8 else (luma >> (bits - 8)).astype(np.uint8)


def block_sums(a: Cells, b: Cells) -> npt.NDArray[np.uint16]:
    """Return four times the mean absolute difference of the 2x2 cells around each cell, (rows, columns), 0..1020."""
    return summed(cv2.absdiff(a, b))


def summed(apart: npt.NDArray[Any]) -> npt.NDArray[np.uint16]:
    """Return the sum of each cell and those left of it and above, (rows, columns).

    At the edges, which have none, with the next ones. Whole numbers take two thirds of the time of means, and two sums
    half the time of OpenCV's filter.
    """
    if min(apart.shape) < 2:
        return cv2.boxFilter(apart, cv2.CV_16U, _BLOCK, normalize=False).astype(np.uint16, copy=False)
    sums, wide = np.empty(apart.shape, np.uint16), apart.astype(np.uint16)
    above = wide[1:] + wide[:-1]
    np.add(above[:, 1:], above[:, :-1], out=sums[1:, 1:])
    sums[0, 1:], sums[:, 0] = sums[1, 1:], sums[:, 1]  # one after the other
    return sums


def difference_map(a: Cells, b: Cells) -> npt.NDArray[np.float32]:
    """Return the mean absolute difference of the 2x2 cells around each cell, (rows, columns), 0..255."""
    return block_sums(a, b) * np.float32(1 / BLOCK_CELLS)


def block_difference(a: Cells, b: Cells) -> float:
    """Return the largest local difference of two grids of one shape, 0..255."""
    return int(block_sums(a, b).max()) / BLOCK_CELLS


def tone_difference(a: Cells, b: Cells) -> float:
    """Return the total variation distance of two grids' luma histograms, 0 (same tones) .. 1 (none in common).

    Motion and a pan leave it small; another picture does not.
    """
    return apart(tones(a), tones(b))


def tones(cells: Cells) -> Tones:
    """Return a grid's histogram of luma: the share of its cells in each of the 32 bins."""
    # Column by column: in rows neighbours are alike, and counting one tone again and again waits for itself.
    return cv2.calcHist([cv2.transpose(cells)], [0], None, [_BINS], [0, 256]).ravel() / cells.size


def apart(a: Tones, b: Tones) -> float:
    """Return the total variation distance of two histograms, 0..1."""
    return float(np.abs(a - b).sum() / 2)


def mixture(a: Cells | Levels, frame: Cells | Levels, b: Cells | Levels) -> tuple[float, float]:
    """Return the share of `b` in `frame` as a mixture of `a` and `b`, and the part of the change it leaves unexplained.

    The share is the least-squares one; the rest is relative to the mean difference of `a` and `b`, 0 for equal ones.
    """
    step, way = b.astype(np.float32) - a, frame.astype(np.float32) - a
    size = float(np.abs(step).mean())
    if size == 0:
        return 0.0, 0.0
    share = float((way * step).sum() / (step * step).sum())
    return share, float(np.abs(way - share * step).mean()) / size


def means(grid: npt.NDArray[np.generic], side: int) -> Levels:
    """Return the means over squares of `side` cells, (rows // side, columns // side), one at least."""
    rows, columns = grid.shape
    size = (max(1, columns // side), max(1, rows // side))
    return np.asarray(cv2.resize(grid.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32)


def blocks_of(cells: Grids, side: int = _FOLLOWED) -> Blocks:
    """Return what gives the means of a frame over blocks of `side` cells, as `gone` follows a change; it keeps some."""
    return lru_cache(_KEPT)(lambda frame: means(cells[frame], side))


def gone(a: Levels, middle: Levels, b: Levels, changed: float) -> float:
    """Return how much of the way from one picture to another a frame has gone: the median of the blocks that change.

    What moves in front of a picture at rest is seldom half of it, and what it uncovers lies on both sides of the way.
    a, middle, b: blocks of the picture before, of the frame, and of the picture after. changed: luma levels by which a
    block has to change. 0 where hardly any does.
    """
    far = np.abs(b - a) > changed
    return float(np.median((middle - a)[far] / (b - a)[far])) if far.mean() >= _FEWEST else 0.0


def beyond_light(a: Cells | Levels, b: Cells | Levels) -> Levels:
    """Return what of the difference of two grids is none of light: a gain and a constant, by least squares."""
    change = b.astype(np.float32) - a
    own, rest = a - a.mean(dtype=np.float32), change - change.mean()
    return np.asarray(rest - own * (float((own * rest).sum()) / max(1.0, float((own * own).sum()))), np.float32)


def relit(a: Cells | Levels, b: Cells | Levels) -> Levels:
    """Return `a` in the light of `b`: each cell times what the mean around it has become, over some cells."""
    lit, goal = a.astype(np.float32), cv2.GaussianBlur(b.astype(np.float32), (0, 0), _LIGHT) + 1
    for _ in range(_ROUNDS):
        lit = np.asarray(lit * (goal / (cv2.GaussianBlur(lit, (0, 0), _LIGHT) + 1)), np.float32)
    return np.asarray(lit, np.float32)


def mixes(clean: Levels, frame: Levels, goal: Levels) -> bool:
    """Whether a frame is rather a mixture of two pictures than the one in another light, by means over blocks."""
    left = mixture(clean, frame, goal)[1] * np.abs(goal - clean).mean()
    return bool(left < np.abs(beyond_light(clean, frame)).mean())
