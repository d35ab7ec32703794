"""What stands for a camera move: the drawing it starts from, the one it arrives at, both, or the sharpest frame."""

from collections.abc import Sequence
from typing import Literal

from genga.drawings._dedup.holds import Run

Ends = Literal["ends", "first", "last", "sharpest", "all", "stitched"]


def standing(found: Sequence[Run], camera: Ends, sharpness: Sequence[float] = ()) -> list[int]:
    """Return for each run the position of the run that stands for it in `found`; itself where nothing moves.

    first, last: the start stands for the way and the arrival, or the arrival for the way and the start. ends: both
    stand, each for its half of the way, which `halved` has divided. stitched: the start, whose picture is made of all.
    sharpest: of start, way and arrival the one whose keeper is the sharpest, the earliest of equals. sharpness: of each
    run's keeper.
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
        before, after = k - 1, k + 1 if _same_shot(found, k, k + 1) else None
        if camera == "last" and after is not None:
            stands[k] = stands[before] = stands[after]
        elif camera == "ends" and found[before].travel and after is not None:
            stands[k] = after
        else:
            stands[k] = stands[before]
            if camera in ("first", "stitched") and after is not None:
                stands[after] = stands[before]
    return stands


def halved(found: Sequence[Run]) -> list[Run]:
    """Return the runs with every way of a camera move divided into its first and its second half."""
    parts: list[Run] = []
    for run in found:
        middle = (len(run.frames) + 1) // 2
        if run.travel and len(run.frames) > 1:
            parts.append(Run(run.shot, run.frames[:middle], run.distance, travel=True))
            parts.append(Run(run.shot, run.frames[middle:], run.distance, travel=True))
        else:
            parts.append(run)
    return parts


def _moves(found: Sequence[Run]) -> list[range]:
    """The positions of each move with the runs it starts from and arrives at; moves that share one are one."""
    moves: list[range] = []
    for k in (k for k, run in enumerate(found) if run.travel):
        end = k + 2 if _same_shot(found, k, k + 1) else k + 1
        if moves and k - 1 < moves[-1].stop:
            moves[-1] = range(moves[-1].start, end)
        else:
            moves.append(range(k - 1, end))
    return moves


def _same_shot(found: Sequence[Run], a: int, b: int) -> bool:
    return b < len(found) and found[a].shot == found[b].shot
