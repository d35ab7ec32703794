"""What stands for a camera move: the drawing it starts from, the one it arrives at, both, or the sharpest frame.

And where what a frame of it shows lies in the frame that stands for it: by the camera's path, which stage shots found.
The two are laid on each other, and where they differ by more than held frames do, they show something else.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np

from genga.drawings import alignment
from genga.drawings._dedup.holds import Run
from genga.drawings._text.tracks import MaskedGrid, MaskedGrids
from genga.drawings.static_tiles import Mask
from genga.images.affine import Matrix, carried, corners, in_cells, inverse, product
from genga.video.luma_grid import Cells

_BESIDE = np.ones((3, 3), np.uint8)  # cells: a motion is known to within one, and a grid has no edges finer than one
_BLOCK = (2, 2)  # cells that a difference is averaged over, as between held frames
_OTHER = 0.25  # part of what both frames show, beyond which they are not one drawing seen twice
_SPOTS = 16  # places that differ, beyond which the same is said
_DIGITS = 4  # of a motion: another machine's last bits do not move anybody

Ends = Literal["ends", "first", "last", "sharpest", "all", "stitched"]


def standing(found: Sequence[Run], camera: Ends, sharpness: Sequence[float] = ()) -> list[int]:
    """Return for each run the position of the run that stands for it in `found`; itself where nothing moves.

    first, last: the start stands for the way and the arrival, or the arrival for the way and the start. ends: both
    stand, each for its half of the way, which `halved` has divided. stitched: the start, whose picture is made of all.
    sharpest: of start, way and arrival the one whose keeper is the sharpest, the earliest of equals. sharpness: of each
    run's keeper. Nothing stands for what shows another drawing: a way between two that do stands for itself.
    """
    stands = list(range(len(found)))
    if camera == "sharpest":
        for move in _moves(found):
            best = max(move, key=lambda k: sharpness[k])
            stands[move[0] : move[-1] + 1] = [best] * len(move)
        return stands
    order = range(len(found)) if camera != "last" else reversed(range(len(found)))
    for k in order:
        if not found[k].travel:
            continue
        before = None if found[k].fresh else k - 1
        after = k + 1 if _goes_on(found, k) else None
        if camera in ("first", "stitched") or after is None:
            stands[k] = k if before is None else stands[before]
            if after is not None:
                stands[after] = stands[k]
        elif camera == "last" or before is None or found[before].travel:
            stands[k] = stands[after]
            if camera == "last" and before is not None:
                stands[before] = stands[after]
        else:
            stands[k] = stands[before]
    return stands


def halved(found: Sequence[Run]) -> list[Run]:
    """Return the runs with every way from one end of a camera move to the other divided into two halves."""
    parts: list[Run] = []
    for k, run in enumerate(found):
        middle = (len(run.frames) + 1) // 2
        if run.travel and not run.fresh and _goes_on(found, k) and len(run.frames) > 1:
            parts.append(Run(run.shot, run.frames[:middle], run.distance, travel=True))
            parts.append(Run(run.shot, run.frames[middle:], run.distance, travel=True))
        else:
            parts.append(run)
    return parts


class View(NamedTuple):
    """Where a frame's picture lies in another frame's, as DEDUP says it."""

    motion: list[float] | None = None
    beside: int | None = None
    unlike: list[list[int]] | None = None


Path = Sequence[Mapping[str, Any]]  # of a shot, of the table shots: frame and motion


def views_of(
    found: Sequence[Run],
    stands: Sequence[int],
    keepers: Sequence[int],
    kept_for: Sequence[int],
    paths: Mapping[int, Path | None],
    seen: MaskedGrids,
    new: Mapping[int, float],
) -> dict[int, View]:
    """Return where frames of camera moves lie in what stands for them, and kept ends of moves in the other end.

    keepers: of each run its own best frame. kept_for: the frame that is kept for it. paths: by shot. new: for each shot
    the block difference from which two frames show different drawings.
    """

    def between(shot: int, frame: int, onto: int) -> View:
        return view(paths[shot] or [], frame, onto, seen, new[shot])

    views: dict[int, View] = {}
    for k, run in enumerate(found):
        if stands[k] != k or run.travel:
            onto = keepers[stands[k]]
            views |= {frame: between(run.shot, frame, onto) for frame in run.frames if frame != kept_for[k]}
    for j, k in _ends(found, stands):
        for one, other in ((j, k), (k, j)):
            if kept_for[one] == (frame := keepers[one]):
                views.setdefault(
                    frame, between(found[one].shot, frame, keepers[other])._replace(beside=kept_for[other])
                )
    return views


def _ends(found: Sequence[Run], stands: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield runs that stand for themselves, each with the next one of its shot to which the camera moves from it."""
    for j, k in pairwise(k for k, stand in enumerate(stands) if stand == k):
        if found[j].shot == found[k].shot and any(run.travel for run in found[j : k + 1]):
            yield j, k


