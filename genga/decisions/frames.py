"""What a person decided about single frames: corrections/<series>/<episode>/frames.csv.

Columns `frame,decision,who,why`; decision `keep` makes a frame a drawing of its own, `drop` takes the drawing it stands
for out of the pictures. The last line about a frame counts.
"""

import csv
import io
from pathlib import Path
from typing import Literal

from genga.errors import GengaError

COLUMNS = ["frame", "decision", "who", "why"]

Decision = Literal["keep", "drop"]


def read_decisions(path: Path, count: int) -> dict[int, Decision]:
    """Return the decisions in the file at `path`. Raises GengaError naming file and line; see `decisions`."""
    try:
        return decisions(path.read_text(encoding="utf-8"), str(path), count)
    except OSError as error:
        raise GengaError(f"{path}: cannot be read ({error.strerror})") from error


def decisions(text: str, name: str, count: int) -> dict[int, Decision]:
    """Return the decision for each frame in CSV `text`. Raises GengaError naming file `name` and line.

    count: frames in the video; a frame's number is 0..count-1.
    """
    reader = csv.DictReader(io.StringIO(text))
    if reader.fieldnames != COLUMNS:
        raise GengaError(f"{name}:1: columns must be {','.join(COLUMNS)}, got {','.join(reader.fieldnames or [])}")
    found: dict[int, Decision] = {}
    for row in reader:
        where = f"{name}:{reader.line_num}"
        number = (row["frame"] or "").strip()
        if not number.isdecimal() or int(number) >= count:
            raise GengaError(f"{where}: frame must be a number from 0 to {count - 1}, got {row['frame']!r}")
        decision = (row["decision"] or "").strip()
        if decision == "keep":
            found[int(number)] = "keep"
        elif decision == "drop":
            found[int(number)] = "drop"
        else:
            raise GengaError(f"{where}: decision must be keep or drop, got {row['decision']!r}")
    return found
