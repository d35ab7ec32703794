"""From the lines of records.jsonl back to Snakemake's records, wherever files here have the content on record.

Snakemake finds a job stale if parameters, command or set of inputs are not those on its record, or an input is newer
and of other content. After a clone or a pull it has no records, and times mean nothing; so each line is held against
the files, by content, and what holds is handed to Snakemake as its own record. Where a file here is not what the line
says, Snakemake gets a record that names it, and makes the job's outputs again. A file that is not here says nothing,
since whoever pulls a part has no others; but one that was here when somebody last looked is lost (`State.gone`).
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genga.store.files import read_notes, sha256_of, write_text
from genga.store.hash_cache import Stamp, Stamps, stamp_of
from genga.tables.places import RAW
from genga.workflow.records import Record, Records, line_of
from genga.workflow.snakemake_metadata import CONTENT_ALONE, Store, snakemake_record

# Larger outputs (shards, checkpoints) that were never read here are known by their size: their tables hold the sha256
# of every image, which is read with it, and DVC has checked what it pulled. Videos are read whole.
LARGE = 64 << 20  # bytes
_CHECKPOINT = re.compile(r"models/[^/]+/checkpoints/.+", re.DOTALL)


@dataclass
class State:
    """What the last restore saw: while that is so, there is nothing to do."""

    records: str  # sha256 of records.jsonl
    stamps: dict[str, Stamp | None]  # of every file that a line speaks of and that could make a job stale
    jobs: dict[str, str]  # what was handed to Snakemake of each job, by Record.key: a hash
    gone: dict[str, Stamp] = field(default_factory=dict)  # outputs that were here and are not: what they were

    def holds(self, records: str) -> bool:
        return self.records == records and all(stamp_of(path) == stamp for path, stamp in self.stamps.items())


def read_state(path: str | Path) -> State:
    """Return the state that was saved; an empty one if there is none, or none that can be read."""
    try:
        found = read_notes(path)
        stamps = {name: None if stamp is None else _stamp(stamp) for name, stamp in found["stamps"].items()}
        gone = {name: _stamp(stamp) for name, stamp in found["gone"].items()}
        return State(found["records"], stamps, dict(found["jobs"]), gone)
    except (ValueError, KeyError, TypeError, AttributeError):
        return State("", {}, {})


def _stamp(of: list[int]) -> Stamp:
    size, mtime, ctime = of
    return size, mtime, ctime


def write_state(path: str | Path, state: State) -> None:
    write_text(path, json.dumps(vars(state)), lasting=False)


def digest_of(path: str | Path) -> str:
    """Return the sha256 of records.jsonl's bytes, "" if there is none."""
    return sha256_of(path) if Path(path).is_file() else ""


def restore(records: Records, digest: str, before: State, store: Store, stamps: Stamps) -> tuple[State, list[str]]:
    """Hand every line to Snakemake; return the state, and the files that are not what their line says, sorted.

    A file's line is that of the job that made it, a video's that of probe: where only a reader's line names another
    content, that job is stale, and the file is in order.
    digest: of the records' file. before: the last state; a job that is as it was then is not written again.
    """
    watched, handed, odd = _watched(records), {}, set[str]()
    own = {path: job for job in records.jobs.values() if job.rule == "probe" for path in job.inputs} | records.maker
    stamps.read({path for key, job in records.jobs.items() for path in watched[key] if _is_read(path, job, stamps)})
    for key, job in records.jobs.items():
        changed = [path for path in watched[key] if not _is(path, job, stamps)]
        odd.update(path for path in changed if not _is(path, own.get(path, job), stamps))
        handed[key] = _hash(line_of(job), records.shell.get(job.shell), changed)
        here = {path: stamp for path in declared(job) if (stamp := stamp_of(path) or _was(path, before)) is not None}
        known = before.jobs.get(key) == handed[key] and all(_was(path, before) for path in here)
        if known:
            continue
        for path, stamp in here.items():
            store.write(path, snakemake_record(job, records, stamp[1] / 1e9, changed))
        if not here and any(stamp_of(path) is not None for path in watched[key]):
            # Never pulled, what it is made of was: by times alone Snakemake would find it stale, and all that follows.
            for path in declared(job):
                store.write(path, {**snakemake_record(job, records, 0.0), "record_format_version": CONTENT_ALONE})
    return _state(records, digest, before, watched, handed), sorted(odd)


