"""The tables under corrections/: which there are, and how their lines are read and written down.

A table is CSV in UTF-8, with or without a byte order mark, with the line ends of any system. Its first line names the
columns, in any order; those that a kind does not need may be left out. Empty lines say nothing, nor do comments: lines
that begin with `#`, outside quotes. An id may begin so as well, where a series is called like that: in a folder whose
name begins with `#`, a line that begins with this name and a slash is no comment.

Letters are composed (NFC), however they were written, and blanks between the words of a name are plain ones.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePath, PurePosixPath
from typing import Literal, NamedTuple
from unicodedata import category, normalize

from genga.errors import GengaError

FOLDER = "corrections"
REFERENCES = "references"  # folder below that of a series, of pictures of its characters
AT = "at"  # where what is meant was when the line was written: genga.decisions.placing; genga writes it
FREE = ("who", "why")  # text for whoever asks later; a value of any other column is on one line


class Kind(NamedTuple):
    """One of the things that people decide about."""

    name: str
    level: Literal["episode", "series"]  # what has a table of its own
    stages: tuple[str, ...]  # that read it
    columns: tuple[str, ...]  # in the order of new tables, and of lines to copy
    needed: tuple[str, ...]  # of these; the others may be left out

    @property
    def file(self) -> str:
        return f"{self.name}.csv"

    @property
    def header(self) -> str:
        return ",".join(self.columns)


KINDS = {
    kind.name: kind
    for kind in (
        Kind("frames", "episode", ("dedup",), ("frame", "decision", AT, *FREE), ("frame", "decision")),
        Kind("tags", "episode", ("tag", "crop"), ("still_or_crop", "box", "tag", "decision", AT, *FREE),
             ("still_or_crop", "tag", "decision")),
        Kind("tag_rules", "series", ("tag", "dataset"),
             ("tag", "decision", "with", "where", "episode", "shot", "character", *FREE), ("tag", "decision")),
        Kind("sentences", "series", ("dataset",), ("still_or_crop", "sentence", *FREE), ("still_or_crop", "sentence")),
        Kind("tiers", "series", ("dataset",), ("still_or_crop", "tier", AT, *FREE), ("still_or_crop", "tier")),
        Kind("characters", "series", ("characters",), ("crop", "character", "outfit", "scope", AT, *FREE),
             ("crop", "character")),
        Kind("aliases", "series", ("characters",), ("character", "name", *FREE), ("character", "name")),
        Kind("issues", "series", ("report",), ("about", "name", "issue", "state", "run", *FREE),
             ("about", "name", "issue", "state")),
    )
}  # fmt: skip


def path_of(kind: str, series: str, episode: str = "") -> str:
    """Return the path of a table below the project's folder. episode: for the kinds that have one for each."""
    if bool(episode) != (KINDS[kind].level == "episode"):
        raise ValueError(f"{kind} are decided for each {KINDS[kind].level}")
    return PurePosixPath(FOLDER, series, episode, KINDS[kind].file).as_posix()


def of_stage(stage: str) -> tuple[str, ...]:
    """Return the kinds of tables that a stage reads, none for most."""
    return tuple(kind.name for kind in KINDS.values() if stage in kind.stages)


def kind_at(path: str) -> str | None:
    """Return the kind of table that a path below the project's folder is for; None if no stage reads it."""
    parts = PurePosixPath(path).parts
    level = {3: "series", 4: "episode"}.get(len(parts)) if path.startswith(f"{FOLDER}/") else None
    return next((kind.name for kind in KINDS.values() if (kind.file, kind.level) == (parts[-1], level)), None)


@dataclass(frozen=True)
class Decision:
    """What a person decided: a line of a table."""

    file: str
    line: int  # at which it begins; the first of the file is 1
    kind: str
    values: Mapping[str, str]  # by column, of those that the table has, in its order; without blanks around

    def __getitem__(self, column: str) -> str:
        """What stands in a column, "" if the table has none of that name."""
        return self.values.get(column, "")

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"


class Open(NamedTuple):
    """A decision that takes no effect now, because what it is about is not found for certain."""

    line: int  # in its file
    says: str  # about what, and what of it
    why: str
    nearest: tuple[str, ...] = ()  # ids that may be meant

    def __str__(self) -> str:
        nearest = f"; nearest: {', '.join(self.nearest)}" if self.nearest else ""
        return f"{self.line}: {self.says}: not placed, {self.why}{nearest}"


class Record(NamedTuple):
    """A line of a file, or several that quotes hold together."""

    line: int  # at which it begins
    text: str  # with its line end
    fields: list[str]  # none: a comment, or empty


def read(path: str | Path, kind: str) -> list[Decision]:
    """Return the decisions in a table, in order. Raises GengaError naming file and line."""
    return parse(content_of(path), str(path), kind)


