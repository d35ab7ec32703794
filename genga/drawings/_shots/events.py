"""Stretches of a shot in which frames are not one drawing at rest."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from genga.video.luma_grid import Cells, Grids, beyond_light, means

FLAT = 6.0  # standard deviation of luma under which a picture is without contrast
REDRAWN = 16.0  # luma levels beyond light, from which a picture is drawn anew

_TILE = 8  # cells along the side of a tile
_LIT = 0.3  # part of a difference beyond light, from which it may be a dissolve's
_FADING = 0.6  # and up to which it may be a fade's

Span = tuple[int, int]  # frames, end exclusive
Tiles = npt.NDArray[np.float32]  # (frames, tiles)


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


def dimmed(cells: Grids, fade: Passage) -> Passage:
    """Return a fade without the drawings on its bright side, of the last its brightest frame: none is seen in full."""
    start, end = fade.start, fade.end
    if flat(cells[max(0, start - 1)]):
        steps = range(fade.boundary + 1, min(end, len(cells) - 1))
        end = next((frame for frame in steps if _redrawn(cells[frame], cells[frame + 1])), end)
    elif flat(cells[min(len(cells) - 1, end)]):
        steps = range(fade.boundary - 1, max(start, 1) - 1, -1)
        start = next((frame + 1 for frame in steps if _redrawn(cells[frame - 1], cells[frame])), start)
    return Passage(fade.kind, start, end, fade.boundary, start - fade.start, fade.end - end)


def _redrawn(picture: Cells, frame: Cells) -> bool:
    return float(cv2.blur(np.abs(beyond_light(picture, frame)), (2, 2)).max()) > REDRAWN  # differ by more than light


def flat(grid: Cells) -> bool:
    """Whether a picture is without contrast."""
    return float(grid.std()) < FLAT


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
