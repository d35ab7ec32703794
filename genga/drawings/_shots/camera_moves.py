"""Camera moves: frames that one movement of the whole picture explains.

Two frames a few steps apart are aligned by the affine motion that maximises their enhanced correlation coefficient
(Evangelidis & Psarakis 2008, "Parametric image alignment using enhanced correlation coefficient maximization"), begun
from phase correlation. Where aligning takes most of the difference away, the camera moved over one drawing.
"""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from genga.drawings._shots.events import Event
from genga.drawings._text.tracks import MaskedGrids
from genga.drawings.alignment import Motion, laid, length, motion_between, of_a_camera, spread, way_of
from genga.drawings.static_tiles import TILE, Mask, loose_cells, tiles
from genga.images.affine import Matrix, carried, in_thousandths, product
from genga.video.luma_grid import Cells, Grids, difference_map

LAG = 6  # frames between the two that are compared: slow moves show, and moving figures do not look like one
STRIDE = 3  # frames from one comparison to the next
_MOVED = 0.02  # fraction of cells that must have changed over LAG frames before a move is looked for
_STAY = 0.4  # fraction of the picture with texture that may stay where it is: lettering, but not a background
_SHIFT = 0.3  # cells that the picture's corners must have moved, in the mean, over LAG frames
_STILL = 0.35  # part of the corners' movement that the middle must share for it to be a pan, and not a zoom
REACH = 3.0  # cells that the corners must come away from where they were at first, or it is film weaving in its gate
_SHORTEST = LAG + 1 + 2 * STRIDE  # frames; what one or two comparisons find alone is a figure on an empty background
_AROUND = 3  # steps on either hand that a step is held against,
AS_MUCH = 0.35  # and the part of the largest of them that it has if the picture moves in it
_FASTEST = 0.35  # of the width that a camera moves in one step at most; a figure may be elsewhere after a cut
_STAYING = np.eye(2, 3, dtype=np.float32)

Aligned = tuple[Motion, float]  # of two frames: the motion from one to the other, and what it leaves
Known = dict[tuple[int, int], tuple[Mask | None, Aligned | None]]  # by their numbers, and without which cells


def align(a: Cells, b: Cells, text: Mask | None = None) -> Aligned | None:
    """Return the motion from `b` to `a` and the part of their mean difference left after it, or None if none is found.

    Only tiles that do not stay are looked at: lettering stands still over a moving picture. text: cells that are not
    looked at, None for none.
    """
    if min(a.shape) < 2 * TILE or a.std() < 1 or b.std() < 1:
        return None
    mask = loose_cells(a, b) if text is None else loose_cells(a, b) & ~text
    found = motion_between(a, b, mask.astype(np.uint8))
    return None if found is None else (found, unexplained(a, b, found, mask))


def _once(known: Known, frames: tuple[int, int], a: Cells, b: Cells, text: Mask | None) -> Aligned | None:
    """As `align`, of two frames as they were aligned before, if they were: that takes ms."""
    if frames not in known or not np.array_equal(known[frames][0], text):  # type: ignore[arg-type]
        known[frames] = text, align(a, b, text)
    return known[frames][1]


def everywhere(a: Cells, b: Cells, live: Mask | None = None) -> bool:
    """Whether most of what has texture does not stay, and that is all over the picture: not a figure alone."""
    stays, textured = tiles(a, b, live)
    loose = textured & ~stays
    return bool(loose.sum() >= (1 - _STAY) * textured.sum()) and spread(loose)


def unexplained(a: Cells, b: Cells, motion: Motion, mask: Mask) -> float:
    """Return the mean difference of `b` to `a` moved, over that to `a` unmoved, within `mask`; 1 if little overlaps."""
    moved, inside = laid(a, motion), laid(np.ones_like(a), motion, exact=True).astype(bool) & mask
    if inside.sum() < 0.3 * mask.sum():
        return 1.0
    before = float(cv2.absdiff(a, b)[inside].mean())
    return float(cv2.absdiff(moved, b)[inside].mean()) / before if before else 1.0


def kind_of(motion: Motion, shape: tuple[int, ...]) -> str | None:
    """Return pan, zoom or other for a motion over a grid of `shape`; None if it stands still or no camera moves so."""
    if not of_a_camera(motion):
        return None
    shifts = way_of(motion, shape)
    if length(shifts) < _SHIFT:
        return None
    growth = motion[:, :2] - np.eye(2, dtype=np.float32)
    scale, turn = (growth[0, 0] + growth[1, 1]) / 2, (growth[1, 0] - growth[0, 1]) / 2
    common = shifts.mean(axis=0)
    middle = float(np.hypot(*common))
    own = length(shifts - common)  # what is not a common shift
    if own <= _STILL * max(middle, _SHIFT):
        return "pan"
    return "zoom" if abs(scale) >= abs(turn) else "other"


def at_once(a: Cells, b: Cells, rest: float, alone: bool) -> bool:
    """Whether moving the whole picture explains the step from `a` to `b`; if it is alone, by little.

    rest: part of the difference that may be left.
    """
    found = align(a, b)
    if found is None or found[1] > rest or kind_of(found[0], b.shape) is None:
        return False
    if alone and length(way_of(found[0], b.shape)) >= TILE:
        return False
    rows, columns = b.shape
    middle = np.array([[columns / 2, rows / 2]])
    return float(np.hypot(*(carried(found[0], middle) - middle)[0])) <= _FASTEST * columns


