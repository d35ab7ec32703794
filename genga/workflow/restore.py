"""From the lines of records.jsonl back to Snakemake's records, wherever files here have the content on record.

Snakemake finds a job stale if parameters, command or set of inputs are not those on its record, or an input is newer
and of other content. After a clone or a pull it has no records, and times mean nothing; so each line is held against
the files, by content, and what holds is handed to Snakemake as its own record. Where a file here is not what the line
says, Snakemake gets a record that names it, and makes the job's outputs again.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genga.store.files import write_text
from genga.store.hash_cache import Stamp, Stamps, stamp_of
from genga.tables.places import RAW
from genga.workflow.records import Record, Records, line_of
from genga.workflow.snakemake_metadata import Store, snakemake_record

# Larger outputs (shards, checkpoints) are known by their size here: their tables hold the sha256 of every image, which
# is read with it, and DVC has checked what it pulled. Videos are read whole.
LARGE = 64 << 20  # bytes


@dataclass
class State:
    """What the last restore saw: while that is so, there is nothing to do."""

    records: str  # sha256 of records.jsonl
    stamps: dict[str, Stamp | None]  # of every file that a line speaks of and that could make a job stale
    jobs: dict[str, str]  # what was handed to Snakemake of each job, by Record.key: a hash

    def holds(self, records: str) -> bool:
        return self.records == records and all(stamp_of(path) == stamp for path, stamp in self.stamps.items())


def read_state(path: str | Path) -> State:
    """Return the state that was saved; an empty one if there is none."""
    if not Path(path).is_file():
        return State("", {}, {})
    found = json.loads(Path(path).read_text(encoding="utf-8"))
    stamps = {
        name: None if stamp is None else (stamp[0], stamp[1], stamp[2]) for name, stamp in found["stamps"].items()
    }
    return State(found["records"], stamps, found["jobs"])


def write_state(path: str | Path, state: State) -> None:
    write_text(path, json.dumps(vars(state)))


def digest_of(path: str | Path) -> str:
    """Return the sha256 of records.jsonl's bytes, "" if there is none."""
    path = Path(path)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def restore(records: Records, digest: str, before: State, store: Store, stamps: Stamps) -> tuple[State, list[str]]:
    """Hand every line to Snakemake; return the state, and the files that are not what their line says, sorted.

    digest: of the records' file. before: the last state; a job that is as it was then is not written again.
    """
    watched, handed, odd = _watched(records), {}, set()
    stamps.read({path for key, job in records.jobs.items() for path in watched[key] if _is_read(path, job, stamps)})
    for key, job in records.jobs.items():
        changed = [path for path in watched[key] if not _is(path, job, stamps)]
        odd.update(changed)
        handed[key] = _hash(line_of(job), records.shell.get(job.shell), changed)
        here = {path: stamp for path in job.outputs if (stamp := stamp_of(path)) is not None}
        known = before.jobs.get(key) == handed[key] and all(before.stamps.get(path) for path in here)
        if known:
            continue
        for path, stamp in here.items():
            store.write(path, snakemake_record(job, records, stamp[1] / 1e9, changed))
    paths = {path for paths in watched.values() for path in paths}
    return State(digest, {path: stamp_of(path) for path in sorted(paths)}, handed), sorted(odd)


def settle(records: Records, digest: str, before: State, made: list[Record]) -> State:
    """Return the state after a run whose jobs `made` wrote Snakemake's records themselves."""
    watched = _watched(records)
    handed = {key: before.jobs[key] for key in records.jobs.keys() & before.jobs.keys()}
    handed |= {job.key: _hash(line_of(job), records.shell.get(job.shell), []) for job in made}
    paths = {path for paths in watched.values() for path in paths}
    return State(digest, {path: stamp_of(path) for path in sorted(paths)}, handed)


def _watched(records: Records) -> dict[str, list[str]]:
    """By job: its outputs, and those inputs that other jobs or people put under data/ and models/.

    Corrections, code and model files are not among them: their content is in the parameters.
    """
    made = records.maker
    return {
        key: [*job.outputs, *(path for path in job.inputs if path in made or path.startswith(RAW))]
        for key, job in records.jobs.items()
    }


def _expected(job: Record, path: str) -> str | None:
    output = job.outputs.get(path)
    return output.sha256 if output is not None else job.inputs[path]


def _is_read(path: str, job: Record, stamps: Stamps) -> bool:
    """Whether a file's content has to be known: it is here, has a hash and the size on record, and is not too large."""
    stamp, output = stamp_of(path), job.outputs.get(path)
    if stamp is None or _expected(job, path) is None:
        return False
    return output is None or (stamp[0] == output.size and (stamp[0] <= LARGE or stamps.known(path) is not None))


def _is(path: str, job: Record, stamps: Stamps) -> bool:
    """Whether a file has the content on record. One that is not here, or was never read, says nothing against it."""
    if _is_read(path, job, stamps):
        return stamps.sha256(path) == _expected(job, path)
    stamp, output = stamp_of(path), job.outputs.get(path)
    return stamp is None or output is None or stamp[0] == output.size


def _hash(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
