"""Names that people gave: `corrections/<series>/characters.csv` turns clusters into characters.

Columns: crop, character, and optionally outfit, scope, who, why, at. A cluster's number changes whenever crops are
clustered anew, a crop's id does not; so a line names a crop, and by scope what the crop stands for:

- `cluster` (the default): every crop of the cluster that this crop is in;
- `crop`: this person in this still alone, against what the cluster says;
- `together` and `apart`: no name but a word, which ties the line to all others of this scope that have it. Their people
  are one person, or each of them another, whatever the embedder finds (genga.people.ties).

An empty character is a decision too: nobody worth a name. Such crops stay out of the dataset. Who is meant where crops
have other ids now says `at` (genga.decisions.placing).

Somebody who is called otherwise elsewhere has a line in `corrections/<series>/aliases.csv`, columns character and name:
who is called so in this series is the one of that name, in all series.
"""

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from genga.decisions.anchors import Anchor, read_anchor
from genga.decisions.csv import AT, KINDS, Decision, read
from genga.errors import GengaError

FILE = KINDS["characters"].file
ALIASES = KINDS["aliases"].file

Label = tuple[str | None, str | None]  # character (None: not named), outfit


Scope = Literal["cluster", "crop", "together", "apart"]


@dataclass(frozen=True)
class Name:
    """One line of the file."""

    line: int  # in the file
    crop: str
    character: str  # "": nobody
    outfit: str | None
    scope: Scope
    at: Anchor | None = None  # where the person was

    @property
    def is_tie(self) -> bool:
        """Whether it says who is one person, and not what somebody is called."""
        return self.scope in ("together", "apart")

    @property
    def label(self) -> Label:
        return self.character, self.outfit


def read_names(path: str | Path) -> list[Name]:
    """Return the lines of a names file, in order; names those that contradict each other about a person on stderr.

    Raises GengaError naming file and line.
    """
    names = [_name(decision) for decision in read(path, "characters")]
    _check_once(path, names)
    last: dict[tuple[str, str], Name] = {}
    for name in (one for one in names if not one.is_tie):
        person = name.crop.rpartition("-")[0] or name.crop  # of a still, whatever is cut out of it
        before = last.setdefault((person, name.scope), name)
        if before.label != name.label:
            said = f"{name.crop} is {_called(name)}, and on line {before.line} the same person is {_called(before)}"
            print(f"warning: {path}:{name.line}: {said}: take one of them out", file=sys.stderr)
    return names


def _called(name: Name) -> str:
    return " in ".join(filter(None, (name.character or "nobody", name.outfit)))


def _name(decision: Decision) -> Name:
    crop, character, outfit, scope = (decision[column] for column in ("crop", "character", "outfit", "scope"))
    if not crop:
        raise GengaError(f"{decision.where}: names no crop")
    for text in (character, outfit):
        check_name(text, decision.where)
    known = next((one for one in get_args(Scope) if one == (scope or "cluster")), None)
    if known is None:
        raise GengaError(f"{decision.where}: scope must be cluster, crop, together or apart, got {scope!r}")
    if scope in ("together", "apart") and (not character or outfit):
        raise GengaError(
            f"{decision.where}: scope {scope} wants a word in column character that another line has too, and no outfit"
        )
    at = read_anchor(decision[AT], decision.where)
    return Name(decision.line, crop, character, outfit or None, known, at)


def check_name(text: str, where: str) -> None:
    """Raise GengaError, which begins with `where`, for what can be no name of a character or an outfit.

    A backslash may stand before brackets, as captions have it.
    """
    if "," in text:
        raise GengaError(f"{where}: {text!r} holds a comma, which separates tags in captions; leave it out")
    if found := _PATH.search(text):
        fault = "begins with a dot" if found[0] == "." else f"has {found[0]} in it"
        raise GengaError(f"{where}: {text!r} {fault}, and folders are called after names; take it out")


_PATH = re.compile(r"^\.|/|\\(?![()])")


@dataclass(frozen=True)
class Alias:
    """One line of a table of aliases."""

    line: int  # in the file
    character: str  # as the series calls somebody
    name: str  # what they are called in all series


def read_aliases(path: str | Path) -> list[Alias]:
    """Return the lines of a table of aliases, in order. Raises GengaError naming file and line."""
    return aliases_of(read(path, "aliases"), str(path))


def aliases_of(decisions: Iterable[Decision], path: str) -> list[Alias]:
    """Return what lines say. Raises GengaError naming file and line.

    Of each character there is one line, and no name is called otherwise by another: what is meant needs no order.
    """
    found: dict[str, Alias] = {}
    for decision in decisions:
        own, name = decision["character"], decision["name"]
        if not own or not name:
            raise GengaError(f"{decision.where}: names nobody; a line wants a character and a name")
        for text in (own, name):
            check_name(text, decision.where)
        if own == name:
            raise GengaError(f"{decision.where}: {own!r} is its own alias; take the line out")
        if (before := found.setdefault(own, Alias(decision.line, own, name))).line != decision.line:
            said = f"{own!r} is {before.name!r} by line {before.line} already"
            raise GengaError(f"{decision.where}: {said}; keep one of them")
    for alias in found.values():
        if alias.name in found:
            other = found[alias.name]
            said = f"{alias.character!r} is {alias.name!r}, and line {other.line} says {alias.name!r} is {other.name!r}"
            raise GengaError(f"{path}:{alias.line}: {said}; write who is meant into both")
    return list(found.values())


def _check_once(path: str | Path, names: Iterable[Name]) -> None:
    seen: dict[tuple[str, str, str], int] = {}
    for name in names:
        before = seen.setdefault((name.crop, name.scope, name.character if name.is_tie else ""), name.line)
        if before != name.line:
            raise GengaError(f"{path}:{name.line}: {name.crop} was named on line {before} already; keep one of them")
