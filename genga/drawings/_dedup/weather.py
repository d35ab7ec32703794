"""Rain, snow and sparks in front of a picture: what is elsewhere in every frame makes no new drawing by itself.

A cell that weather passes over is other than in the frame before and in the one after, which agree: such cells take the
value of their neighbours in time. A shot has weather in it if that happens all over its picture, and is most of what
happens in it. What then is left of weather is thin, goes either way and stays nowhere. So a frame begins a drawing if
it differs from the one before by the mean over 4x4 cells, in which a mouth is whole and a drop is little, or if cells
differ that do so for two frames before and two after, or for three; each by more than weather does in this shot: where
the values of its steps leave a gap.

What weather leaves say the least of the steps: most may be drawings, as where somebody walks. Then an encoder may have
blurred the drops, and weather leaves less; more may be left where all other steps are far from these.

Weather is everywhere, and what is drawn acts at a place. So where in some tiles far more of the change is left than in
most, and in more cells than weather makes differ in as many others, as about an arm that waves on ones, and those steps
begin no drawing, something is drawn that cannot be told from weather: then nothing is hidden.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from genga.drawings._dedup.faint import staying
from genga.drawings._dedup.moving import shown_in_both
from genga.drawings._text.tracks import MaskedGrid, MaskedGrids
from genga.drawings.bimodal_threshold import gap_above
from genga.drawings.static_tiles import TILE, Mask
from genga.video.luma_grid import Cells

_PASSING = 6  # luma levels by which weather changes a cell at least
_BACK = 0.5  # part of that by which the frames before and after may differ
_RESTLESS = 0.6  # part of a shot's steps that are above its threshold, where it rains
_WIDE = 0.12  # part of the tiles of a picture in which something passes, in most steps,
_SEEN, _WEAK = 0.05, 0.8  # enough, if it leaves less than so many times the shot's threshold,
_LEFT = 0.3  # and part of the cells that change that do so without what passes
_FEWEST = 20  # steps from which that can be told
# The least of the steps are weather's alone: the part of them that surely is, and times what these leave that one may.
_ALONE, _AT_MOST = 0.25, 2.2
_LEFT_AT_MOST = 0.6  # what may be left of the change in these, where figures act in the others or an encoder blurs what
_FAINTER_ALONE = 1.1  # passes; times the shot's threshold that weather then leaves at most,
_FAINTER_APART, _APART = 1.6, 1.5  # and that where all other steps differ by so many times what any of these do
_BLOCK = (4, 4)  # cells
_TIMES = 2.0, 3.0  # what weather usually leaves, between which the level lies from which a drawing differs,
_STAYS = 2.2, 3.2  # and of what stays;
_LONGER = 0.5, 2.2  # as much of what stays for long, of what stays for a shorter time: weather hardly does
_WIDE_GAP = 3.0  # times what the next smaller step leaves: what is so far from weather is a drawing
_FAINTER = 1.4  # times the shot's threshold that it leaves at most: in stronger weather a mouth would be lost
_FARTHER = 2.4  # and from the first frame of one that goes on for long
_HELD, _LONG = 2, 3  # frames before and after over which something stays, or does so for long
_WET = 0.02  # part of a tile's cells that change in a step, in the mean, where weather is seen
_ACTS = 2.5  # times the part that is left of that in most tiles, from which something acts in a tile,
_CHANCE = 0.05  # part of the steps in which weather passes for that,
_ONES = 2 * _CHANCE  # part of the steps, one after another, in which something does that acts on ones
_BETWEEN = 2  # steps from two such steps in which it acts as well, but by less
_OFTEN = 0.12  # up to which, where it is weather's steps that do, something is drawn in them; and from which too much

Values = npt.NDArray[np.float32]


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
    tiles, left, distances, stays, longer, before, after = (
        np.array(values) for values in zip(*measured(seen, steps, start, end), strict=True)
    )
    alone = distances <= _AT_MOST * np.quantile(distances, _ALONE)  # the steps that are weather's
    two_kinds = distances[~alone].min(initial=np.inf) >= _APART * distances[alone].max() and not alone.all()
    usual, stay = (float(np.median(values[alone])) for values in (distances, stays))
    sure = _is_weather(tiles, left, distances, _LEFT, _FAINTER * threshold, _WIDE)
    wide = _SEEN if usual <= _WEAK * threshold else _WIDE
    most = _FAINTER if sure else _FAINTER_APART if two_kinds else _FAINTER_ALONE
    if not _is_weather(tiles[alone], left[alone], distances[alone], _LEFT_AT_MOST, most * threshold, wide):
        return None
    # At either end of the shot nothing says what in a frame is weather.
    at_ends = np.array([min(frame - start, end - frame) for frame in steps])
    begins = distances > np.where(at_ends <= 1, 2, 1) * level(distances, usual, _TIMES, threshold)
    for values, times in ((stays, _STAYS), (longer, _LONGER)):
        begins |= values > np.where(at_ends <= _HELD, 2, 1) * level(values, stay, times, threshold)
    places = acting(before, after) & (at_ends > 1)[:, None]
    acts = np.asarray(places.any(axis=1))
    hidden = float((acts & ~begins).mean())
    if hidden >= _OFTEN:
        return None
    if not sure or hidden > _CHANCE:
        begins |= acts
    begins |= on_ones(places, steps)
    begun = frozenset(frame for frame, new in zip(steps, begins, strict=True) if new)
    return Weather(seen, start, end, begun, _FARTHER * usual)


def _is_weather(tiles: Values, left: Values, distances: Values, most: float, farthest: float, wide: float) -> bool:
    """Whether steps, of which each is measured, are weather's: it passes all over, and hardly leaves anything."""
    return bool(np.median(tiles) >= wide and np.median(left) <= most and np.median(distances) <= farthest)


