"""What people decided about tags: `corrections/<series>/<episode>/tags.csv`.

Columns: still_or_crop, box, tag, decision, and optionally who, why. A line is about

- a still (`S/E/000123`): with `box` empty about the whole still, with a number about that person, with `*` about both
  the still and everybody in it;
- a crop (`S/E/000123-0-head`): about that crop alone, `box` empty.

decision: `add` or `remove`. A tag may be written with spaces. Of two lines about one tag the later one holds.
"""

import csv
import re
from pathlib import Path
from typing import Literal, NamedTuple

from genga.errors import GengaError
from genga.vocabulary.text import KAOMOJI

COLUMNS = ("still_or_crop", "box", "tag", "decision", "who", "why")
_NEEDED = COLUMNS[:4]


_CROP = re.compile(r".*-\d+-(fullbody|halfbody|head)")


class Correction(NamedTuple):
    line: int  # in the file, the header is 1
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
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:  # spreadsheets like to put a byte order mark
            rows = csv.DictReader(file)
            _check_header(path, list(rows.fieldnames or ()))
            return [_correction(f"{path}:{rows.line_num}", rows.line_num, row) for row in rows]
    except OSError as error:
        raise GengaError(f"{path}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise GengaError(f"{path}: is not a UTF-8 CSV file ({error})") from error


def _check_header(path: str | Path, columns: list[str]) -> None:
    for column in _NEEDED:
        if column not in columns:
            raise GengaError(f"{path}: column {column} is missing; the first line must be {','.join(COLUMNS)}")
    for column in columns:
        if column not in COLUMNS:
            raise GengaError(f"{path}: column {column!r} is not known (known: {', '.join(COLUMNS)})")


def _correction(where: str, line: int, row: dict[str, str | None]) -> Correction:
    if None in row:
        raise GengaError(f"{where}: has more fields than the first line; put a text with commas in quotes")
    target, box, tag, decision = ((row.get(column) or "").strip() for column in _NEEDED)
    if not target or not tag:
        raise GengaError(f"{where}: names no {'tag' if target else 'still or crop'}")
    if decision not in ("add", "remove"):
        raise GengaError(f"{where}: decision must be add or remove, got {decision!r}")
    if box not in ("", "*") and not box.isdecimal():
        raise GengaError(f"{where}: box must be a person's number, * or empty, got {box!r}")
    number: int | Literal["*"] | None = "*" if box == "*" else int(box) if box else None
    name = tag if tag in KAOMOJI else tag.replace(" ", "_")
    return Correction(line, target, number, name, "add" if decision == "add" else "remove")
