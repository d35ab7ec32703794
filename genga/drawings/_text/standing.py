"""Whether a line stands while the picture goes on behind it, comes alone, or goes along with the picture."""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from genga.drawings._text.tracks import (
    FADE,
    LETTERS,
    TOGETHER,
    WHOLE,
    Lettering,
    all_along,
    in_cells,
    mask_of,
    vicinity,
)
from genga.drawings.alignment import laid, shift
from genga.drawings.static_tiles import CHANGED, Mask, cosine, gradients, staying
from genga.video.luma_grid import Cells, Grids, difference_map

_OVER, _UNDER = 0.35, 0.15  # part of its gradients that a line keeps which stands over what moves, and that this keeps
_LOOKS = 12  # steps of a stretch that are asked whether it stands over what moves
LASTS, _MORE = 0.7, 0.55  # what a line keeps of them as long as it stands; how much more than what is around it
_IN_PLACE = 0.5  # what of its letters' gradients lies where it did, if it stands
_TEXTURE = 0.01  # mean squared gradient of what can be told to move
_ALONE, _ALL_ALONG = 0.8, 0.9  # part of what changes that lies at a line which comes by itself; or of its columns,
_ROUND = 0.25  # and how much less what is around it does
_AS_MUCH = 0.75  # part of the gradients that are there without a line, which are there with it
_STAYS, _GONE = 0.6, 0.6  # what is beside one that comes keeps of its gradients, and tones; what it keeps of that
_AWAY, _FOUND = 4, 0.5  # frames in which what moves goes a cell; how surely
_MOST, _AT_MOST = 0.7, 0.5  # in which part of the looks; up to which part of the picture stays then, if it is a camera

Gradients = npt.NDArray[np.float32]  # (2, rows, columns), or (2, cells)


def over_both(cells: Grids, line: Lettering, before: int, frame: int) -> bool:
    """Whether the line keeps its gradients from one frame to another, and those around it do not: it is none of it."""
    own, rest = keeps(cells, line, before, frame)
    return own >= _OVER and rest <= _UNDER


def stands_over(cells: Grids, line: Lettering) -> bool:
    """Whether the line keeps its gradients at a step at which those around it do not: it is no part of what moves."""
    frames = (some_of(*span) for span in _spans(line))
    return any(over_both(cells, line, a, b) for some in frames for a, b in pairwise(some))