def settle(records: Records, digest: str, before: State, made: list[Record]) -> State:
    """Return the state after a run whose jobs `made` wrote Snakemake's records themselves."""
    watched = _watched(records)
    handed = {key: before.jobs[key] for key in records.jobs.keys() & before.jobs.keys()}
    handed |= {job.key: _hash(line_of(job), records.shell.get(job.shell), []) for job in made}
    return _state(records, digest, before, watched, handed)


def declared(job: Record) -> list[str]:
    """Return the outputs that the job's rule names: all but checkpoints, which its list of them names."""
    return [path for path in job.outputs if not _CHECKPOINT.fullmatch(path)]


def unmark(marked: Iterable[str], records: Records, store: Store, stamps: Stamps) -> None:
    """Take Snakemake's mark of what is half made off outputs that are, with all others of their job, as on record.

    A job that ended before it put anything in their place, as training that was interrupted, has harmed nothing.
    """
    of = {path: job for path in marked if (job := records.maker.get(path)) is not None}
    whole = {job.key: all(_is_still(path, job, stamps) for path in job.outputs) for job in of.values()}
    for path in (path for path, job in of.items() if whole[job.key]):
        store.unmark(path)


def _is_still(path: str, job: Record, stamps: Stamps) -> bool:
    """Whether an output is here and as on record, however large it is."""
    stamp, output = stamp_of(path), job.outputs[path]
    return stamp is not None and stamp[0] == output.size and stamps.sha256(path) == output.sha256


@dataclass(frozen=True)
class Lost:
    """Outputs that were here, are gone, and are on record."""

    again: frozenset[str] = frozenset()  # that can be made again
    away: dict[str, tuple[Record, str]] = field(default_factory=dict)  # that cannot: their job, its input that lacks
    beside: dict[str, frozenset[str]] = field(default_factory=dict)  # of `again`, by each output of their jobs


def lost(records: Records, gone: Mapping[str, Stamp]) -> Lost:
    """Return what becomes of the files that are gone."""
    lacks: dict[str, str | None] = {}

    def lacking(path: str) -> str | None:
        """An input of the file's job that is neither here nor can be made again."""
        if path not in lacks:
            lacks[path] = None
            needed = [name for name in records.maker[path].inputs if name in records.maker or name.startswith(RAW)]
            absent = (name for name in needed if stamp_of(name) is None)
            lacks[path] = next((name for name in absent if name not in gone or lacking(name) is not None), None)
        return lacks[path]

    of = {path: lacking(path) for path in sorted(gone) if path in records.maker}
    again = frozenset(path for path, without in of.items() if without is None)
    jobs = {job.key: job for job in (records.maker[path] for path in again)}.values()
    beside = {path: again & job.outputs.keys() for job in jobs for path in declared(job)}
    away = {path: (records.maker[path], without) for path, without in of.items() if without is not None}
    return Lost(again, away, beside)


def _state(
    records: Records, digest: str, before: State, watched: Mapping[str, list[str]], handed: dict[str, str]
) -> State:
    """The state as files are now."""
    now = {path: stamp_of(path) for path in sorted({path for paths in watched.values() for path in paths})}
    missing = (path for path, stamp in now.items() if stamp is None and path in records.maker)
    return State(digest, now, handed, {path: was for path in missing if (was := _was(path, before)) is not None})


def _was(path: str, before: State) -> Stamp | None:
    """What a file was when it was last seen here."""
    return before.stamps.get(path) or before.gone.get(path)


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
    return output is None or (stamp[0] == output.size and (stamp[0] <= LARGE or stamps.last(path) is not None))


def _is(path: str, job: Record, stamps: Stamps) -> bool:
    """Whether a file has the content on record. One that is not here, or was never read, says nothing against it."""
    if _is_read(path, job, stamps):
        return stamps.sha256(path) == _expected(job, path)
    stamp, output = stamp_of(path), job.outputs.get(path)
    return stamp is None or output is None or stamp[0] == output.size


def _hash(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
