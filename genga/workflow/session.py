"""What the workflow does around its jobs: hand records to Snakemake before it looks, write them down when it is done.

`read` when the Snakefile is read, before the graph is built; `start` when jobs begin; `finish` when they ended, then
`describe`. Between `start` and the end the folder is held by a lock of the operating system, which goes with the
process, however that ends; in place of Snakemake's own (`nolock` in profiles/default), which a killed run leaves.
"""

import fcntl
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn

from genga.errors import GengaError
from genga.stages import STAGES
from genga.store.files import read_notes, write_json, write_text
from genga.store.hash_cache import Stamps, stamp_of
from genga.store.sweeping import check_writable, sweep
from genga.tables.places import CODE
from genga.tables.places import FOLDER as DATA
from genga.workflow import dvc_lock
from genga.workflow.bucket_records import at_home, here, is_carried
from genga.workflow.code_hash import CodeIndex, key_of
from genga.workflow.noted import Noted
from genga.workflow.record_jobs import gather, versions
from genga.workflow.records import RECORDS_FILE, Record, Records, read_records, write_records
from genga.workflow.restore import Lost, digest_of, lost, read_state, restore, settle, unmark, write_state
from genga.workflow.snakemake_metadata import Store

SNAKEMAKE, FOLDER = Path(".snakemake"), Path(".snakemake/genga")
_STATE, _STAMPS = FOLDER / "restored.json", FOLDER / "stamps.json"
_HELD, _WORKING = FOLDER / "held", FOLDER / "working"  # locked while jobs run; there from start to finish
_CODE = FOLDER / "code"  # a file for every version of a stage's code
_MADE = (DATA, "models", "reports", "corrections", ".cache", FOLDER)  # where is written; links are not followed
_PATIENCE = 2.0  # s to wait for the folder: the jobs of a killed run end with it, but not before it
_AWAITED = FOLDER / "awaited.json"  # what was made in a bucket and is not on record here
# The runs and merges that have card and audit here; files of what a command takes, where that is too long for its line.
_PAPERS, _LISTS = FOLDER / "papers.json", FOLDER / "lists"

# Writes card and audit of each run and merge that jobs are behind, or of all for None; yields which.
Papers = Callable[[Records, Stamps, list[Record] | None], Iterable[str]]


