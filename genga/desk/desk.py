"""The desk itself: what there is to look at, and the one way by which what a person says gets under corrections/.

Tables are written whole or not at all, by genga.decisions.writer, one edit after another. While a run of the workflow
is at work nothing is written that it may be reading: what is said then waits, on disk, and is written when it ended.
"""

import fcntl
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from genga.decisions.csv import content_of
from genga.decisions.folder import in_one_form, tables
from genga.desk.edits import Done, Edit, Place, Refused, again, carried_out, inverse
from genga.desk.index import Index
from genga.desk.journal import Journal
from genga.desk.overlay import Overlay
from genga.desk.where import with_places
from genga.errors import GengaError
from genga.store.files import replacing, write_json
from genga.workflow.session import between_runs

FOLDER = Path(".cache/desk")  # below the project's: journal, what waits, small pictures; may be deleted


class Outcome(NamedTuple):
    """What became of what a person said."""

    done: int  # lines that say something else now
    refused: list[str]  # in words
    waits: str = ""  # for which run; "": it was written
    revision: int = 0  # that the page has seen now; 0: others changed something that it has not


@dataclass
class Desk:
    root: Path
    who: str  # whom new lines name
    read_only: bool = False
    index: Index = field(init=False)
    overlay: Overlay = field(init=False)
    journal: Journal = field(init=False)
    told: list[str] = field(default_factory=list)  # what happened beside what anybody did
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.index, self.overlay = Index(self.root), Overlay(self.root)
        self.journal = Journal(self.root / FOLDER / "journal.jsonl")

    def say(self, what: str, edits: Sequence[Edit], revision: int) -> Outcome:
        """Carry edits out, and remember them for undo. Raises GengaError if nothing can be written.

        what: in words. revision: of the page that says so; see genga.desk.overlay.
        """
        self.check_writing()
        with self._lock:
            seen, unseen = self._seen(edits, revision)
            placed = with_places(self.root, seen, self.index.episodes())
            with self._alone() as at_work:
                if at_work:
                    self._wait_with(what, placed)
                    return Outcome(0, unseen, at_work)
                done, refused = self._write(placed)
                if done:
                    self.journal.add(what, done)
            return Outcome(len(done), [*unseen, *(one.why for one in refused)], revision=self._at(revision, done))

    def _at(self, revision: int, done: Sequence[Done]) -> int:
        """Return which revision a page has seen that knows of what was done; 0 if there is more that it does not."""
        self.overlay.look()
        unknown = self.overlay.since(revision) - self.overlay.keys(one.edit for one in done)
        return 0 if unknown else self.overlay.revision

    def _seen(self, edits: Sequence[Edit], revision: int) -> tuple[list[Edit], list[str]]:
        """The edits with what their page had, and why others are refused."""
        seen, unseen = [], []
        for edit in edits:
            try:
                seen.append(replace(edit, saw=self.overlay.saw(edit, revision)))
            except GengaError as error:
                unseen.append(str(error))
        return seen, unseen

    def undo(self, revision: int = 0) -> tuple[str, Outcome]:
        """Take back what was done last; return what that was."""
        return self._step(lambda: self.journal.past, inverse, self.journal.undone, "undone", revision)

    def redo(self, revision: int = 0) -> tuple[str, Outcome]:
        """Do again what was taken back last; return what that was."""
        return self._step(lambda: self.journal.future, again, self.journal.redone, "done again", revision)

    def _step(
        self,
        entries: Callable[[], list],
        turn: Callable[[Done], Edit],
        note: Callable[[], None],
        word: str,
        revision: int,
    ) -> tuple[str, Outcome]:
        self.check_writing()
        with self._lock, self._alone() as at_work:
            if not entries():
                raise GengaError(f"there is nothing to be {word}")
            if at_work:
                raise GengaError(f"{at_work} is at work in this project; wait for its end, then it can be {word}")
            entry = entries()[-1]
            done, refused = self._write([turn(one) for one in (entry.done if turn is again else reversed(entry.done))])
            note()
            why = [one.why for one in refused]
            return entry.what, Outcome(len(done), why, revision=self._at(revision, done))

    @property
    def waiting(self) -> int:
        """How many edits wait for the end of a run."""
        return sum(len(edits) for _, edits in self._kept())

    def catch_up(self) -> Outcome | None:
        """Write what has waited, if no run is at work any more; None if there was nothing, or one is."""
        with self._lock:
            if not (kept := self._kept()) or self.read_only:
                return None
            with self._alone() as at_work:
                if at_work:
                    return None
                found = 0
                refusals: list[str] = []
                for what, edits in kept:
                    done, refused = self._write(edits)
                    if done:
                        self.journal.add(what, done)
                    found, refusals = found + len(done), refusals + [one.why for one in refused]
                self._waits.unlink(missing_ok=True)
                return Outcome(found, refusals)

    def refresh(self) -> None:
        """Put what people decided over what is read; a change is another generation."""
        with self._lock:
            if self.overlay.lay(list(self.index.pieces.values())):
                self.index.generation += 1

    def _write(self, edits: Sequence[Edit]) -> tuple[list[Done], list[Refused]]:
        """Write each table that edits are about; one that cannot be read refuses its own edits alone."""
        by_place: dict[Place, list[Edit]] = {}
        for edit in edits:
            by_place.setdefault(edit.place, []).append(edit)
        done: list[Done] = []
        refused: list[Refused] = []
        there = tables(self.root)
        for place, own in by_place.items():
            path = self.root / there.get(in_one_form(place.path), place.path)
            before = content_of(path) if path.exists() else None
            try:
                after, well, ill = carried_out(before, place, own, self.who)
            except GengaError as error:
                refused += [Refused(edit, str(error)) for edit in own[:1]]
                continue
            if after is not None and after != before:
                with replacing(path) as temporary:
                    temporary.write_bytes(after)
            done, refused = done + well, refused + ill
        return done, refused

    @contextmanager
    def _alone(self) -> Iterator[str]:
        """Keep other desks and new runs out while a table is written; say which run is at work, "" for none."""
        held = self.root / FOLDER / "writing"
        held.parent.mkdir(parents=True, exist_ok=True)
        with open(held, "a", encoding="utf-8") as file, between_runs(self.root) as at_work:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield at_work

    def check_writing(self) -> None:
        """Raise GengaError if this desk changes nothing."""
        if self.read_only:
            raise GengaError("this desk is read-only; start genga review without --read-only to change anything")

    @property
    def _waits(self) -> Path:
        return self.root / FOLDER / "waiting.json"

    def _wait_with(self, what: str, edits: Sequence[Edit]) -> None:
        plain = [[one, [asdict(edit) | {"place": list(edit.place)} for edit in own]] for one, own in self._kept()]
        new = [what, [asdict(edit) | {"place": list(edit.place)} for edit in edits]]
        write_json(self._waits, [*plain, new])

    def _kept(self) -> list[tuple[str, list[Edit]]]:
        if not self._waits.is_file():
            return []
        kept = json.loads(self._waits.read_text(encoding="utf-8"))
        return [(what, [Edit(**{**one, "place": Place(*one["place"])}) for one in edits]) for what, edits in kept]