def level(values: Values, usual: float, times: tuple[float, float], threshold: float) -> float:
    """Return the level from which a step is a drawing's. values: of all steps; usual: of what weather leaves.

    Where weather leaves little, it is no more than the shot's threshold: faint drawings are as few as large ones.
    """
    low = times[0] * usual
    ordered = np.concatenate([[values[values <= low].max(initial=0.0) or low], np.sort(values[values > low])])
    wide = np.flatnonzero(ordered[1:] >= _WIDE_GAP * ordered[:-1])
    if low > 0 and len(wide):
        return min(float(np.sqrt(ordered[wide[0]] * ordered[wide[0] + 1])), max(times[1] * usual, threshold))
    return gap_above(values, low, times[1] * usual)


def acting(before: Values, after: Values) -> Mask:
    """Return for each step the tiles, (steps, n), in which something acts: most of their change is none of weather.

    before, after: of each step the cells of each tile that change, and those that do so without what passes,
    (steps, rows, columns).
    """
    steps = len(before)
    wet = before.sum(axis=0) > _WET * steps * TILE**2
    left = after.sum(axis=0) / np.maximum(before.sum(axis=0), 1)
    acts: Mask = np.asarray(wet & (left > _ACTS * np.median(left[wet]))) if wet.any() else wet
    others = after[:, wet & ~acts]
    if not acts.any() or not others.size:
        return np.zeros((steps, 0), bool)
    level = float(np.quantile(others, 1 - _CHANCE / np.count_nonzero(acts)))
    found: Mask = np.asarray(after[:, acts] > level)
    return found


def on_ones(places: Mask, steps: Sequence[int]) -> Mask:
    """Return the steps around which something acts at one place in one after another: it does in those between, too.

    None where hardly any are such: weather passes for that now and then beside a step of a figure. places: for each
    step the tiles in which something acts.
    """
    at = np.array(steps) - steps[0]
    acts = np.zeros((at[-1] + 1, places.shape[1]), bool)
    acts[at] = places
    both = (acts[1:] & acts[:-1]).any(axis=1).view(np.uint8)
    if both.mean() < _ONES:
        return np.zeros(len(steps), bool)
    ones = np.pad(both, (0, 1)) | np.pad(both, (1, 0))
    around = cv2.dilate(ones[:, None], np.ones((2 * _BETWEEN + 1, 1), np.uint8)).ravel()
    return np.asarray(around[at] > 0)


def measured(seen: MaskedGrids, steps: Sequence[int], start: int, end: int) -> Iterator[tuple[float | Values, ...]]:
    """Yield of each step, to a frame of a shot over [start, end) from the one before, what tells weather.

    The part of the tiles in which something passes, what part of the change is left without that, how far the two
    frames then are apart, and how much of it stays, and does so for long; the cells of each tile that change, and that
    do so without it.
    """
    known: dict[int, tuple[MaskedGrid, Mask]] = {}
    for frame in steps:
        near = range(max(start, frame - _LONG), min(end, frame + _LONG))
        known = {k: known[k] if k in known else cleaned(seen, k, start, end) for k in near}
        before, (after, passing) = known[frame - 1][0], known[frame]
        changed, still = changing(seen[frame - 1], seen[frame]), changing(before, after)
        grids = {k: grid for k, (grid, _) in known.items()}
        stays = stays_for(grids, frame, _HELD)
        longer = stays_for(grids, frame, _LONG) if len(near) == 2 * _LONG else 0.0
        left = float(still.mean() / changed.mean()) if changed.any() else 1.0
        tiles = float((in_tiles(passing) > 0).mean())
        yield tiles, left, apart(before, after), stays, longer, in_tiles(changed), in_tiles(still)


def stays_for(grids: Mapping[int, MaskedGrid], frame: int, held: int) -> float:
    """Return the largest local gap between what cells are in so many frames before the step to a frame and after it."""
    earlier = [grids[near] for near in range(frame - held, frame) if near in grids]
    later = [grids[near] for near in range(frame, frame + held) if near in grids]
    return float(cv2.boxFilter(staying(earlier, later), cv2.CV_32F, _BLOCK).max())


def changing(a: MaskedGrid, b: MaskedGrid) -> Mask:
    """Return the cells that weather may have changed between two grids, where text covers neither."""
    return np.asarray(cv2.absdiff(a.cells, b.cells) * shown_in_both(a, b) > _PASSING)


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
    difference = (b.cells.astype(np.float32) - a.cells) * shown_in_both(a, b)
    return float(np.abs(cv2.boxFilter(difference, cv2.CV_32F, _BLOCK)).max())


def in_tiles(cells: Mask) -> Values:
    """Return how many cells of each whole tile of a grid are true, (rows, columns), one tile at least."""
    rows, columns = (side // TILE for side in cells.shape)
    if not rows or not columns:
        return np.zeros((1, 1), np.float32)
    tiles = cells[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE)
    return np.asarray(tiles.sum(axis=(1, 3)), np.float32)


def settled(grids: Sequence[Cells]) -> Cells:
    """Return the median of the grids of one drawing, cell by cell: without what passed in front of it."""
    return np.asarray(np.median(np.stack(grids), axis=0), np.uint8)