def view(path: Path, frame: int, onto: int, seen: MaskedGrids, new: float) -> View:
    """Return where the picture of a frame lies in that of another of its shot; an empty motion if it is not known.

    new: block difference from which two frames show different drawings.
    """
    if not path:
        return View([], None, [])
    motion = product(inverse(_place(path, onto)), _place(path, frame))
    unlike = _unlike(seen[frame], seen[onto], motion, new)
    if unlike is None:
        return View([], None, [])
    return View([round(number, _DIGITS) for number in motion[:2].ravel().tolist()], None, unlike)


def _place(path: Path, frame: int) -> Matrix:
    """What takes a point of a frame to its place in the shot's first picture, in thousandths, (3, 3)."""
    frames = [knot["frame"] for knot in path]
    numbers = np.array([knot["motion"] for knot in path])
    row = [float(np.interp(frame, frames, column)) for column in numbers.T]
    return np.array([row[:3], row[3:], [0, 0, 1]])


def _unlike(a: MaskedGrid, b: MaskedGrid, motion: Matrix, new: float) -> list[list[int]] | None:
    """Return boxes around what differs, in thousandths of `a`; None if so much does that they are not one drawing.

    motion: from `a` to `b`, in thousandths. Compared on the grid of the one that shows more, which has the larger
    cells: what the other one shows in more detail is not there.
    """
    cells = in_cells(motion, a.cells.shape)
    closer = cells[0, 0] * cells[1, 1] - cells[0, 1] * cells[1, 0] < 1  # `a` is the close-up
    if closer:
        a, b, cells = b, a, inverse(cells)
    laid, inside = _laid(b, cells)
    if a.covered is not None:
        inside &= ~a.covered
    apart = _apart(a.cells, laid)
    apart[~inside] = 0
    differs = (cv2.boxFilter(apart, cv2.CV_32F, _BLOCK) > new).astype(np.uint8)
    differs = np.asarray(
        cv2.morphologyEx(differs, cv2.MORPH_OPEN, _BESIDE), np.uint8
    )  # outlines barely missed are thin
    count, _, spots, _ = cv2.connectedComponentsWithStats(differs, connectivity=8)
    if differs.sum() > _OTHER * inside.sum() or count - 1 > _SPOTS:
        return None
    back = inverse(motion) if closer else np.eye(3)
    return sorted(_box(spot, a.cells.shape, back) for spot in spots[1:, :4].tolist())


def _box(spot: Sequence[int], shape: tuple[int, ...], motion: Matrix) -> list[int]:
    """The box in thousandths around what a motion of these makes of a spot (x, y, width, height) of cells."""
    x, y, width, height = spot
    across, down = 1000 / shape[1], 1000 / shape[0]
    points = carried(motion, corners(width * across, height * down) + [x * across, y * down])
    low, high = np.floor(points.min(axis=0)), np.ceil(points.max(axis=0))
    return [int(side) for side in (*low, *high)]


def _laid(picture: MaskedGrid, motion: Matrix) -> tuple[Cells, Mask]:
    """Return a grid laid onto one whose cells `motion` takes to its own, and where it has values that text leaves."""
    there = np.ones_like(picture.cells) if picture.covered is None else (~picture.covered).astype(np.uint8)
    inside = cv2.erode(alignment.laid(there, motion[:2], exact=True), _BESIDE, borderValue=0)
    return alignment.laid(picture.cells, motion[:2]), inside.astype(bool)


def _apart(cells: Cells, laid: Cells) -> Cells:
    """Return by how many levels each cell is out of the range of the cells around its place in the other grid."""
    return np.asarray(
        np.maximum(cv2.subtract(cv2.erode(laid, _BESIDE), cells), cv2.subtract(cells, cv2.dilate(laid, _BESIDE)))
    )


def _moves(found: Sequence[Run]) -> list[range]:
    """The positions of each move with the runs it starts from and arrives at; moves that share one are one."""
    moves: list[range] = []
    for k in (k for k, run in enumerate(found) if run.travel):
        start, end = k if found[k].fresh else k - 1, k + 2 if _goes_on(found, k) else k + 1
        if moves and start < moves[-1].stop:
            moves[-1] = range(moves[-1].start, end)
        else:
            moves.append(range(start, end))
    return moves


def _goes_on(found: Sequence[Run], k: int) -> bool:
    """Whether the run after run k is of its shot, and shows the same drawing."""
    return k + 1 < len(found) and found[k].shot == found[k + 1].shot and not found[k + 1].fresh
