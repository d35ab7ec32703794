"""What the workflow does around its jobs: hand records to Snakemake before it looks, write them down when it is done.

`read` when the Snakefile is read, before the graph is built; `start` when jobs begin; `finish` when they ended, well
or badly. Between `start` and `finish` the folder is held by a lock of the operating system, which goes when the process
does, however it ends: so a lock that Snakemake left behind can be told from a run that is at work.
"""

import fcntl
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import IO

from genga.code import CodeIndex, key_of
from genga.errors import GengaError
from genga.files import write_json, write_text
from genga.gather import gather, versions
from genga.records import RECORDS_FILE, read_records, write_records
from genga.restore import digest_of, read_state, restore, settle, write_state
from genga.snakestore import Store
from genga.stages import STAGES
from genga.stamps import Stamps

SNAKEMAKE = Path(".snakemake")
FOLDER = SNAKEMAKE / "genga"
_STATE, _STAMPS = FOLDER / "restored.json", FOLDER / "stamps.json"
_HELD, _WORKING = FOLDER / "held", FOLDER / "working"  # locked while jobs run; there from start to finish
_CODE = FOLDER / "code"  # a file for every version of a stage's code
FRESH = 5.0  # s: a lock of Snakemake's as young as that may be of a run that is just starting


class Journal:
    """The records of the project in this folder. root: where the workflow's code is, mostly the same folder."""

    def __init__(self, root: str | Path) -> None:
        self._root = Path(root)
        self._index = CodeIndex(root, FOLDER / "parsed.json")
        self._lock: IO[str] | None = None
        FOLDER.mkdir(parents=True, exist_ok=True)

    def code(self, stage: str) -> str:
        """Return the key of the code of a stage, and remember which files it is."""
        hashes = self._index.hashes(f"scripts/{stage}.py")
        self._index.save()
        key = key_of(hashes)
        if not (path := _CODE / f"{key}.json").is_file():
            write_text(path, json.dumps(hashes))
        return key

    def read(self) -> list[str]:
        """Let Snakemake know what records.jsonl says of the files here; return those that are not what it says, sorted.

        Does nothing while another run is at work here: its jobs are half done. Clears the lock of a killed run.
        """
        if not _free():
            return []
        _clear_lock()
        if _WORKING.exists() or not Path(RECORDS_FILE).exists():
            self.finish()  # of a run that was killed, or from before there were records
        digest, state = digest_of(RECORDS_FILE), read_state(_STATE)
        if state.holds(digest):
            return []
        stamps = Stamps(_STAMPS)
        state, odd = restore(read_records(RECORDS_FILE), digest, state, Store(SNAKEMAKE), stamps)
        stamps.save()
        write_state(_STATE, state)
        return odd

    def start(self) -> None:
        """Hold the folder until this process ends. Raises GengaError if another run holds it."""
        self._lock = open(_HELD, "a+", encoding="utf-8")  # noqa: SIM115 (held until the process ends)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GengaError(f"{Path.cwd()}: {_who()} is at work here; wait for its end, or use a clone") from None
        self._lock.truncate(0)
        self._lock.write(f"process {os.getpid()} on {os.uname().nodename}, since {time.strftime('%H:%M')}")
        self._lock.flush()
        _WORKING.touch()

    def finish(self) -> None:
        """Write the jobs that were finished into records.jsonl."""
        records, stamps = read_records(RECORDS_FILE), Stamps(_STAMPS)
        code = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in _CODE.glob("*.json")}
        made = gather(records, Store(SNAKEMAKE), stamps, code, versions(self._root / "envs/requirements.in"))
        if made:
            write_records(records, RECORDS_FILE)
            stamps.save()
            write_state(_STATE, settle(records, digest_of(RECORDS_FILE), read_state(_STATE), made))
        _WORKING.unlink(missing_ok=True)

    def write_code(self) -> None:
        """Write data/code.json as dvc.yaml's step `code` does, so that `dvc commit` finds it up to date."""
        write_json("data/code.json", {stage: self.code(stage) for stage in STAGES})


def _free() -> bool:
    """Whether no run of this workflow is at work in this folder."""
    with open(_HELD, "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _who() -> str:
    return _HELD.read_text(encoding="utf-8") or "another run"


def _clear_lock() -> None:
    """Remove what a killed Snakemake left locked, if it was of this machine: nobody holds the folder any more."""
    locks = list((SNAKEMAKE / "locks").glob("*.lock"))
    ours = f" on {os.uname().nodename}," in _HELD.read_text(encoding="utf-8")
    if locks and ours and all(time.time() - lock.stat().st_mtime > FRESH for lock in locks):
        shutil.rmtree(SNAKEMAKE / "locks")
        print("note: the last run was killed; what it had not finished is made again", file=sys.stderr)
