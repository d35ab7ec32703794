"""What the desk has done, so that it can be undone and done again, without end.

A file of lines, of which none is ever changed: what was done, that it was undone, that it was done again. It lies under
.cache/, of this machine alone; the record of what people decided are the tables, in git.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from genga.desk.edits import Done, Edit, Place
from genga.store.lines import add_lines


@dataclass(frozen=True)
class Entry:
    """What a person did at once."""

    what: str  # in words
    when: float  # s since the epoch
    done: tuple[Done, ...]


class Journal:
    """path: of the file, which is begun if it is not there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.past: list[Entry] = []  # the latest last
        self.future: list[Entry] = []  # what was undone, the latest last
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            try:
                self._take(json.loads(line))
            except (ValueError, KeyError, TypeError, IndexError):  # half a line, of a loss of power
                continue

    def add(self, what: str, done: Sequence[Done]) -> None:
        """Remember what was done; what was undone before it cannot be done again any more."""
        self._note({"did": what, "when": time.time(), "done": [_plain(one) for one in done]})

    def undone(self) -> None:
        """Remember that the latest was undone."""
        self._note({"undid": self.past[-1].what})

    def redone(self) -> None:
        """Remember that what was undone last was done again."""
        self._note({"redid": self.future[-1].what})

    def _note(self, line: dict[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        add_lines(self._path, [json.dumps(line, ensure_ascii=False)])
        self._take(line)

    def _take(self, line: dict[str, Any]) -> None:
        if "did" in line:
            self.past.append(Entry(line["did"], line["when"], tuple(map(_done, line["done"]))))
            self.future.clear()
        elif "undid" in line:
            self.future.append(self.past.pop())
        elif "redid" in line:
            self.past.append(self.future.pop())


def _plain(done: Done) -> dict[str, Any]:
    return {"edit": asdict(done.edit) | {"place": list(done.edit.place)}, "before": done.before, "after": done.after}


def _done(plain: dict[str, Any]) -> Done:
    edit = plain["edit"]
    return Done(Edit(**{**edit, "place": Place(*edit["place"])}), plain["before"], plain["after"])
