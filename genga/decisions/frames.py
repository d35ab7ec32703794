"""What a person decided about single frames: corrections/<series>/<episode>/frames.csv.

Columns: frame, decision, and optionally who, why. decision: `keep` makes a frame a drawing of its own, `drop` takes the
drawing it stands for out of the pictures. Of two lines about a frame that contradict each other the later one holds,
and both are named.
"""

import sys
from pathlib import Path
from typing import Literal

from genga.decisions.csv import Decision, read
from genga.errors import GengaError

Verb = Literal["keep", "drop"]


def read_verbs(path: str | Path, count: int) -> dict[int, Verb]:
    """Return what is to become of each frame that the table names. Raises GengaError naming file and line.

    count: frames in the video; a frame's number is 0..count-1.
    """
    found: dict[int, tuple[Verb, int]] = {}
    for decision in read(path, "frames"):
        frame, verb = _verb(decision, count)
        if (before := found.get(frame)) is not None and before[0] != verb:
            said = f"says {verb} of frame {frame}, and line {before[1]} {before[0]}; the later one holds"
            print(f"warning: {decision.where}: {said}: take one of them out", file=sys.stderr)
        found[frame] = verb, decision.line
    return {frame: verb for frame, (verb, _) in found.items()}


def _verb(decision: Decision, count: int) -> tuple[int, Verb]:
    frame, verb = decision["frame"], decision["decision"]
    if not frame.isdecimal() or len(frame) > 9 or int(frame) >= count:
        raise GengaError(f"{decision.where}: frame must be a number from 0 to {count - 1}, got {frame!r}")
    if verb not in ("keep", "drop"):
        raise GengaError(f"{decision.where}: decision must be keep or drop, got {verb!r}")
    return int(frame), "keep" if verb == "keep" else "drop"
