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


def append(path: str | Path, kind: str, rows: Sequence[Mapping[str, str]]) -> None:
    """Add lines at the end of a table, which is begun if it is not there. rows: what they say by column.

    Raises GengaError if the table cannot be read, or could not be with these lines.
    """
    there = Path(path).exists()
    table = _Table(content_of(path) if there else f"{KINDS[kind].header}\n".encode(), str(path), kind)
    if rows and not _end_of(table.texts[-1]):
        table.texts[-1] += table.end
    table.texts += [table.line_of(row) + table.end for row in rows]
    table.write()


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
        self._decisions = parse(content, file, kind)
        self._records = records(content, file)
        self.texts = [record.text for record in self._records]
        self._head = next(place for place, record in enumerate(self._records) if record.fields)
        self._columns = header_of(self._records[self._head :], file, kind)
        self.end = _end_of(self.texts[self._head]) or "\n"

    def place_of(self, decision: Decision) -> int:
        """Return where in `texts` a decision that was read of this file stands."""
        if decision not in self._decisions:
            raise GengaError(f"{decision.where}: is not what it was when it was read; read the file again")
        return [record.line for record in self._records].index(decision.line)

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
