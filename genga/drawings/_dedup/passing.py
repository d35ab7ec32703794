"""What passes in front of a picture, and what acts behind it, measured cell by cell and tile by tile.

A cell that weather passes over is other than in the frame before and in the one after, which agree: such cells take the
value of their neighbours in time. Or it is other than the median of the frames around, and as that again within three
frames before and three after, for a cel of rain is held for up to three.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from genga.drawings._dedup.faint import staying
from genga.drawings._dedup.shown import shown_in_both
from genga.drawings._text.tracks import MaskedGrid, MaskedGrids
from genga.drawings.static_tiles import TILE, Mask
from genga.video.luma_grid import Cells

_PASSING = 6  # luma levels by which weather changes a cell at least
_BACK = 0.5  # part of that by which the frames before and after may differ
# Where in this part of the tiles, and in this part of those in which anything does, what comes is gone again.
_FLEETING, _MOSTLY = 0.25, 0.5
_LOOKED, _AROUND, _REACH = 28, 8, 3  # frames looked at; before and after each, whose median is behind; over which it is
_BRIEFLY = 0.8, 0.7  # part of what comes that is gone, in so many of the frames in which anything comes to a tile:
_OFTEN, _SELDOM = 0.08, 0.3  # which is as many of all, and usually no larger part of its cells
_FAINT, _NOISE = 0.43, 5.25  # times the threshold, and the usual difference of frames, from which a cell is another
_SMALLEST, _BLOCK, _LIMB = (2, 2), (4, 4), (8, 8)  # cells
HELD, LONG = 2, 3  # frames before and after over which something stays, or does so for long
_WET = 0.02  # part of a tile's cells that change in a step, in the mean, where weather is seen
_ACTS = 2.5  # times the part that is left of that in most tiles, from which something acts in a tile
CHANCE = 0.05  # part of the steps in which weather passes for that
_ONES = 2 * CHANCE  # part of the steps, one after another, in which something does that acts on ones
_BETWEEN = 2  # steps from two such steps in which it acts as well, but by less

Values = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Pictures:
    """A shot picture by picture: the frames over which each is shown, as far as weather goes."""

    seen: MaskedGrids
    firsts: Sequence[int]
    lasts: Sequence[int]
    partly: Collection[int] = ()  # firsts at which weather is drawn anew in part of the picture alone
    places: Mask | None = None  # cells at which something small acts while weather is held

    def __getitem__(self, picture: int) -> MaskedGrid:
        return self.seen[self.firsts[picture]]

    def __len__(self) -> int:
        return len(self.firsts)

    def last(self, picture: int) -> MaskedGrid:
        """The picture as it is at its end: something may act while weather is held."""
        return self.seen[self.lasts[picture]]

    def acts(self, picture: int) -> bool:
        """Whether it may end otherwise than it begins."""
        return self.lasts[picture] > self.firsts[picture]


def fleeting(seen: Pictures, threshold: float) -> tuple[Values, bool]:
    """Return of each tile of a shot (n,) the part of what comes to its cells that is gone again, and whether it rains.

    That is, over most tiles in which anything comes, and a part of all, whatever acts in others.
    """
    outs, gone = [], []
    start, end = 0, len(seen)
    level = changed_from(seen, threshold)
    for frame in looked(start + _REACH, end - _REACH):
        first = max(start, min(frame - _AROUND, end - 2 * _AROUND - 1))
        near = [blurred(seen, k) for k in range(first, min(end, first + 2 * _AROUND + 1), 2)]
        behind = settled(near).astype(np.int16)
        far = np.abs(blurred(seen, frame) - behind)
        out = far > level
        back = [
            np.min([np.abs(blurred(seen, k) - behind) for k in side], axis=0) <= _BACK * far
            for side in (range(frame - _REACH, frame), range(frame + 1, frame + 1 + _REACH))
        ]
        outs.append(in_tiles(out).ravel())
        gone.append(in_tiles(out & back[0] & back[1]).ravel())
    came, went = np.array(outs), np.array(gone)
    part = went.sum(axis=0) / np.maximum(came.sum(axis=0), 1)
    wet = (went > 0).mean(axis=0) >= _OFTEN
    brief = ((came > 0) & (went >= _BRIEFLY[0] * came)).sum(axis=0) >= _BRIEFLY[1] * (came > 0).sum(axis=0)
    rains = wet & brief & (came.mean(axis=0) < _SELDOM * TILE**2)
    return part, bool(rains.mean() >= _FLEETING and rains.sum() >= _MOSTLY * wet.sum())


def changed_from(seen: Pictures, threshold: float) -> float:
    """Return from which difference on a cell is another, for all the grain of a shot. threshold: of the shot."""
    steps = looked(1, len(seen))
    noise = float(np.median([np.median(cv2.absdiff(blurred(seen, k), blurred(seen, k - 1))) for k in steps]))
    return max(_FAINT * threshold, _NOISE * noise)


def passing_from(seen: Pictures, threshold: float) -> float:
    """Return by how much weather changes a cell at least: what is held may be fainter, above the grain of its shot."""
    held = any(map(seen.acts, range(len(seen))))
    return min(_PASSING, changed_from(seen, threshold)) if held else _PASSING


def looked(start: int, end: int) -> Sequence[int]:
    """Return frames all over [start, end) that are looked at."""
    return sorted(set(np.linspace(start, end - 1, min(_LOOKED, end - start)).astype(int).tolist()))


def blurred(seen: Pictures, frame: int) -> Cells:
    """Return the cells of a frame, each the mean with those beside it: noise is in single ones."""
    return np.asarray(cv2.blur(seen[frame].cells, (2, 2)))


def acting(before: Values, after: Values, places: Mask, asked: npt.NDArray[np.int_]) -> Mask:
    """Return for each step the tiles, (steps, n), in which something acts: most of their change is none of weather.

    before, after: of each step the cells of each tile that change, and those that do so without what passes,
    (steps, rows, columns). places: the tiles that may. asked: the steps that say so.
    """
    came, stayed = before[asked].sum(axis=0), after[asked].sum(axis=0)
    wet = came > _WET * len(asked) * TILE**2
    left = stayed / np.maximum(came, 1)
    acts: Mask = np.asarray(wet & (left > _ACTS * np.median(left[wet]))) if wet.any() else wet
    acts &= places.reshape(acts.shape) > 0
    others = after[asked][:, wet & ~acts]
    if not acts.any() or not others.size:
        return np.zeros((len(before), 0), bool)
    level = float(np.quantile(others, 1 - CHANCE / np.count_nonzero(acts)))
    found: Mask = np.asarray(after[:, acts] > level)
    return found


def on_ones(acts: Mask) -> Mask:
    """Return the steps around which something acts at one place in one after another: it does in those between, too.

    None where hardly any are such, or fewer than by chance: weather passes for that now and then beside a step of a
    figure, which acts on twos. acts: for each step the tiles in which something acts, (steps, n).
    """
    both = (acts[1:] & acts[:-1]).any(axis=1)
    if both.mean() < max(_ONES, acts.any(axis=1).mean() ** 2):
        return np.zeros(len(acts), bool)
    ones = (np.pad(both, (0, 1)) | np.pad(both, (1, 0))).astype(np.uint8)
    return np.asarray(cv2.dilate(ones[:, None], np.ones((2 * _BETWEEN + 1, 1), np.uint8)).ravel() > 0)


def measured(seen: Pictures, threshold: float) -> Iterator[tuple[float | Values, ...]]:
    """Yield of each step of a shot, to a picture from the one before, what tells weather.

    The part of the tiles in which something passes, what part of the change is left without that, and how far the two
    pictures then are apart; how much of that stays, and does so for long; the cells of each tile that change, and that
    do so without it; in each tile, the largest mean change of as many cells as an arm is wide; how far the pictures are
    apart; how much stays at the places where something small acts; and the largest mean change in each tile of as
    many cells as a drop has. threshold: of the shot.
    """
    level = passing_from(seen, threshold)
    ended: dict[int, tuple[MaskedGrid, Mask]] = {}
    known: dict[int, tuple[MaskedGrid, Mask]] = {}
    for picture in range(1, len(seen)):
        near = range(max(0, picture - LONG), min(len(seen), picture + LONG))
        known = {k: known[k] if k in known else cleaned(seen, k, seen[k], level) for k in near}
        ended = {
            k: ended[k] if k in ended else cleaned(seen, k, seen.last(k), level) if seen.acts(k) else known[k]
            for k in near
        }
        gap = stays_for(ended, known, picture, HELD)
        stays, at = float(gap.max()), 0.0 if seen.places is None else float((gap * seen.places).max())
        longer = float(stays_for(ended, known, picture, LONG).max()) if len(near) == 2 * LONG else 0.0
        shown, now = seen.last(picture - 1), seen[picture]
        before, (after, passing) = ended[picture - 1][0], known[picture]
        changed, still = changing(shown, now, level), changing(before, after, level)
        left = float(still.mean() / changed.mean()) if changed.any() else 1.0
        tiles = float((in_tiles(passing) > 0).mean())
        limbs = by_tile(np.abs(brighter(shown, now, _LIMB))).max(axis=(1, 3))
        far = apart(shown, now)
        most = by_tile(np.abs(brighter(shown, now, _SMALLEST))).max(axis=(1, 3))
        yield tiles, left, apart(before, after), stays, longer, in_tiles(changed), in_tiles(still), limbs, far, at, most


def stays_for(
    ended: Mapping[int, tuple[MaskedGrid, Mask]], begun: Mapping[int, tuple[MaskedGrid, Mask]], picture: int, held: int
) -> Values:
    """Return the gap between what the cells of each block are in so many pictures before the step to one and after it.

    ended, begun: pictures as they end and begin, see `cleaned`; at an end of the shot there are fewer.
    """
    earlier = [ended[near][0] for near in range(picture - held, picture) if near in ended]
    later = [begun[near][0] for near in range(picture, picture + held) if near in begun]
    return np.asarray(cv2.boxFilter(staying(earlier, later), cv2.CV_32F, _BLOCK))


def changing(a: MaskedGrid, b: MaskedGrid, level: float) -> Mask:
    """Return the cells that weather may have changed between two grids, where text covers neither."""
    return np.asarray(cv2.absdiff(a.cells, b.cells) * shown_in_both(a, b) > level)


def cleaned(seen: Pictures, picture: int, own: MaskedGrid, level: float) -> tuple[MaskedGrid, Mask]:
    """Return a picture, as it begins or ends, without what is there for it alone, and where that was."""
    if not 0 < picture < len(seen) - 1:
        return own, np.zeros(own.cells.shape, bool)
    before, after = seen.last(picture - 1).cells.astype(np.int16), seen[picture + 1].cells.astype(np.int16)
    from_before, from_after = own.cells - before, own.cells - after
    least = np.minimum(np.abs(from_before), np.abs(from_after))
    passing = (from_before * from_after > 0) & (least > level) & (np.abs(before - after) <= _BACK * least)
    cells = np.where(passing, (before + after) // 2, own.cells).astype(np.uint8)
    return MaskedGrid(cells, own.covered), passing


def apart(a: MaskedGrid, b: MaskedGrid) -> float:
    """Return the largest mean difference, either way, of two grids over 4x4 cells, 0..255."""
    return float(np.abs(brighter(a, b, _BLOCK)).max())


def brighter(a: MaskedGrid, b: MaskedGrid, block: tuple[int, int]) -> Values:
    """Return by how much brighter each block of cells is in one grid than in another, where text covers neither."""
    difference = (b.cells.astype(np.float32) - a.cells) * shown_in_both(a, b)
    return np.asarray(cv2.boxFilter(difference, cv2.CV_32F, block))


def in_tiles(cells: Mask) -> Values:
    """Return how many cells of each whole tile of a grid are true, (rows, columns), one tile at least."""
    return by_tile(cells.astype(np.float32)).sum(axis=(1, 3), dtype=np.float32)


def by_tile(cells: Values) -> Values:
    """Return the whole tiles of a grid, (rows, TILE, columns, TILE); one of nothing where it has none."""
    rows, columns = (side // TILE for side in cells.shape)
    if not rows or not columns:
        return np.zeros((1, TILE, 1, TILE), np.float32)
    return cells[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE)


def settled(grids: Sequence[Cells]) -> Cells:
    """Return the median of the grids of one drawing, cell by cell: without what passed in front of it."""
    return np.asarray(np.median(np.stack(grids), axis=0), np.uint8)