def content_of(path: str | Path) -> bytes:
    """Return the bytes of a table. Raises GengaError if it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise GengaError(f"{path}: cannot be read ({error.strerror})") from error


def parse(content: bytes, file: str, kind: str) -> list[Decision]:
    """Return the decisions in the bytes of a table. file: its path. Raises GengaError naming it and the line."""
    written = [record for record in records(content, file) if record.fields]
    columns = header_of(written, file, kind)
    return [Decision(file, record.line, kind, _values(record, columns, file, KINDS[kind])) for record in written[1:]]


def records(content: bytes, file: str) -> list[Record]:
    """Return all lines of a table, whose texts together are its text."""
    own = tuple(f"{name}/" for name in PurePath(file).parts if name.startswith("#"))
    lines = list(io.StringIO(_text(content, file), newline=""))  # split where CSV does, line ends as they are
    if mark := next((number for number, line in enumerate(lines, 1) if _MERGING.match(line)), 0):
        raise GengaError(f"{file}:{mark}: is half merged by git; keep the lines that hold, and take the marks out")
    found: list[Record] = []
    rest, at = iter(lines), 0
    for first in rest:
        fields: list[str] = []
        taken = 1
        if first.strip() and (first.startswith(own) or not first.startswith("#")):
            reader = csv.reader(chain([first], rest), strict=True)
            try:
                fields, taken = next(reader), reader.line_num
            except csv.Error as error:
                raise GengaError(f"{file}:{at + 1}: is not CSV ({error}); put its quotes right") from error
        found.append(Record(at + 1, "".join(lines[at : at + taken]), fields))
        at += taken
    return found


_MERGING = re.compile(r"(<{7}|\|{7}|>{7})( |$)|={7}$")  # how git marks what it could not merge


def header_of(written: Sequence[Record], file: str, kind: str) -> list[str]:
    """Return the columns that the first of these records names."""
    of, first = KINDS[kind], written[0] if written else Record(1, "", [])
    columns = [column.strip() for column in first.fields]
    for column in of.needed:
        if column not in columns:
            apart = next((f" with commas, not {name}s," for sign, name in _SIGNS if sign in "".join(columns)), "")
            raise GengaError(
                f"{file}:{first.line}: column {column} is missing; the first line must be{apart} {of.header}"
            )
    for place, column in enumerate(columns):
        if column not in of.columns:
            known = ", ".join(of.columns)
            raise GengaError(f"{file}:{first.line}: column {column!r} is not known (known: {known}); take it out")
        if column in columns[:place]:
            raise GengaError(f"{file}:{first.line}: column {column} is there twice; take one of them out")
    return columns


_SIGNS = ((";", "semicolon"), ("\t", "tab"))  # what spreadsheets put where others have a comma


def joined(fields: Sequence[str]) -> str:
    """Return fields as a line that `records` takes apart into the same ones, without line end."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow(fields)
    line = buffer.getvalue().removesuffix("\r\n")
    return f'"{fields[0]}"{line[len(fields[0]) :]}' if line.startswith("#") else line


def line_of(kind: str, values: Mapping[str, str]) -> str:
    """Return a line to copy into a new table. values: by column; others stay empty."""
    return joined([values.get(column, "") for column in KINDS[kind].columns])


def _text(content: bytes, file: str) -> str:
    if b"\0" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise GengaError(f"{file}:{line}: is no text (a byte is 0), or UTF-16; save the file as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = len((error.object[: error.start] + b".").splitlines())
        raise GengaError(f"{file}:{line}: is not UTF-8 ({error.reason}); save the file as UTF-8") from error


def _values(record: Record, columns: Sequence[str], file: str, kind: Kind) -> dict[str, str]:
    where = f"{file}:{record.line}"
    if len(record.fields) > len(columns):
        raise GengaError(f"{where}: has more fields than the first line; put a text with commas in quotes")
    if lacking := [column for column in columns[len(record.fields) :] if column in kind.needed]:
        raise GengaError(
            f"{where}: ends before column {lacking[0]}; an empty field, if one is meant, is written by a comma"
        )
    fields = [field.strip() for field in record.fields] + [""] * (len(columns) - len(record.fields))
    values = dict(zip(columns, fields, strict=True))
    for column, value in values.items():
        if column not in FREE and len(value.splitlines()) > 1:
            raise GengaError(f"{where}: {column} has a line end in it; write it on one line")
        if column in FREE:
            continue
        one_form = normalize("NFC", value)
        values[column] = one_form if column == kind.columns[0] else " ".join(one_form.split())
        if any(category(letter) == "Cc" for letter in values[column]):
            raise GengaError(f"{where}: {column} has a control character in it ({value!r}); take it out")
    return values
