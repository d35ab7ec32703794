"""What a person wants to say, and what becomes of the tables under corrections/ by it.

An edit is about one thing: a frame, a tag of a still, person or crop, who a crop is. It says what the tables are to say
of that thing, and what they said when the person looked. Where they say something else by now, because another window
or an editor wrote there, that edit is refused, with the line; all others of it hold. So nobody's work is lost.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from genga.decisions.csv import AT, FREE, Decision, parse, path_of
from genga.decisions.tag_rules import AND
from genga.decisions.writer import Step, edited
from genga.vocabulary.text import tag_name

# By which columns a line is about a thing; of ties also the word that ties it.
ABOUT: Mapping[str, tuple[str, ...]] = {
    "frames": ("frame",), "tags": ("still_or_crop", "box", "tag"), "characters": ("crop", "scope"),
    "sentences": ("still_or_crop",), "tiers": ("still_or_crop",), "issues": ("about", "name", "issue"),
    "aliases": ("character",), "tag_rules": ("tag", "decision", "with", "where", "episode", "shot", "character"),
}  # fmt: skip
TIES = ("together", "apart")

Values = Mapping[str, str]


class Place(NamedTuple):
    """A table."""

    kind: str
    series: str
    episode: str = ""

    @property
    def path(self) -> str:
        return path_of(*self)


@dataclass(frozen=True)
class Edit:
    place: Place
    about: Values  # columns of ABOUT
    says: Values | None  # the others; None: no line
    saw: Values | None = None  # what stood there when the person looked
    at: str = ""  # where what it is about is, of a line that is begun

    @property
    def key(self) -> tuple[str, ...]:
        return key_of(self.place.kind, self.about)


class Done(NamedTuple):
    """An edit that was carried out, with the whole lines before and after it."""

    edit: Edit
    before: Values | None
    after: Values | None


class Refused(NamedTuple):
    """An edit that was not, and why, in words for people."""

    edit: Edit
    why: str


def key_of(kind: str, line: Values) -> tuple[str, ...]:
    """Return what a line is about, by which it is found again."""
    values = [line.get(column, "") for column in ABOUT[kind]]
    if kind == "tags":
        values[2] = tag_name(values[2])
    if kind == "tag_rules":
        where = sorted(tag_name(one.strip()) for one in values[3].split(AND)) if values[3] else []
        values[0], values[2], values[3] = tag_name(values[0]), tag_name(values[2]), AND.join(where)
    if kind == "frames" and values[0].isdecimal():
        values[0] = str(int(values[0]))
    if kind == "characters":
        values[1] = values[1] or "cluster"
        values += [line.get("character", "")] if values[1] in TIES else [""]
    return tuple(values)


def meaning(kind: str, line: Values | None) -> dict[str, str] | None:
    """Return what a line says, without whose it is and where that was."""
    if line is None:
        return None
    said = {name: text for name, text in line.items() if name not in (*ABOUT[kind], AT, *FREE) and text}
    return said or {"": ""}


def standing(kind: str, lines: Iterable[Decision]) -> dict[tuple[str, ...], list[Decision]]:
    """Return the lines about each thing; the last one holds."""
    found: dict[tuple[str, ...], list[Decision]] = {}
    for line in lines:
        found.setdefault(key_of(kind, line.values), []).append(line)
    return found


def carried_out(
    content: bytes | None, place: Place, edits: Sequence[Edit], who: str
) -> tuple[bytes | None, list[Done], list[Refused]]:
    """Return a table after edits, with those that were carried out and those that were not.

    content: of the table as it is now; None: there is none. The same comes back where nothing is to be changed. Raises
    GengaError if the table cannot be read.
    """
    lines = standing(place.kind, parse(content, place.path, place.kind) if content is not None else ())
    steps: list[Step] = []
    done: list[Done] = []
    refused: list[Refused] = []
    for edit in {one.key: one for one in edits}.values():
        there = lines.get(edit.key, [])
        before = dict(there[-1].values) if there else None
        if meaning(place.kind, before) != meaning(place.kind, edit.saw):
            said = f"says {_words(place.kind, before)} now" if there else "has no such line any more"
            where = there[-1].where if there else place.path
            refused.append(Refused(edit, f"{where}: {said}, and was changed since you looked; look again"))
            continue
        after = None if edit.says is None else {**(before or {AT: edit.at}), **edit.about, "who": who, **edit.says}
        if meaning(place.kind, before) == meaning(place.kind, after):
            continue
        done.append(Done(edit, before, after))
        steps += [(line, None) for line in (there if after is None else there[:-1])]
        if after is not None:
            steps.append((there[-1] if there else None, after))
    return (edited(content, place.path, place.kind, steps) if steps else content), done, refused


def _words(kind: str, line: Values | None) -> str:
    said = meaning(kind, line) or {}
    return " ".join(filter(None, said.values())) or "nothing"


def inverse(done: Done) -> Edit:
    """Return the edit that takes one back."""
    return _to(done, done.before, done.after)


def again(done: Done) -> Edit:
    """Return the edit that carries one out anew."""
    return _to(done, done.after, done.before)


def _to(done: Done, line: Values | None, saw: Values | None) -> Edit:
    own = ABOUT[done.edit.place.kind]
    says = None if line is None else {name: text for name, text in line.items() if name not in (*own, AT)}
    at = (line or {}).get(AT, "")
    return Edit(done.edit.place, done.edit.about, says, saw, at)