def moves(
    cells: Grids,
    start: int,
    end: int,
    rest: float,
    changed: float,
    live: Mask | None = None,
    known: Known | None = None,
) -> list[Event]:
    """Return the camera moves within the frames [start, end) of one shot, in order.

    rest: largest part of a difference that a move may leave. changed: luma levels at which a cell counts as changed.
    live: cells that show the picture (genga.drawings.overlays.picture_cells), None for all. known: frames of the
    video that are aligned, for `path`.
    """
    known = {} if known is None else known
    over = None if live is None or live.all() else ~live
    found: list[Event] = []
    steps: dict[int, Motion] = {}  # by the earlier of the two frames; where nothing was found it stays
    for frame in range(start, end - LAG, STRIDE):
        a, b = cells[frame], cells[frame + LAG]
        if float((difference_map(a, b) > changed).mean()) < _MOVED or not everywhere(a, b, live):
            continue
        aligned = _once(known, (frame, frame + LAG), a, b, over)
        if aligned is None or aligned[1] > rest:
            continue
        kind = kind_of(aligned[0], a.shape)
        if kind is None:
            continue
        steps[frame] = _STAYING + (aligned[0] - _STAYING) * (STRIDE / LAG)  # of it what is until the next comparison
        if found and frame <= found[-1].end + LAG:
            kind = kind if kind == found[-1].kind else _longer(found[-1], kind)
            found[-1] = Event(kind, found[-1].start, frame + LAG + 1)
        else:
            found.append(Event(kind, frame, frame + LAG + 1))
    return [
        move
        for move in found
        if move.end - move.start >= _SHORTEST
        and reach([step for k, step in steps.items() if move.start <= k < move.end], cells[start].shape) >= REACH
    ]


def joined(found: Iterable[Event], more: Iterable[Event]) -> list[Event]:
    """Return moves found in two ways, in order; of those that overlap one over both, of the longer one's kind."""
    moves: list[Event] = []
    for move in sorted([*found, *more], key=lambda move: (move.start, -move.end)):
        if moves and move.start < moves[-1].end:
            kind = max(moves[-1], move, key=lambda one: one.end - one.start).kind
            moves[-1] = Event(kind, moves[-1].start, max(moves[-1].end, move.end))
        else:
            moves.append(move)
    return moves


def going(cells: Grids, move: Event) -> float:
    """Return the part of the steps of a move, 0..1, in which the picture moves: of a figure in held drawings few.

    A step is one if it changes the picture as much as the steps around it; how much a slow move does is not asked.
    """
    apart = [float(cv2.absdiff(cells[k - 1], cells[k]).mean()) for k in range(move.start + 1, move.end)]
    most = [max(apart[max(0, k - _AROUND) : k + _AROUND + 1]) for k in range(len(apart))]
    return sum(own > AS_MUCH * top for own, top in zip(apart, most, strict=True)) / len(apart)


def path(
    seen: MaskedGrids, moved: Sequence[Event], end: int, rest: float, changed: float, known: Known | None = None
) -> list[tuple[int, Matrix]]:
    """Return frames of a shot's camera moves, and what takes a point of each to the shot's first picture.

    In thousandths (genga.images.affine). From frame to frame at most LAG frames, which are aligned. Where two cannot
    be, as text comes or a light goes on, the camera is taken to go on as it did just before; where that is not known,
    or comes twice, the path is not known and nothing is returned. moved: see `moves`, in order. end: frame after the
    shot's last. known: frames of the video that are aligned, from `moves`.
    """
    known = {} if known is None else known
    found: list[tuple[int, Matrix]] = []
    place, still = np.eye(3), np.eye(3)
    for move in moved:
        frame, last = move.start, min(move.end + STRIDE, end) - 1  # the end is known to within STRIDE frames
        going: Matrix | None = None  # the motion over the LAG frames before, if it was found
        found.append((frame, place))
        while frame < last:
            middle, after = frame + STRIDE, min(frame + LAG, last)
            step = _step(seen, frame, after, rest, changed, known)
            if step is None and going is None:
                return []
            half = _step(seen, frame, middle, rest, changed, known) if middle < after else None
            if half is not None:
                found.append((middle, product(place, half)))
            likely = still if going is None else still + (going - still) * ((after - frame) / LAG)
            place = product(place, likely if step is None else step)
            going, frame = step, after
            found.append((frame, place))
    return [(frame, in_thousandths(place, seen[frame].cells.shape)) for frame, place in found]


def _step(seen: MaskedGrids, first: int, second: int, rest: float, changed: float, known: Known) -> Matrix | None:
    """Return the motion from one frame to one before, (3, 3), none where little changed; None if it is not known."""
    a, b = seen[first], seen[second]
    if float((difference_map(a.cells, b.cells) > changed).mean()) < _MOVED:
        return np.eye(3)
    covered = [grid.covered for grid in (a, b) if grid.covered is not None]
    text = np.logical_or.reduce(covered) if covered else None
    aligned = _once(known, (first, second), a.cells, b.cells, text)
    if aligned is None or aligned[1] > rest or not of_a_camera(aligned[0]):
        return None
    return np.vstack([aligned[0], [0, 0, 1]]).astype(np.float64)


def reach(steps: Iterable[Motion], shape: tuple[int, ...]) -> float:
    """Return how far the corners of a picture of `shape` come away from where they were, in the mean, in cells.

    steps: one movement after another. One that goes to and fro does not lead far, however long it lasts.
    """
    place, farthest = np.eye(3), 0.0
    for motion in steps:
        place = product(np.vstack([motion, [0, 0, 1]]), place)
        farthest = max(farthest, length(way_of(place, shape)))
    return farthest


def _longer(move: Event, kind: str) -> str:
    """The kind of a move that goes on as another: what it has been for more than two comparisons, else the new one."""
    return move.kind if move.end - move.start > LAG + 1 + STRIDE else kind
