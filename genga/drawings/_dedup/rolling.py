"""Credits that roll over a picture: what goes past it evenly makes no new drawing by itself.

The looks for burnt-in text (genga.drawings._text.scan) see the lines of rolling credits somewhere else each time, all
by the same way. Where they are in a frame is known from that. What is drawn acts where it is: so a frame begins a
drawing if it differs from the one before, or from the first of its drawing, beside the lines; or if behind them it is
neither as it was there in the frame before, nor as what has come there was, by clearly more than letters that pass over
outlines leave otherwise in that shot. Where they leave as much as a mouth does, or somebody speaks just behind them,
who may be hidden as the mouth opens, nothing is left out.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor

import cv2
import numpy as np
import numpy.typing as npt
import polars as pl

from genga.drawings._dedup.holds import Run
from genga.drawings._text.tracks import Lettering, MaskedGrid, MaskedGrids, difference, in_cells
from genga.drawings.bimodal_threshold import gap_above
from genga.drawings.static_tiles import Mask
from genga.video.luma_grid import Cells

_SLOWEST = 0.1  # cells a frame that credits go
_EVEN = 0.06  # cells a frame by which a line may seem to go faster or slower than most
_ENDS = 1.5  # cells by which the ends and the height of a line may seem other in two looks
_LINES, _LOOKS = 6, 3  # looks at a line after another that say how fast, and pairs of looks that have such, at least
_PAUSE = 120  # frames without, as over a lively picture, after which those are other credits
_COMING = 24  # frames before the first look at them and after the last in which they may be seen
_INSIDE = 0.5  # part of a line that stands, as it seems, which is one of them
_MARGIN = 1.0  # cells by which letters reach beyond the box of their strokes
_UNEVEN = (-0.16, -0.08, 0.0, 0.08, 0.16)  # cells by which a step may go farther: it is of whole px
_BLOCK = (4, 4)  # cells: a mouth is whole in them, an edge of letters little
_MOST = 0.5  # quantile of what steps leave, taken for that of letters alone: there may be a drawing at others
_TIMES = 1.8, 2.5  # what letters leave, by how much more a new drawing does: a gap between
_MOVES = 0.6  # part of the steps that change the picture beside the lines, from which the camera moves, or all is drawn
_ACTS = 0.08  # part of the steps that change it behind them alone, from which somebody speaks there
_LEAST, _ENOUGH = 20.0, 45.0  # levels between which a new drawing begins

Line = tuple[int, float, float, float, float]  # frame of a look, x0, y0, x1, y1 in cells
Levels = npt.NDArray[np.float32]  # (rows, columns)


@dataclass(frozen=True)
class Rolling:
    """Lines of text that go up or down by `speed` cells a frame, seen from the frame `start` to `end`."""

    lines: tuple[Line, ...]
    speed: float
    start: int
    end: int

    def covers(self, frame: int, shape: tuple[int, ...]) -> Mask:
        """Return the cells of a grid of `shape` that they cover in a frame."""
        covered = np.zeros(shape, bool)
        if self.start - _COMING <= frame <= self.end + _COMING:
            for look, x0, y0, x1, y1 in self.lines:
                way = self.speed * (frame - look)
                top, end = int(max(0, y0 + way - _MARGIN)), int(max(0, np.ceil(y1 + way + _MARGIN)))
                covered[top:end, int(max(0, x0 - _MARGIN)) : int(np.ceil(x1 + _MARGIN))] = True
        return covered

    def has(self, line: Lettering, shape: tuple[int, ...]) -> bool:
        """Whether what was taken for a line that stands is one of them."""
        x0, y0, x1, y1 = in_cells(line, shape, (0, 0))
        return float(self.covers((line.start + line.end) // 2, shape)[y0:y1, x0:x1].mean()) >= _INSIDE

    def left(self, a: Cells, b: Cells, covered: Mask) -> float:
        """Return what of the step between two frames the lines do not explain behind them, 0..255, of a block."""
        step = b.astype(np.float32) - a
        ways = [self.speed + more for more in _UNEVEN]
        gone = min((_gone(a, b, way) for way in ways), key=lambda one: float(np.abs(one[covered]).sum()))
        rest = np.where(np.abs(gone) < np.abs(step), gone, step) * covered
        return float(np.abs(cv2.boxFilter(rest, cv2.CV_32F, _BLOCK)).max())


def _gone(a: Cells, b: Cells, way: float) -> Levels:
    """By how much a frame is other than the one before moved down by so many cells; 0 of what comes in at an edge."""
    motion, size = np.array([[1, 0, 0], [0, 1, way]], np.float32), a.shape[::-1]
    moved = cv2.warpAffine(a, motion, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    rest = b.astype(np.float32) - moved
    rest[slice(0, ceil(way)) if way > 0 else slice(len(a) + floor(way), None)] = 0
    return np.asarray(rest, np.float32)


def credits(frames: pl.DataFrame, shape: tuple[int, ...]) -> list[Rolling]:
    """Return what rolls over a video. frames: its table. shape: of its grids."""
    rows, columns = shape
    looked = frames.filter(pl.col("lettering").is_not_null()).select("frame", "lettering").rows()
    looks = [
        [(frame, one["x0"] * columns, one["y0"] * rows, one["x1"] * columns, one["y1"] * rows) for one in lines]
        for frame, lines in looked
    ]
    near = [(a, b) for before, after in pairwise(looks) for a in before for b in after if alike(a, b)]
    pairs = [(a, b) for a, b in near if abs(speed_of(a, b)) >= _SLOWEST]
    stand = {line for a, b in near if abs(speed_of(a, b)) < _SLOWEST for line in (a, b)}
    found: list[Rolling] = []
    while len(pairs) >= _LINES:
        speeds = np.array([speed_of(*pair) for pair in pairs])
        ordered = np.sort(speeds)
        counts = np.searchsorted(ordered, ordered + _EVEN, "right") - np.searchsorted(ordered, ordered - _EVEN)
        speed = float(ordered[int(counts.argmax())])
        own = [pair for pair in pairs if abs(speed_of(*pair) - speed) <= _EVEN]
        known = {line for pair in own for line in pair}  # lines as long as others may seem to go by other ways
        pairs = [(a, b) for a, b in pairs if a not in known and b not in known]
        if len(own) < _LINES:
            break
        edges = [k for k in range(1, len(own)) if own[k][0][0] - own[k - 1][1][0] > _PAUSE]
        for first, end in pairwise([0, *edges, len(own)]):
            some = own[first:end]
            if len(some) >= _LINES and len({a[0] for a, _ in some}) >= _LOOKS:
                start, last = some[0][0][0], some[-1][1][0]
                known = {line for pair in some for line in pair}
                left, right = min(line[1] for line in known) - _ENDS, max(line[3] for line in known) + _ENDS
                # Those that have just come, or have nearly gone, are seen once.
                once = {line for look in looks for line in look if start <= line[0] <= last and line not in stand}
                known |= {line for line in once if left <= line[1] and line[3] <= right}
                usual = float(np.median([speed_of(*pair) for pair in some]))
                found.append(Rolling(tuple(sorted(known)), usual, start, last))
    return found


def over(found: Sequence[Rolling], start: int, end: int) -> Rolling | None:
    """Return what rolls over most of a shot over [start, end), of credits `found`; None if nothing does over any."""
    shared = [(min(end, one.end) - max(start, one.start), one) for one in found]
    most = max(shared, key=lambda pair: pair[0], default=None)
    return most[1] if most and most[0] > 0 else None


def alike(a: Line, b: Line) -> bool:
    """Whether two looks at lines may be looks at one, on its way up or down."""
    own, other = a[4] - a[2], b[4] - b[2]
    return max(abs(a[1] - b[1]), abs(a[3] - b[3]), abs(own - other)) <= _ENDS


def speed_of(a: Line, b: Line) -> float:
    """Return how fast a line goes down from one look to another, cells a frame."""
    return (b[2] + b[4] - a[2] - a[4]) / 2 / (b[0] - a[0])


def runs_behind(
    rolling: Rolling, seen: MaskedGrids, shot: int, limits: tuple[int, int], skipped: Collection[int], threshold: float
) -> list[Run] | None:
    """Return the runs of one shot in order, by what it shows behind lines that roll; None if it moves, too.

    Lines alone that roll over a plain picture may have passed for a camera that moves.

    limits: [start, end) of the shot. skipped: frames that show no drawing. threshold: block difference from which a
    drawing is new.
    """
    shown = [frame for frame in range(*limits) if frame not in skipped]
    shape = seen[limits[0]].cells.shape
    masks = {frame: rolling.covers(frame, shape) for frame in shown}
    beside = {
        frame: MaskedGrid((one := seen[frame]).cells, mask if one.covered is None else mask | one.covered)
        for frame, mask in masks.items()
    }
    rests = {
        b: rolling.left(beside[a].cells, beside[b].cells, masks[a] | masks[b])
        for a, b in pairwise(shown) if masks[b].any()
    }  # fmt: skip
    changed = {b for a, b in pairwise(shown) if difference(beside[a], beside[b]) > threshold}
    if len(changed) > _MOVES * len(shown):
        return None
    level = level_of(list(rests.values()), threshold)
    acts = [frame for frame, rest in rests.items() if rest > level and frame not in changed]
    if len(acts) > _ACTS * len(shown):  # what is drawn there may be hidden as it changes: nothing is left out
        beside, rests = {frame: MaskedGrid(seen[frame].cells) for frame in shown}, {}
    found: list[Run] = []
    anchor: MaskedGrid | None = None
    for frame, picture in beside.items():
        distance = None if anchor is None else difference(anchor, picture)
        if distance is not None and distance <= threshold and rests.get(frame, 0.0) <= level:
            found[-1].frames.append(frame)
        else:
            found.append(Run(shot, [frame], distance))
            anchor = picture
    return found


def level_of(rests: Sequence[float], threshold: float) -> float:
    """Return what a new drawing leaves behind lines that roll, by what all steps leave; 0 if that is as much.

    threshold: of the shot.
    """
    usual = float(np.quantile(rests, _MOST)) if rests else 0.0
    if usual > threshold:
        return 0.0
    return float(np.clip(gap_above(np.array(rests), _TIMES[0] * usual, _TIMES[1] * usual), _LEAST, _ENOUGH))
