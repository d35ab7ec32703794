"""What people decided about tags: `corrections/<series>/<episode>/tags.csv`.

Columns: still_or_crop, tag, decision, and optionally box, who, why. A line is about

- a still (`S/E/000123`): with `box` empty about the whole still, with a number about that person, with `*` about both
  the still and everybody in it;
- a crop (`S/E/000123-0-head`): about that crop alone, `box` empty.

decision: `add` or `remove`. A tag may be written with spaces, capitals and a caption's escapes: `star \\(symbol\\)`. Of
two lines that contradict each other about one tag of one target the later one holds, and both are named.
"""

import re
import sys
from collections.abc import Collection, Sequence
from difflib import get_close_matches
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
    """Return the lines of a corrections file, in order; names those that contradict each other on stderr.

    Raises GengaError naming file and line.
    """
    found = [_correction(decision) for decision in read(path, "tags")]
    last: dict[tuple[str, object, str], Correction] = {}
    for one in found:
        before = last.get(about := (one.target, one.box, one.tag), one)
        if before.decision != one.decision:
            said = f"says {one.decision} {one.tag}, and line {before.line} {before.decision} of the same"
            print(f"warning: {path}:{one.line}: {said}; the later one holds: take one of them out", file=sys.stderr)
        last[about] = one
    return found


def tell_unknown(
    corrections: Sequence[Correction], known: Collection[str], path: str | Path | None
) -> Sequence[Correction]:
    """Say on stderr which tags are not `known`, with the nearest that is; return all: people may add what is new."""
    for one in corrections:
        if one.tag in known:
            continue
        near = get_close_matches(one.tag, known, 1, 0.8)
        does = "it is added as it is" if one.decision == "add" else "there is none to remove"
        meant = f" (is {near[0]} meant?)" if near else ""
        print(f"warning: {path}:{one.line}: no tagger here knows {one.tag}{meant}; {does}", file=sys.stderr)
    return corrections


def tag_name(text: str) -> str:
    """Return the tag that a person wrote: taggers' names are in small letters, with underscores and without escapes."""
    name = re.sub(r"\\([\\()])", r"\1", text.lower())
    return name if name in KAOMOJI else name.replace(" ", "_")


def _correction(decision: Decision) -> Correction:
    target, box, tag, verb = (decision[column] for column in ("still_or_crop", "box", "tag", "decision"))
    if not target or not tag:
        raise GengaError(f"{decision.where}: names no {'tag' if target else 'still or crop'}")
    if verb not in ("add", "remove"):
        raise GengaError(f"{decision.where}: decision must be add or remove, got {verb!r}")
    if box not in ("", "*") and not (box.isdecimal() and len(box) <= 9):
        raise GengaError(f"{decision.where}: box must be a person's number, * or empty, got {box!r}")
    if "," in tag:
        raise GengaError(f"{decision.where}: {tag!r} holds a comma, which separates tags; write a line for each")
    number: int | Literal["*"] | None = "*" if box == "*" else int(box) if box else None
    return Correction(decision.line, target, number, tag_name(tag), "add" if verb == "add" else "remove")
