"""What people decided about tags: `corrections/<series>/<episode>/tags.csv`.

Columns: still_or_crop, tag, decision, and optionally box, who, why. A line is about

- a still (`S/E/000123`): with `box` empty about the whole still, with a number about that person, with `*` about both
  the still and everybody in it;
- a crop (`S/E/000123-0-head`): about that crop alone, `box` empty.

decision: `add` or `remove`. A tag may be written with spaces. Of two lines about one tag the later one holds.
"""

import re
from pathlib import Path
from typing import Literal, NamedTuple

from genga.decisions.csv import KINDS, Decision, read
from genga.errors import GengaError
from genga.vocabulary.text import KAOMOJI

FILE = KINDS["tags"].file

_CROP = re.compile(r".*-\d+-(fullbody|halfbody|head)")


class Correction(NamedTuple):
    line: int  # in the file
    target: str  # id of a still or a crop
    box: int | Literal["*"] | None  # None: the whole still, or a crop
    tag: str  # with underscores
    decision: Literal["add", "remove"]

    @property
    def of_crop(self) -> bool:
        """Whether it is about a crop, rather than a still."""
        return _CROP.fullmatch(self.target) is not None


def read_corrections(path: str | Path) -> list[Correction]:
    """Return the lines of a corrections file, in order. Raises GengaError naming file and line."""
    return [_correction(decision) for decision in read(path, "tags")]


def _correction(decision: Decision) -> Correction:
    target, box, tag, verb = (decision[column] for column in ("still_or_crop", "box", "tag", "decision"))
    if not target or not tag:
        raise GengaError(f"{decision.where}: names no {'tag' if target else 'still or crop'}")
    if verb not in ("add", "remove"):
        raise GengaError(f"{decision.where}: decision must be add or remove, got {verb!r}")
    if box not in ("", "*") and not box.isdecimal():
        raise GengaError(f"{decision.where}: box must be a person's number, * or empty, got {box!r}")
    number: int | Literal["*"] | None = "*" if box == "*" else int(box) if box else None
    name = tag if tag in KAOMOJI else tag.replace(" ", "_")
    return Correction(decision.line, target, number, name, "add" if verb == "add" else "remove")
