"""Write what people decide into the tables under corrections/: one line changes, every other stays byte for byte.

Order, comments, line ends and a byte order mark stay as whoever keeps the file has them. A column that the file left
out and a new line needs is added to its first line alone, at the end: to lines without it, it is empty. A file is
written whole or not at all, and only if the reader takes it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from genga.decisions.csv import KINDS, Decision, content_of, header_of, joined, parse, records
from genga.errors import GengaError
from genga.store.files import replacing

BOM = b"\xef\xbb\xbf"

# A change of a table: a line is added (None, values), says something else (decision, values) or is taken out (decision,
# None).
Step = tuple[Decision | None, Mapping[str, str] | None]


def append(path: str | Path, kind: str, rows: Sequence[Mapping[str, str]]) -> None:
    """Add lines at the end of a table, which is begun if it is not there. rows: what they say by column.

    Raises GengaError if the table cannot be read, or could not be with these lines.
    """
    there = Path(path).exists()
    table = _Table(content_of(path) if there else f"{KINDS[kind].header}\n".encode(), str(path), kind)
    table.add(rows)
    table.write()


def edited(content: bytes | None, file: str, kind: str, steps: Sequence[Step]) -> bytes:
    """Return a table after several steps at once. content: the table as it is; None: it is begun. file: its path.

    Raises GengaError if it cannot be read, has not a decision that a step names, or could not be read afterwards.
    """
    table = _Table(f"{KINDS[kind].header}\n".encode() if content is None else content, file, kind)
    for decision, values in steps:
        if decision is not None and values is not None:
            table.change(decision, values)
    places = {table.place_of(decision) for decision, values in steps if decision is not None and values is None}
    table.texts = [text for place, text in enumerate(table.texts) if place not in places]
    table.add([values for decision, values in steps if decision is None and values is not None])
    return table.content()


def changed(content: bytes, said: Sequence[tuple[Decision, Mapping[str, str]]]) -> bytes:
    """Return a table in which lines, at least one, say something else in some columns. content: the table as it is.

    Raises GengaError if the reader would not take it.
    """
    table = _Table(content, said[0][0].file, said[0][0].kind)
    for decision, values in said:
        table.change(decision, values)
    return table.content()


def replace(decision: Decision, values: Mapping[str, str]) -> None:
    """Let a line say something else in these columns. Raises GengaError as `append`, or if it is not there any more."""
    table = _Table(content_of(decision.file), decision.file, decision.kind)
    table.change(decision, values)
    table.write()


def remove(decision: Decision) -> None:
    """Take a line out. Raises GengaError as `replace`."""
    table = _Table(content_of(decision.file), decision.file, decision.kind)
    del table.texts[table.place_of(decision)]
    table.write()


class _Table:
    """A file taken apart, to be changed and written. Raises GengaError if the reader would not take it."""

    def __init__(self, content: bytes, file: str, kind: str) -> None:
        self._file, self._kind = file, kind
        self._mark = BOM if content.startswith(BOM) else b""
        self._decisions = {one.line: one for one in parse(content, file, kind)}
        found = records(content, file)
        self._places = {record.line: place for place, record in enumerate(found)}
        self.texts = [record.text for record in found]
        self._head = next(place for place, record in enumerate(found) if record.fields)
        self._columns = header_of(found[self._head :], file, kind)
        self.end = _end_of(self.texts[self._head]) or "\n"

    def place_of(self, decision: Decision) -> int:
        """Return where in `texts` a decision that was read of this file stands."""
        if self._decisions.get(decision.line) != decision:
            raise GengaError(f"{decision.where}: is not what it was when it was read; read the file again")
        return self._places[decision.line]

    def line_of(self, values: Mapping[str, str]) -> str:
        """Return a line that says this, without its end; columns that it needs are added to the first line."""
        lacking = [column for column, value in values.items() if value and column not in self._columns]
        if lacking:
            first = self.texts[self._head]
            end = _end_of(first)
            self.texts[self._head] = ",".join([first.removesuffix(end), *lacking]) + end
            self._columns += lacking
        return joined([values.get(column, "") for column in self._columns])

    def change(self, decision: Decision, values: Mapping[str, str]) -> None:
        """Let a line say something else in these columns."""
        place = self.place_of(decision)
        self.texts[place] = self.line_of({**decision.values, **values}) + _end_of(self.texts[place])

    def add(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Put lines at the end."""
        if rows and not _end_of(self.texts[-1]):
            self.texts[-1] += self.end
        self.texts += [self.line_of(row) + self.end for row in rows]

    def content(self) -> bytes:
        """Return what stands in the table now, if the reader takes it."""
        content = self._mark + "".join(self.texts).encode()
        parse(content, self._file, self._kind)
        return content

    def write(self) -> None:
        content = self.content()
        with replacing(self._file) as temporary:
            temporary.write_bytes(content)


def _end_of(text: str) -> str:
    return next((end for end in ("\r\n", "\n", "\r") if text.endswith(end)), "")
