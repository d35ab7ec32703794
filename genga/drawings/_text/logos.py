"""Marks burnt into a corner that come and go: a station's logo, a clock, a rating.

They need not be letters, so their looks say nothing. But within a shot they change a small patch of a corner at once
or in a short fade, and what comes stays for a while; and they do so at one place in shots that show different pictures,
which nothing drawn does. What is there only once, or in one picture alone, is taken for part of the drawing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from genga.drawings._text.tracks import Lettering
from genga.images.boxes import Box, around, iou
from genga.video.luma_grid import Cells, Grids, difference_map

_CORNER = 4  # a corner is a fourth of the width by a fourth of the height
_LAG, _STRIDE = 8, 4  # frames between two that are compared, and from one comparison to the next
_FADE = 24  # frames that a mark takes to come or go at most
_STAYS = 10  # frames before and after, over which it stays gone or there: longer than a blink
_CHANGED = 12.0  # luma levels at which a cell counts as changed
_LEAST = 3  # cells, sides of the smallest mark
_SAME_PLACE = 0.5  # intersection over union of two boxes of one mark
_OTHER = 0.3  # part of two pictures that differs at least: not one framing that comes back


@dataclass(frozen=True)
class Turn:
    """A patch of a corner that changes between the frames `start` and `end` of a shot, and stays so."""

    start: int
    end: int
    box: Box  # in cells


@dataclass(frozen=True)
class Mark:
    """A mark: its place over the whole video, and the stretches [start, end) of frames in which it comes or goes."""

    line: Lettering
    turns: tuple[tuple[int, int], ...]


def marks(cells: Grids, limits: Sequence[tuple[int, int]]) -> list[Mark]:
    """Return the marks of a video. limits: [start, end) of its shots."""
    if not len(cells) or min(cells[0].shape) < 4 * _CORNER:
        return []
    rows, columns = cells[0].shape
    groups: list[list[Turn]] = []
    for turn in (turn for limit in limits for turn in turns(cells, *limit)):
        near = next((group for group in groups if iou(group[0].box, turn.box) >= _SAME_PLACE), None)
        if near is None:
            groups.append([turn])
        else:
            near.append(turn)
    found = []
    for group in groups:
        if any(differ(cells[group[0].start], cells[turn.start]) for turn in group):
            x0, y0, x1, y1 = around([turn.box for turn in group])
            line = Lettering(0, len(cells), x0 / columns, y0 / rows, x1 / columns, y1 / rows)
            found.append(Mark(line, tuple((turn.start, turn.end + 1) for turn in group)))
    return found


def turns(cells: Grids, start: int, end: int) -> Iterator[Turn]:
    """Yield the changes of patches in the corners over the frames [start, end) of a shot that are there to stay."""
    if end - start <= _LAG:
        return
    open_: dict[int, Turn] = {}
    for frame in [*range(start, end - _LAG, _STRIDE), end]:
        patches = dict(enumerate(corner_patches(cells[frame], cells[frame + _LAG]))) if frame < end else {}
        for corner in range(4):
            box, before = patches.get(corner), open_.get(corner)
            if box is not None:
                first = before.start if before else frame
                open_[corner] = Turn(first, frame + _LAG, around([box, before.box] if before else [box]))
            elif before:
                del open_[corner]
                if before.end - before.start <= _FADE + _LAG and stays(cells, before, start, end):
                    yield before


def corner_patches(a: Cells, b: Cells) -> list[Box | None]:
    """Return for each corner the box of what differs there between two grids, None if nothing or more than a patch."""
    rows, columns = a.shape
    high, wide = rows // _CORNER, columns // _CORNER
    found: list[Box | None] = []
    for y, x in ((0, 0), (0, columns - wide), (rows - high, 0), (rows - high, columns - wide)):
        place = np.s_[y : y + high, x : x + wide]
        changed = difference_map(a[place], b[place]) > _CHANGED
        ys, xs = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        if not len(ys) or min(len(ys), len(xs)) < _LEAST:
            found.append(None)
            continue
        inner = (ys[-1] >= high - 2 if y == 0 else ys[0] <= 1) or (xs[-1] >= wide - 2 if x == 0 else xs[0] <= 1)
        box = int(x + xs[0]), int(y + ys[0]), int(x + xs[-1]) + 1, int(y + ys[-1]) + 1
        found.append(None if inner else box)
    return found


def stays(cells: Grids, turn: Turn, start: int, end: int) -> bool:
    """Whether a patch is another after the turn than before, and was and remains so for a while within the shot."""
    x0, y0, x1, y1 = turn.box

    def apart(a: int, b: int) -> bool:
        return bool((difference_map(cells[a][y0:y1, x0:x1], cells[b][y0:y1, x0:x1]) > _CHANGED).any())

    early, late = max(start, turn.start - _STAYS), min(end - 1, turn.end + _STAYS)
    return apart(turn.start, turn.end) and not apart(early, turn.start) and not apart(turn.end, late)


def differ(a: Cells, b: Cells) -> bool:
    """Whether two grids show different pictures."""
    return bool((difference_map(a, b) > _CHANGED).mean() >= _OTHER)