class Journal:
    """The records of the project in this folder."""

    def __init__(self, root: str | Path, write_papers: Papers | None = None) -> None:
        """root: where the workflow's code is, mostly the same folder. write_papers: writes card and audit of runs."""
        self._root = Path(root)
        self._write_papers = write_papers
        self._index = CodeIndex(root, FOLDER / "parsed.json")
        self._lock: IO[str] | None = None
        self._seen: str | None = digest_of(RECORDS_FILE)  # when it was read; None: another run was at work
        self.lost = Lost()  # as of `read`

    def code(self, stage: str, *also: str) -> str:
        """Return the key of the code of a stage, and remember which files it is.

        also: files that it imports by a computed name, as the family of its base; they count with all they import.
        """
        hashes = self._index.hashes(f"scripts/{stage}.py", *also)
        self._index.save()
        key = key_of(hashes)
        if read_notes(path := _CODE / f"{key}.json") != hashes:
            write_text(path, json.dumps(hashes))
        return key

    def code_at(self, module: str) -> str:  # the key of the code of a module that is run by itself
        return key_of(self._index.hashes(module))

    def families(self, stage: str) -> list[str]:
        """Return the file of every family of bases if a stage finds one by its name, else none."""
        return self._index.families(f"scripts/{stage}.py")

    def listed(self, names: Any) -> str:
        """Return the path of a file with the names, a JSON list or whatever else: equal names, equal path."""
        path, text = _LISTS / f"{key_of({'names': json.dumps(names)})}.json", json.dumps(names, ensure_ascii=False)
        if not path.is_file() or path.read_bytes() != text.encode():
            write_text(path, text)
        return path.as_posix()

    def read(self) -> list[str]:
        """Let Snakemake know what records.jsonl says of the files here; return those that are not what it says, sorted.

        Does nothing while another run is at work here: its jobs are half done. Finishes for a run that was killed.
        Raises GengaError if the folder cannot be written to, or the disk is full.
        """
        check_writable(["."])
        FOLDER.mkdir(parents=True, exist_ok=True)
        if not _free():
            self._seen = None
            return []
        killed = _WORKING.exists()
        if any(stamp_of(path) is not None for path in _awaited()):
            self.describe(self.finish())
            write_json(_AWAITED, {"awaited": sorted(_awaited() - read_records(RECORDS_FILE).maker.keys())})
        if killed or not Path(RECORDS_FILE).exists():  # of a killed run, or from before there were records
            made = self.finish()
            if killed:  # perhaps at its very end: then nothing is left to be done that would write it
                self.write_code()
            self.describe(made, all_runs=True)
        elif without := self._without_papers():
            self.describe(without)
        dvc_lock.catch_up()
        self._seen, state = digest_of(RECORDS_FILE), read_state(_STATE)
        digest, store = self._seen, Store(SNAKEMAKE)
        marked = store.incomplete()
        if state.holds(digest) and not marked:
            self.lost = lost(read_records(RECORDS_FILE), state.gone) if state.gone else Lost()
            return []
        records, stamps = read_records(RECORDS_FILE), Stamps(_STAMPS)
        unmark(marked, records, store, stamps)
        state, odd = restore(records, digest, state, store, stamps)
        stamps.save()
        write_state(_STATE, state)
        self.lost = lost(records, state.gone)
        return odd

    def _without_papers(self) -> list[Record]:
        """The training of each run, and the merge, whose card or audit was here and is gone."""
        gone = [name for name in read_notes(_PAPERS).get("runs", ()) if not all(map(os.path.isfile, _papers(name)))]
        made = read_records(RECORDS_FILE).maker if gone else {}
        return [
            made[path]
            for name in gone
            for path in (f"models/{name}/checkpoints.json", f"models/{name}/{name}.safetensors")
            if Path(path).is_file() and path in made
        ]

    def expect(self, places: Sequence[str], models: Mapping[str, Sequence[str]]) -> None:
        """Note what was made in a bucket: its files, once they are brought here, count as made (bucket_records)."""
        store, awaited = Store(SNAKEMAKE), []
        for output in list(store.outputs()):
            path = here(output, places)
            if path == output or is_carried(path) or (found := store.read(output)) is None:
                continue
            store.write(path, at_home(found, places, models))
            awaited.append(path)
        write_json(_AWAITED, {"awaited": sorted(awaited)})

    def start(self) -> None:
        """Hold the folder until this process ends. Raises GengaError if another run holds it, or did since `read`."""
        from genga.jobs.script import HELD, RUN, who  # brings typer: not for whoever only looks

        self._lock = open(_HELD, "a+", encoding="utf-8")  # noqa: SIM115 (held until the process ends)
        patient = time.monotonic() + _PATIENCE
        while not _locked(self._lock, fcntl.LOCK_EX):
            if time.monotonic() > patient:
                raise GengaError(f"{Path.cwd()}: {_who()} is at work here; wait for its end, or use a clone")
            time.sleep(0.1)
        if self._seen != digest_of(RECORDS_FILE):
            raise GengaError(f"{Path.cwd()}: {_who()} was at work here until now; run again")
        os.environ.update({HELD: str(_HELD.absolute()), RUN: who()})
        self._lock.truncate(0)
        self._lock.write(f"{who()}, since {time.strftime('%H:%M')}")
        self._lock.flush()
        _WORKING.touch()

    def finish(self, noted: Mapping[str, Noted] = {}) -> list[Record]:
        """Write the jobs that were finished into records.jsonl, and return them; take away what killed ones began."""
        sweep(_MADE)
        sweep(["."], deep=False)  # records.jsonl, models.yaml and the like
        records, stamps = read_records(RECORDS_FILE), Stamps(_STAMPS)
        code = {path.stem: hashes for path in _CODE.glob("*.json") if (hashes := read_notes(path))}
        made = gather(records, Store(SNAKEMAKE), stamps, code, versions(self._root / "pyproject.toml"), noted)
        if made:
            dvc_lock.note(path for job in made for path in job.outputs)
            write_records(records, RECORDS_FILE)
            stamps.save()
            write_state(_STATE, settle(records, digest_of(RECORDS_FILE), read_state(_STATE), made))
        return made

    def describe(self, made: list[Record], all_runs: bool = False) -> None:
        """Write card and audit of each run and merge that `made` is behind, or of all: last of all that is done."""
        if self._write_papers and (made or all_runs) and any(Path("models").glob("*/*")):
            stamps, described = Stamps(_STAMPS), set(read_notes(_PAPERS).get("runs", ()))
            for run in self._write_papers(read_records(RECORDS_FILE), stamps, None if all_runs else made):
                print(f"card and audit of {run}: {', '.join(_papers(run))}", file=sys.stderr)
                described.add(run)
            stamps.save()
            write_json(_PAPERS, {"runs": sorted(described)})
        _WORKING.unlink(missing_ok=True)  # nothing is left to be done after the jobs

    def write_code(self) -> None:
        """Write data/code.json as dvc.yaml's step `code` does, so that `dvc commit` finds it up to date.

        Of stages that find a family by its name every family counts: a phase may have runs of several.
        """
        write_json(CODE, {stage: self.code(stage, *self.families(stage)) for stage in STAGES})


def ended(error: GengaError) -> NoReturn:
    """End the process with the one line that the person needs who has to act on it."""
    print(f"error: {error}", file=sys.stderr)
    raise SystemExit(1)


@contextmanager
def between_runs(root: Path, writing: bool = True) -> Iterator[str]:
    """Say who is at work in a project, "" for nobody; then no run begins there while the block lasts, if `writing`."""
    if not writing and not (root / _HELD).is_file():
        return (yield "")
    held = root / _HELD
    held.parent.mkdir(parents=True, exist_ok=True)
    with open(held, "a+" if writing else "r", encoding="utf-8") as file:
        free = _locked(file, fcntl.LOCK_SH)
        yield "" if free else held.read_text(encoding="utf-8") or "another run"


def _papers(run: str) -> list[str]:
    """Card and audit of a run or merge."""
    return [f"models/{run}/README.md", f"reports/{run}/audit.html"]


def _awaited() -> set[str]:
    """What was made in a bucket and is not on record here."""
    return set(read_notes(_AWAITED).get("awaited", ()))


def _free() -> bool:
    """Whether no run of this workflow is at work in this folder."""
    with open(_HELD, "a+", encoding="utf-8") as file:
        return _locked(file, fcntl.LOCK_SH)


def _locked(file: IO[str], how: int) -> bool:
    """Lock a file unless another process has; return whether it is locked."""
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _who() -> str:
    return _HELD.read_text(encoding="utf-8") or "another run"