def outlasts(cells: Grids, line: Lettering, others: Sequence[Lettering] = ()) -> bool:
    """Whether the line keeps its gradients all the time, and what is around it does not, but for `others`.

    As long as it stands, or, as it may fade, from the first look that found it to the last: there in either half.
    """

    def lasts(frames: Sequence[int]) -> list[bool]:
        """Whether it does over all of the frames, and over either half."""
        first, middle, last = frames[0], frames[len(frames) // 2], frames[-1]
        if len(frames) <= _LOOKS // 4 or any(keeps(cells, line, a, b)[0] < LASTS for a, b in pairwise(frames)):
            return [False]
        spans = (keeps(cells, line, a, b, others) for a, b in ((first, last), (first, middle), (middle, last)))
        return [own >= LASTS and own - rest >= _MORE for own, rest in spans]

    stands, seen = _spans(line)
    return any(lasts(some_of(*stands))) or all(lasts(some_of(*seen)))


def _spans(line: Lettering) -> tuple[tuple[int, int], tuple[int, int]]:
    """The frames, first and last, between which a line stands, and between which looks find it: it may fade before."""
    return (line.start + 1, max(line.start + 2, line.end - 2)), line.seen


def some_of(first: int, last: int) -> list[int]:
    """Some frames from the first to the last, at least two."""
    return sorted({*np.linspace(first, last, _LOOKS + 1).astype(int).tolist()})


def keeps(cells: Grids, line: Lettering, a: int, b: int, others: Sequence[Lettering] = ()) -> tuple[float, float]:
    """Return what of its gradients a line keeps from frame a to b, and what is around it, but for `others`, -1..1."""
    shape = cells[b].shape
    place, (x0, y0, x1, y1) = vicinity(line, shape), in_cells(line, shape, LETTERS)
    own = np.zeros(shape, bool)
    own[y0:y1, x0:x1] = True
    # Cell by cell, x and y beside each other: taken from there by number they are found in a tenth of the time.
    fields = [np.stack(gradients(cells[k][place]), axis=-1).reshape(-1, 2) for k in (a, b)]
    parts = own[place], ~mask_of([line, *others], shape)[place]
    line_keeps, rest = (_kept(*(field.take(np.flatnonzero(part), axis=0).T for field in fields)) for part in parts)
    return line_keeps, rest


def letters_kept(cells: Grids, line: Lettering, a: int, b: int) -> float:
    """Return how far a line's gradients lie from frame a to b where they did, however strong they are, -1..1."""
    x0, y0, x1, y1 = in_cells(line, cells[b].shape, LETTERS)
    before, after = (np.stack(gradients(cells[k][y0:y1, x0:x1])) for k in (a, b))
    return cosine(before, after, nothing=1.0)


def goes_past(cells: Grids, line: Lettering) -> bool:
    """Whether what one look alone found is elsewhere soon, as what rolls or is drawn: its letters are not kept."""
    look = line.seen[0]
    a, b = max(line.start, look - FADE // 2), min(line.end, len(cells), look + FADE // 2 + 1) - 1
    return line.seen[1] == look and a < b and letters_kept(cells, line, a, b) < _IN_PLACE


def _kept(a: Gradients, b: Gradients) -> float:
    """What two fields of gradients, (2, cells), share of the larger, -1..1; all where there is nothing to share."""
    most = max(float((a * a).sum()), float((b * b).sum()))
    return float((a * b).sum()) / most if most > 0 and most >= _TEXTURE * a.shape[1] else 1.0


def alone(cells: Grids, line: Lettering, frame: int, around: int = 0, others: Sequence[Lettering] = ()) -> bool:
    """Whether the step to `frame`, or over those around it, changes the picture all along the line, and only there.

    others: lines of which those that come or go with it, as in credits, change the picture, too.
    """
    if not 0 < frame < len(cells):
        return False
    changed = difference_map(*(cells[k] for k in _beyond(cells, frame, around))) > CHANGED
    x0, y0, x1, y1 = in_cells(line, changed.shape)
    there = changed[y0:y1, x0:x1].copy()
    count, along = int(there.sum()), all_along(line, there, changed.shape)
    too = (one for one in others if min(abs(one.start - frame), abs(one.end - frame)) <= TOGETHER)
    changed &= ~mask_of(too, changed.shape)
    changed[y0:y1, x0:x1] = there
    if along >= WHOLE and count >= _ALONE * int(changed.sum()):
        return True
    return along >= _ALL_ALONG and _beside(line, changed) <= _ROUND * count / there.size


def parts(cells: Grids, line: Lettering, frame: int, around: int = 0) -> bool:
    """Whether the step to `frame`, or over those around it, leaves gradients beside the line, and others all along it.

    So whatever acts elsewhere, or turns a little lighter.
    """
    if not 0 < frame < len(cells):
        return False
    before, after = _beyond(cells, frame, around)
    changed = difference_map(cells[before], cells[after]) > CHANGED
    x0, y0, x1, y1 = in_cells(line, changed.shape)
    if all_along(line, changed[y0:y1, x0:x1], changed.shape) < WHOLE or _beside(line, changed) > 1 - _STAYS:
        return False
    own, rest = keeps(cells, line, before, after)
    return rest >= _STAYS and own <= _GONE * rest


def _beyond(cells: Grids, frame: int, around: int) -> tuple[int, int]:
    """The frames before and after a step, or those around it."""
    return max(0, frame - 1 - around), min(len(cells) - 1, frame + around)


def _beside(line: Lettering, changed: Mask) -> float:
    """Which part of the cells beside a line changes."""
    x0, y0, x1, y1 = in_cells(line, changed.shape)
    near, there = changed[vicinity(line, changed.shape)], changed[y0:y1, x0:x1]
    return (int(near.sum()) - int(there.sum())) / max(1, near.size - there.size)


def adds(cells: Grids, line: Lettering, edge: int, reach: int = 0) -> bool:
    """Whether there are as many strokes with the line as without it, before and after its start or end.

    Where another line goes, what then is seen there may look like one that comes.
    """
    x0, y0, x1, y1 = in_cells(line, cells[line.start].shape, LETTERS)
    before, after = (
        sum(float((way * way).mean()) for way in gradients(cells[k][y0:y1, x0:x1])) for k in _beyond(cells, edge, reach)
    )
    there, without = (after, before) if edge == line.start else (before, after)
    return there >= _AS_MUCH * without


def goes_along(cells: Grids, line: Lettering) -> bool:
    """Whether what is at the line's place goes on from there over and over, as most of the picture does under a camera.

    What stands there while all around it goes on is text, and so is what scrolls over a picture that stays.
    """
    shape = cells[line.start].shape
    at, own = vicinity(line, shape), mask_of([line], shape)
    looked = range(line.start + 1, line.end - _AWAY - 1, max(1, (line.end - line.start) // _LOOKS))

    def goes(a: Cells, b: Cells) -> bool:
        (dx, dy), sure = shift(a[at], b[at])
        moved = laid(b, np.array([[1, 0, dx], [0, 1, dy]], np.float32))
        explained = bool(cv2.absdiff(a, moved)[own].mean() < cv2.absdiff(a, b)[own].mean())
        stays = staying(a, b, ~own) if max(abs(dx), abs(dy)) >= 1 and sure >= _FOUND and explained else None
        return stays is not None and stays < _AT_MOST

    return sum(goes(cells[frame], cells[frame + _AWAY]) for frame in looked) >= max(1, _MOST * len(looked))
