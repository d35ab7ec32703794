"""Names that people gave: `corrections/<series>/characters.csv` turns clusters into characters.

Columns: crop, character, and optionally outfit, scope, who, why. A cluster's number changes whenever crops are
clustered anew, a crop's id does not; so a line names a crop, and by scope what the crop stands for:

- `cluster` (the default): every crop of the cluster that this crop is in;
- `crop`: this person in this still alone, against what the cluster says.

An empty character is a decision too: nobody worth a name. Such crops stay out of the dataset.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from genga.errors import GengaError

COLUMNS = ("crop", "character", "outfit", "scope", "who", "why")
_NEEDED = ("crop", "character")
_SCOPES = ("cluster", "crop")

NOBODY = ""  # a character: a person decided that these crops are no character
Label = tuple[str | None, str | None]  # character (None: not named), outfit


@dataclass(frozen=True)
class Name:
    """One line of the file."""

    line: int  # in the file, the header is 1
    crop: str
    character: str  # "": nobody
    outfit: str | None
    scope: Literal["cluster", "crop"]

    @property
    def label(self) -> Label:
        return self.character, self.outfit


def read_names(path: str | Path) -> list[Name]:
    """Return the lines of a names file, in order. Raises GengaError naming file and line."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:  # spreadsheets like to put a byte order mark
            rows = csv.DictReader(file)
            _check_header(path, rows.fieldnames or ())
            names = [_name(path, rows.line_num, row) for row in rows]
    except OSError as error:
        raise GengaError(f"{path}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise GengaError(f"{path}: is not a UTF-8 CSV file ({error})") from error
    _check_once(path, names)
    return names


def _check_header(path: str | Path, header: object) -> None:
    columns = list(header) if isinstance(header, list | tuple) else []
    for column in _NEEDED:
        if column not in columns:
            raise GengaError(f"{path}: column {column} is missing; the first line must be {','.join(COLUMNS)}")
    for column in columns:
        if column not in COLUMNS:
            raise GengaError(f"{path}: column {column!r} is not known (known: {', '.join(COLUMNS)})")


def _name(path: str | Path, line: int, row: dict[str, str | None]) -> Name:
    if None in row:
        raise GengaError(f"{path}:{line}: has more fields than the first line; put a text with commas in quotes")
    crop, character, outfit, scope = ((row.get(column) or "").strip() for column in COLUMNS[:4])
    if not crop:
        raise GengaError(f"{path}:{line}: names no crop")
    for text in (character, outfit):
        if "," in text:
            raise GengaError(f"{path}:{line}: {text!r} holds a comma, which separates tags in captions; leave it out")
    if scope not in ("", *_SCOPES):
        raise GengaError(f"{path}:{line}: scope must be cluster or crop, got {scope!r}")
    return Name(line, crop, character, outfit or None, "crop" if scope == "crop" else "cluster")


def _check_once(path: str | Path, names: list[Name]) -> None:
    seen: dict[tuple[str, str], int] = {}
    for name in names:
        before = seen.setdefault((name.crop, name.scope), name.line)
        if before != name.line:
            raise GengaError(f"{path}:{name.line}: {name.crop} was named on line {before} already; keep one of them")
