"""Stretches of a shot in which frames are not one drawing at rest."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from genga.drawings.alignment import Motion, laid, motion_of_most, of_a_camera
from genga.drawings.static_tiles import CHANGED, slopes
from genga.video.luma_grid import Cells, Grids, Levels, beyond_light, blocks_of, gone, means

FLAT = 6.0  # standard deviation of luma under which a picture is without contrast
UNSEEN, _FAINT = 6, 3.0  # frames between two that show nothing, from which a picture in the dark is seen, and its own
SHORTEST = 3  # frames of a dissolve or fade; fewer mixed ones are a cut in video whose frame rate was converted
REDRAWN = 16.0  # luma levels beyond light, from which a picture is drawn anew

_TILE = 8  # cells along the side of a tile
_LIT = 0.3  # part of a difference beyond light, from which it may be a dissolve's
_FADING = 0.6  # and up to which it may be a fade's

_BACK = 0.15  # by which the shares of a dissolve may fall
_STANDS = 0.35  # part of its pace in the middle, slower than which it does not go on
_WINDOW, _HELD = 6, 2  # frames over which that is asked, and by which a held drawing may be late

_EDGE, _PART = 8.0, 6  # luma per cell from which a gradient is an edge's; cells along the side of a part
_RANK = 4  # a part's gradient is its largest but for so many less one: an outline's, no speck's
_CLEAN = 0.2  # share of the other picture, up to which a frame shows one as it is, but for that much of its contrast
_HALF = (0.3, 0.7)  # share of the picture after where both are mixed
_SHARPER, _SLACK = 1.3, 3.0  # times what a mixture may show, and levels, beyond which an edge is none of a mixture
_DRAWN = 0.06  # part of the edges that may be,
_SOON = 12  # over so many frames, in which nothing is elsewhere; later, the more is
_ANY = 1.6  # times that in any one frame
_ALONE = 3.0  # times the steps beside it, from which a cut is no light
_RIM = np.ones((7, 7), np.uint8)  # cells at the edge of a picture that has moved, where others come in
_AROUND = np.ones((3, 3), np.uint8)  # parts within which an edge may have moved

_LINEAR = np.round(255 * (np.arange(256) / 255) ** 2.2).astype(np.uint8)  # light of each code value, 255 for white

Span = tuple[int, int]  # frames, end exclusive
Tiles = npt.NDArray[np.float32]  # (frames, tiles)
Values = npt.NDArray[np.float32]  # (frames,)


@dataclass(frozen=True)
class Event:
    """Something that goes on over the frames [start, end)."""

    kind: str  # dissolve, fade; or a camera move: pan, zoom, other
    start: int
    end: int


@dataclass(frozen=True)
class Passage(Event):
    """A dissolve or fade from one picture to another; a new shot begins at `boundary`."""

    boundary: int
    early: int = 0  # frames of a fade before `start`, and
    late: int = 0  # after its last one, that are drawings nevertheless

    @property
    def whole(self) -> range:
        """The frames over which it goes on, with the next one."""
        return range(self.start - self.early, self.end + self.late + 1)

    def cut_at(self, frame: int) -> bool:
        """Whether it begins or ends with a cut at this frame: a fade of which one side is a picture in full."""
        return frame == self.boundary and frame in (self.whole.start, self.whole.stop - 1)

    def cut_beside(self, cells: Grids, frame: int) -> bool:
        """Whether a cut at this frame may be one among the drawings on the bright side of a fade: alone, and no light.

        A shot may fade as soon as it begins, and end as soon as it has faded in.
        """
        out, into = self.whole.start <= frame < self.start, self.boundary < self.end <= frame < self.whole.stop
        if self.kind != "fade" or not (out or into) or not 1 < frame < len(cells) - 1:
            return False
        before, cut, after = (
            float(cv2.absdiff(cells[k - 1], cells[k]).mean()) for k in (frame - 1, frame, frame + 1)
        )  # fmt: skip
        return cut >= _ALONE * max(before, after) and not flat(cells[frame - 1]) and not flat(cells[frame])


class InLight:
    """The grids of a video by frame number, as light, 0..255, rather than as code values: some editors mix that."""

    def __init__(self, cells: Grids) -> None:
        """Take them as they are asked for."""
        self._cells = cells

    def __len__(self) -> int:
        return len(self._cells)

    def __getitem__(self, frame: int, /) -> Cells:
        return np.asarray(cv2.LUT(self._cells[frame], _LINEAR), np.uint8)  # an index takes three times as long


def dimmed(cells: Grids, fade: Passage) -> Passage:
    """Return a fade without the drawings on its bright side, of the last its brightest frame: none is seen in full."""
    start, end = fade.start, fade.end
    if flat(cells[max(0, start - 1)]):
        steps = range(fade.boundary + 1, min(end, len(cells) - 1))
        end = next((frame for frame in steps if redrawn(cells[frame], cells[frame + 1])), end)
    elif flat(cells[min(len(cells) - 1, end)]):
        steps = range(fade.boundary - 1, max(start, 1) - 1, -1)
        start = next((frame + 1 for frame in steps if redrawn(cells[frame - 1], cells[frame])), start)
    return Passage(fade.kind, start, end, fade.boundary, start - fade.start, fade.end - end)


def redrawn(picture: Cells, frame: Cells) -> bool:
    """Whether two frames of a fade differ by more than light, and than light on a picture that a camera has moved."""
    if _largest(np.abs(beyond_light(picture, frame))) <= REDRAWN:
        return False
    lit = np.clip(frame - beyond_light(picture, frame), 0, 255).astype(np.uint8)
    motion = motion_of_most(lit, frame, np.ones(frame.shape, np.bool_))
    if motion is None or not of_a_camera(motion):
        return True
    moved = laid(lit, motion)
    return _largest(np.abs(beyond_light(moved, frame)) * within(motion, frame.shape).astype(np.float32)) > REDRAWN


def within(motion: Motion, shape: tuple[int, ...]) -> Cells:
    """Return 1 where a grid of this shape that a motion has laid on another is known, but at its edges, else 0."""
    return np.asarray(cv2.erode(laid(np.ones(shape, np.uint8), motion, exact=True), _RIM, borderValue=0), np.uint8)


def _largest(levels: Levels) -> float:
    """Return the largest mean of 2x2 cells."""
    return float(cv2.blur(levels, (2, 2)).max())


def softened(cells: Grids, dissolve: Passage) -> bool:
    """Whether the outlines in the middle of a dissolve are as faint as two pictures leave them that are mixed.

    A figure that goes on acting while what is behind it becomes another picture keeps its own in full, wherever it is.
    """
    first, last = max(0, dissolve.start - 1), min(len(cells) - 1, dissolve.end)
    blocks, before, after = blocks_of(cells), cells[first].astype(np.float32), cells[last].astype(np.float32)
    frames = range(first, last + 1)
    shares = {k: min(max(gone(blocks(first), blocks(k), blocks(last), CHANGED), 0.0), 1.0) for k in frames}
    # What is seen of either picture while the other is hardly seen says more of it than where it was before.
    early = max(k for k in frames if k == first or shares[k] <= _CLEAN)
    late = min(k for k in frames if k == last or shares[k] >= 1 - _CLEAN and k > early)
    near = {k: cv2.dilate(_edges(cells[k]), _AROUND) for k in {first, early, late, last}}
    drawn = []
    for k in range(early + 1, late):
        share = shares[k]
        if _HALF[0] <= share <= _HALF[1]:
            edges = _edges(cells[k])
            most = np.maximum.reduce([
                cv2.dilate(_edges((1 - share) * before + share * after), _AROUND),
                (1 - share) * near[first], (1 - share) / (1 - shares[early]) * near[early],
                share * near[last], share / shares[late] * near[late],
            ])  # fmt: skip
            own = (edges > _EDGE) & (edges > _SHARPER * (most + _SLACK))
            drawn.append(float(own.sum() / max(1, (edges > _EDGE).sum())))
    most_drawn = _DRAWN * max(1.0, len(frames) / _SOON)
    return not drawn or float(np.median(drawn)) <= most_drawn and max(drawn) <= _ANY * most_drawn


def _edges(grid: Cells | Levels) -> Levels:
    """Return the gradient of the outlines in each part of a grid, luma per cell."""
    size = cv2.magnitude(*slopes(grid))
    size = np.pad(size, [(0, -side % _PART) for side in size.shape])
    rows, columns = (side // _PART for side in size.shape)
    parts = size.reshape(rows, _PART, columns, _PART).transpose(0, 2, 1, 3).reshape(rows, columns, -1)
    return np.asarray(np.partition(parts, -_RANK, axis=-1)[..., -_RANK], np.float32)


def steady(shares: Sequence[float]) -> bool:
    """Whether the shares of the picture after grow from 0 to 1, but for noise, and never by half the way at once."""
    known = np.array([0.0, *shares, 1.0])
    return bool(np.diff(known).max() < 0.5 and (np.maximum.accumulate(known) - known).max() < _BACK)


def going_on(shares: Sequence[float], middle: int) -> Span:
    """Return the first and the last of the frames with these shares that go on towards the picture after.

    Where hardly anything does for half as long as from a quarter to three, a picture is seen that moves.
    middle: one of them that is mixed.
    """
    grown, least = np.maximum.accumulate([*shares, 1.0]), np.minimum.accumulate([0.0, *shares][::-1])[::-1]
    early, late = (int((grown[:-1] <= share).sum()) for share in (0.25, 0.75))
    time = max(1, late - early)
    window = max(_WINDOW, time // 2)

    def on(levels: npt.NDArray[np.float64], place: int, until: int) -> bool:
        held = max(0, abs(until - place) - _HELD)
        return bool(abs(levels[until] - levels[place]) >= _STANDS * held * 0.5 / time)

    first = last = middle
    while last < len(shares) - 1 and on(grown, last, min(last + window, len(shares))):
        last += 1
    while first > 0 and on(least, first + 1, max(first + 1 - window, 0)):
        first -= 1
    few = last + 1 - first < SHORTEST and len(shares) <= SHORTEST + _HELD
    return (0, len(shares) - 1) if few else (first, last)


def flat(grid: Cells) -> bool:
    """Whether a picture is without contrast."""
    return float(grid.std()) < FLAT


def nothing(grids: Sequence[Cells]) -> bool:
    """Whether frames between two fades show nothing: if there are many, a picture in the dark is seen."""
    return all(float(grid.std()) < (FLAT if len(grids) <= UNSEEN else _FAINT) for grid in grids)


def kindred(clean: Cells, frame: Cells, fade: bool) -> bool:
    """Whether what goes on between two frames may be a fade, which is light, or a dissolve, which is not."""
    change = float(np.abs(frame.astype(np.float32) - clean).mean())
    beyond = float(np.abs(beyond_light(clean, frame)).mean())
    return flat(clean) or beyond <= _FADING * change if fade else beyond > _LIT * change


def sketch(grids: Sequence[Cells], noise: float) -> tuple[Tiles, Tiles]:
    """Return the mean luma of each tile of grids, and its mean squared gradient without that of the noise."""
    tones, detail = [], []
    for grid in grids:
        small = means(grid, 2)
        x, y = (cv2.Sobel(small, cv2.CV_32F, *way, ksize=1, scale=0.5) for way in ((1, 0), (0, 1)))
        tones.append(means(small, _TILE // 2).ravel())
        detail.append(means(x * x + y * y, _TILE // 2).ravel())
    # Means of four cells have a quarter of a cell's variance, and so has the squared gradient, x and y together.
    return np.stack(tones), np.maximum(np.stack(detail) - np.float32(noise**2 / 4), 0)


def strange(tones: Tiles, share: Values, changed: float) -> Values:
    """Return what frames show where the first and the last of them are alike, as part of how these two differ."""
    step = tones[-1] - tones[0]
    counts = np.abs(step) > changed
    own = np.abs(tones - tones[0] - share[:, None] * step) * ~counts
    return np.asarray(own.sum(1) / max(1.0, float(np.abs(step * counts).sum())), np.float32)
