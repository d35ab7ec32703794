"""How a clip moves, told from tables and grids alone, and what speaks against learning from it."""

from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import pairwise
from typing import Any, NamedTuple

import cv2
import numpy as np

from genga.dataset._clips.sampling import Cut, Film
from genga.params.clips import Params
from genga.tables.frames import FRAMES
from genga.tables.schema import only
from genga.tables.shots import SHOTS
from genga.video.luma_grid import Cells, Grids, block_difference, tone_difference

OF_FRAMES = only(FRAMES, "luma")
OF_SHOTS = only(SHOTS, "shot", "lettering")

_CHANGED = 12  # luma levels by which a cell of the grid has to differ to have changed
_OTHER = 0.25  # distance of tones from which on a step may lead to another picture: motion, and pans, leave it smaller
_MUCH = 0.1  # share of the picture that changes where another one may begin
_DIGITS = 4

Row = dict[str, Any]


def moves(cut: Cut, film: Film, luma: Sequence[float], cells: Grids, travelled: Set[int]) -> Row:
    """Return how a clip moves (MOVES). luma: mean of each frame. travelled: frames over which the camera moves."""
    seen = film.shown[cut.first : cut.last + 1]
    seconds = film.times[cut.last + 1] - film.times[cut.first]
    steps = [_step(cells[a], cells[b]) for a, b in pairwise(cut.frames) if a != b]
    count = max(1, len(cut.frames) - 1)
    found = {
        "drawings": len(set(cut.frames)),
        "drawings_per_second": sum(a != b for a, b in pairwise(seen)) / seconds,
        "held": 1 - len(steps) / count,
        "difference": sum(step.difference for step in steps) / count,
        "changed": sum(step.changed for step in steps) / count,
        "another": max((step.changed for step in steps if step.another), default=0.0),
        "camera": len(travelled & {*range(cut.first, cut.last + 1)}) / len(seen),
        "flicker": flicker([luma[frame] for frame in cut.frames]),
    }
    return {name: round(value, _DIGITS) for name, value in found.items()}


class _Step(NamedTuple):
    difference: float  # the largest local one of luma, 0..255
    changed: float  # share of the picture, 0..1
    another: bool  # whether its tones are others, too


def _step(a: Cells, b: Cells) -> _Step:
    """How one picture differs from the next. Tones are asked for where much changes: elsewhere is no other picture."""
    changed = int(np.count_nonzero(cv2.absdiff(a, b) > _CHANGED)) / a.size
    return _Step(block_difference(a, b), changed, changed >= _MUCH and tone_difference(a, b) >= _OTHER)


def flicker(luma: Sequence[float]) -> float:
    """Return by how much a picture's mean luma goes up and down in turn: the mean, over its inner places, of the
    smaller of two steps that follow each other in opposite directions; 0 where it grows, falls or stays.
    """
    steps = np.diff(np.asarray(luma))
    if len(steps) < 2:
        return 0.0
    turns = steps[:-1] * steps[1:] < 0
    return float(np.where(turns, np.minimum(np.abs(steps[:-1]), np.abs(steps[1:])), 0.0).mean())


def covered(frames: Iterable[int], lines: Sequence[Row]) -> float:
    """Return the most of the picture that burnt-in text covers in one of these frames, 0..1. lines: of their shot."""
    over = (sum(_area(line) for line in lines if line["start"] <= frame < line["end"]) for frame in set(frames))
    return round(max(over), _DIGITS)


def _area(line: Row) -> float:
    return (line["x1"] - line["x0"]) * (line["y1"] - line["y0"])


def reason(row: Mapping[str, Any], sizes: int, again: bool, params: Params) -> str | None:
    """Return why a clip is left out, the first of REASONS that holds; None if it is kept.

    row: of CLIPS. sizes: how many sizes its pictures have. again: whether an earlier episode has all of it.
    """
    against = {
        "short": len(row["frames"]) < params.length,
        "size": sizes > 1,
        "again": again,
        "cut": row["another"] > params.cut,
        "dark": row["luma"] < params.dark,
        "text": row["text"] > params.text,
        "camera": row["camera"] > params.camera,
        "frozen": row["drawings_per_second"] < params.frozen,
        "restless": row["changed"] > params.restless,
    }
    return next((why for why, holds in against.items() if holds), None)
