"""Rain, snow and sparks in front of a picture: what is elsewhere in every frame makes no new drawing by itself.

A cell that weather passes over is other than in the frame before and in the one after, which agree: such cells take the
value of their neighbours in time. A shot has weather in it if that happens all over its picture, and is most of what
happens in it. What then is left of weather is thin, goes either way and stays nowhere. So a frame begins a drawing if
it differs from the one before by the mean over 4x4 cells, in which a mouth is whole and a drop is little, or if cells
differ that do so for two frames before and two after; each by more than weather does.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from genga.drawings._dedup.faint import staying
from genga.drawings._text.tracks import MaskedGrid, MaskedGrids
from genga.drawings.static_tiles import TILE, Mask
from genga.video.luma_grid import Cells

_PASSING = 6  # luma levels by which weather changes a cell at least
_BACK = 0.5  # part of that by which the frames before and after may differ
_RESTLESS = 0.6  # part of a shot's steps that are above its threshold, where it rains
_WIDE = 0.12  # part of the tiles of a picture in which something passes, in most steps,
_LEFT = 0.3  # and part of the cells that change that do so without what passes
_FEWEST = 12  # steps from which that can be told
_BLOCK, _SMALLER = (4, 4), (2, 2)  # cells
_TIMES = 1.8  # what weather leaves of most steps, by which a drawing differs more,
_FAINTER = 2.5  # and times the shot's threshold that this is at most: in stronger weather a mouth would be lost
_FARTHER = 2.4  # and from the first frame of one that goes on for long
_HELD = 2  # frames before and after


@dataclass(frozen=True)
class Weather:
    """What a shot over [start, end) shows behind its weather."""

    seen: MaskedGrids
    start: int
    end: int
    begins: frozenset[int]  # frames that begin a drawing
    farthest: float  # that a frame may be from the first of its drawing, by `apart`

    def __getitem__(self, frame: int) -> MaskedGrid:
        return cleaned(self.seen, frame, self.start, self.end)[0]


def weather_of(
    seen: MaskedGrids, start: int, end: int, skipped: Collection[int], changes: Sequence[float], threshold: float
) -> Weather | None:
    """Return what a shot over [start, end) shows behind its weather; None if it has none.

    Nor if drawings could not be told from it: then nothing is hidden. skipped: frames in which something else goes on.
    changes: block difference of each frame of the video to the one before. threshold: of the shot.
    """
    steps = [frame for frame in range(start + 1, end) if frame not in skipped and frame - 1 not in skipped]
    if len(steps) < _FEWEST or sum(changes[frame] > threshold for frame in steps) < _RESTLESS * len(steps):
        return None
    tiles, left, distances, stays = (
        np.array(values) for values in zip(*measured(seen, steps, start, end), strict=True)
    )
    if float(np.median(tiles)) < _WIDE or float(np.median(left)) > _LEFT:
        return None
    usual, usual_gap = float(np.median(distances)), float(np.median(stays))
    if _TIMES * usual > _FAINTER * threshold:
        return None
    # At either end of the shot nothing says what in a frame is weather.
    times = np.array([_TIMES * (2 if frame in (start + 1, end - 1) else 1) for frame in steps])
    begins = (distances > times * usual) | (stays > times * usual_gap)
    begun = frozenset(frame for frame, new in zip(steps, begins, strict=True) if new)
    return Weather(seen, start, end, begun, _FARTHER * usual)


def measured(
    seen: MaskedGrids, steps: Sequence[int], start: int, end: int
) -> Iterator[tuple[float, float, float, float]]:
    """Yield of each step, to a frame of a shot over [start, end) from the one before, what tells weather.

    The part of the tiles in which something passes, what part of the change is left without that, how far the two
    frames then are apart, and how much of it stays.
    """
    last, after = -1, MaskedGrid(np.zeros((1, 1), np.uint8))
    for frame in steps:
        before = after if last == frame - 1 else cleaned(seen, frame - 1, start, end)[0]
        last, (after, passing) = frame, cleaned(seen, frame, start, end)
        changed, still = (
            float((cv2.absdiff(a, b) > _PASSING).mean())
            for a, b in ((seen[frame - 1].cells, seen[frame].cells), (before.cells, after.cells))
        )
        earlier = [seen[near] for near in range(max(start, frame - _HELD), frame)]
        later = [seen[near] for near in range(frame, min(end, frame + _HELD))]
        stays = float(cv2.boxFilter(staying(earlier, later), cv2.CV_32F, _SMALLER).max())
        yield tiles_with(passing), still / changed if changed else 1.0, apart(before, after), stays


def cleaned(seen: MaskedGrids, frame: int, start: int, end: int) -> tuple[MaskedGrid, Mask]:
    """Return a frame without what is there for this frame alone, and where that was. start, end: of its shot."""
    own = seen[frame]
    if not start < frame < end - 1:
        return own, np.zeros(own.cells.shape, bool)
    before, after = seen[frame - 1].cells.astype(np.int16), seen[frame + 1].cells.astype(np.int16)
    from_before, from_after = own.cells - before, own.cells - after
    least = np.minimum(np.abs(from_before), np.abs(from_after))
    passing = (from_before * from_after > 0) & (least > _PASSING) & (np.abs(before - after) <= _BACK * least)
    cells = np.where(passing, (before + after) // 2, own.cells).astype(np.uint8)
    return MaskedGrid(cells, own.covered), passing


def apart(a: MaskedGrid, b: MaskedGrid) -> float:
    """Return the largest mean difference, either way, of two grids over 4x4 cells, 0..255."""
    difference = b.cells.astype(np.float32) - a.cells
    for grid in (a, b):
        if grid.covered is not None:
            difference[grid.covered] = 0
    return float(np.abs(cv2.boxFilter(difference, cv2.CV_32F, _BLOCK)).max())


def tiles_with(passing: Mask) -> float:
    """Return the part of the whole tiles of a grid, 0..1, in which something passes."""
    rows, columns = (side // TILE for side in passing.shape)
    if not rows or not columns:
        return 0.0
    tiles = passing[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE).any(axis=(1, 3))
    return float(tiles.mean())


def settled(grids: Sequence[Cells]) -> Cells:
    """Return the median of the grids of one drawing, cell by cell: without what passed in front of it."""
    return np.asarray(np.median(np.stack(grids), axis=0), np.uint8)
