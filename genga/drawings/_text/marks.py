"""Marks in the corners of a video: a station's logo, a clock, a rating.

They need not be letters, so their looks say nothing. But within a shot they change a small patch of a corner at once or
in a short fade, and what comes stays for a while; and what so comes or goes is seen again, outline for outline, at that
place of another shot that shows another picture. Nothing drawn is, though much that is drawn comes at one place of two
pictures. What is there only once, or in one shot alone, is taken for part of the drawing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from genga.drawings._text.standing import Gradients
from genga.drawings._text.tracks import Lettering
from genga.drawings.static_tiles import CHANGED, Mask, cosine, gradients
from genga.images.boxes import Box, area, around, containment
from genga.video.luma_grid import Cells, Grids, difference_map

_CORNER, _LEAST = 4, 3  # a corner is a fourth of the width by a fourth of the height; cells, sides of the smallest mark
_LAG, _STRIDE = 8, 4  # frames between two that are compared, and from one comparison to the next
_FADE, _STAYS = 24, 10  # frames that a mark takes to come or go at most, and stays around that: longer than a blink
_SAME_PLACE = 0.5  # part of the smaller of two boxes of one mark that lies in the other: of a clock some digits change
_LARGER = 3  # times as large as where outlines are seen again is a turn of the same mark at most: not all of a corner
_THIN, _OTHER = 4, 0.3  # every so many cells; part of two pictures that differs at least: not one that comes back
_SAME = 0.7  # correlation of gradients from which outlines are the same, and under which they are others,
_DRAWN = 0.2  # their mean square, which noise and shades do not have,
_ROUND = 0.1  # and part of it across where most of it goes: one edge, as two pictures may share, has none
_ASKED = 24  # turns that are asked whether they show a mark, too
_BLUR = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, eq=False)
class Turn:
    """A patch of a corner that changes between the frames `start` and `end` of a shot, and stays so."""

    shot: int
    start: int
    end: int
    box: Box  # in cells
    picture: Cells  # some cells of all of it, before
    corner: tuple[Cells, Cells]  # before and after
    within: Box  # the box, in cells of the corner

    @cached_property
    def outlines(self) -> tuple[Gradients, Gradients]:
        """The gradients of the corner before and after."""
        before, after = (np.stack(gradients(cells)) for cells in self.corner)
        return before, after

    @cached_property
    def patch(self) -> Mask:
        """The cells of the corner that change in the box, and those beside them."""
        x0, y0, x1, y1 = self.within
        changed = np.zeros(self.corner[0].shape, np.uint8)
        changed[y0:y1, x0:x1] = (difference_map(*self.corner) > CHANGED)[y0:y1, x0:x1]
        return cv2.dilate(changed, _BLUR) > 0


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
    for turn in (turn for shot, limit in enumerate(limits) for turn in turns(cells, *limit, shot)):
        within = (max(containment(turn.box, group[0].box), containment(group[0].box, turn.box)) for group in groups)
        near = next((group for group, part in zip(groups, within, strict=True) if part >= _SAME_PLACE), None)
        if near is None:
            groups.append([turn])
        else:
            near.append(turn)
    found = []
    for group in groups:
        sure = [turn.box for turn in group if seen_again(turn, group)]
        if sure:
            own = [turn for turn in group if belongs(turn.box, around(sure))]
            x0, y0, x1, y1 = around([turn.box for turn in own])
            line = Lettering(0, len(cells), x0 / columns, y0 / rows, x1 / columns, y1 / rows)
            found.append(Mark(line, tuple((turn.start, turn.end + 1) for turn in own)))
    return found


def belongs(box: Box, sure: Box) -> bool:
    """Whether a turn is one of the mark that others show: of a clock, some digits never are."""
    inside, around_it = containment(box, sure), containment(sure, box)
    return inside >= _SAME_PLACE or around_it >= _SAME_PLACE and area(box) <= _LARGER * area(sure)


def seen_again(turn: Turn, turns: Sequence[Turn]) -> bool:
    """Whether what a turn brings, or takes, is seen in another shot, before or after one of the other turns there."""
    others = [other for other in turns if other.shot != turn.shot]
    asked = others[:: -(-len(others) // _ASKED) or 1]
    return any(
        shows(turn, state, other)
        for other in asked
        if (cv2.absdiff(turn.picture, other.picture) > CHANGED).mean() >= _OTHER
        for state in (0, 1)
    )


def shows(turn: Turn, state: int, other: Turn) -> bool:
    """Whether the outlines that are there before (`state` 0) or after (1) a turn, and only then, are there in another.

    As outlines: well above noise, and not all of one way, as an edge is.
    """

    def drawn(a: Gradients) -> bool:
        xx, yy, xy = (float((one * two).mean()) for one, two in (a[[0, 0]], a[[1, 1]], a))
        # The tensor's smaller eigenvalue is what goes across where most of it goes.
        across = (xx + yy - float(np.hypot(xx - yy, 2 * xy))) / 2
        return xx + yy >= _DRAWN and across >= _ROUND * (xx + yy)

    at = np.s_[:, turn.patch]
    own, without = turn.outlines[state][at], turn.outlines[1 - state][at]
    there = [outlines[at] for outlines in other.outlines]
    return any(cosine(own, one) >= _SAME > cosine(without, one) and drawn(own) and drawn(one) for one in there)


def turns(cells: Grids, start: int, end: int, shot: int) -> Iterator[Turn]:
    """Yield the changes of patches in the corners over the frames [start, end) of a shot that are there to stay."""
    if end - start <= _LAG:
        return
    open_: dict[int, tuple[int, int, Box]] = {}
    places = corners(cells[start].shape)
    for frame in [*range(start, end - _LAG, _STRIDE), end]:
        patches = corner_patches(cells[frame], cells[frame + _LAG]) if frame < end else [None] * len(places)
        for corner, (place, box) in enumerate(zip(places, patches, strict=True)):
            before = open_.get(corner)
            if box is not None:
                first = before[0] if before else frame
                open_[corner] = first, frame + _LAG, around([box, before[2]] if before else [box])
            elif before:
                del open_[corner]
                first, last, whole = before
                if last - first <= _FADE + _LAG and stays(cells, before, start, end):
                    dy, dx = (part.start for part in place)
                    within = whole[0] - dx, whole[1] - dy, whole[2] - dx, whole[3] - dy
                    # Copies: a reader gives views, and a view keeps its whole stretch of frames in memory.
                    states = cells[first][place].copy(), cells[last][place].copy()
                    yield Turn(shot, first, last, whole, cells[first][::_THIN, ::_THIN].copy(), states, within)


def corners(shape: tuple[int, ...]) -> list[tuple[slice, slice]]:
    """Return the rows and columns of the four corners of a grid."""
    rows, columns = shape
    high, wide = rows // _CORNER, columns // _CORNER
    return [np.s_[y : y + high, x : x + wide] for y in (0, rows - high) for x in (0, columns - wide)]


def corner_patches(a: Cells, b: Cells) -> list[Box | None]:
    """Return for each corner the box of what differs there between two grids, None if nothing or more than a patch."""
    found: list[Box | None] = []
    for place in corners(a.shape):
        y, x = (part.start for part in place)
        changed = difference_map(a[place], b[place]) > CHANGED
        high, wide = changed.shape
        ys, xs = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        if not len(ys) or min(len(ys), len(xs)) < _LEAST:
            found.append(None)
            continue
        inner = (ys[-1] >= high - 2 if y == 0 else ys[0] <= 1) or (xs[-1] >= wide - 2 if x == 0 else xs[0] <= 1)
        box = int(x + xs[0]), int(y + ys[0]), int(x + xs[-1]) + 1, int(y + ys[-1]) + 1
        found.append(None if inner else box)
    return found


def stays(cells: Grids, turn: tuple[int, int, Box], start: int, end: int) -> bool:
    """Whether a patch is another after a turn (first and last frame) than before, and was and remains so for a while.

    Within the frames [start, end) of the shot.
    """
    before, after, (x0, y0, x1, y1) = turn

    def apart(a: int, b: int) -> bool:
        return bool((difference_map(cells[a][y0:y1, x0:x1], cells[b][y0:y1, x0:x1]) > CHANGED).any())

    early, late = max(start, before - _STAYS), min(end - 1, after + _STAYS)
    return apart(before, after) and not apart(early, before) and not apart(after, late)
