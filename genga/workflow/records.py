"""How every file was made: records.jsonl, one line for each job of the workflow, kept in git beside dvc.lock.

The format is described in docs/records.md. A line is made from Snakemake's own record of the job, to which the sha256
of what it wrote is added; genga.workflow.restore turns lines back into Snakemake's records where the files have that
content. Equal jobs give equal lines: no times, no names of machines or users, no absolute paths.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from genga.errors import GengaError
from genga.store.files import write_text

RECORDS_FILE = "records.jsonl"
SHARED = ("code", "shell", "software")  # what many jobs have in common stands on a line of its own


@dataclass(frozen=True)
class Output:
    sha256: str  # of the file's bytes, 64 hex digits
    size: int  # bytes


@dataclass(frozen=True)
class Record:
    """One finished job."""

    rule: str
    wildcards: Mapping[str, str]  # series and episode, series, or run
    outputs: Mapping[str, Output]  # by path relative to the project; tables and shards alike
    inputs: Mapping[str, str | None]  # sha256 by path: tables, videos, corrections, model files; None: not known
    params: Mapping[str, Any]  # by name, as they were: sections of params.yaml, and pins of models
    code: str  # key in Records.code
    shell: str  # key in Records.shell
    software: str  # key in Records.software

    @property
    def key(self) -> str:
        """The first of its outputs by name: what a line is sorted by and called."""
        return min(self.outputs)


@dataclass(frozen=True)
class Records:
    jobs: dict[str, Record] = field(default_factory=dict)  # by Record.key
    code: dict[str, dict[str, str]] = field(
        default_factory=dict
    )  # key -> file -> hash of what it does (genga.workflow.code_hash)
    shell: dict[str, str] = field(default_factory=dict)  # key -> command of the rule, before its values are put in
    software: dict[str, dict[str, str]] = field(default_factory=dict)  # key -> package -> version, python among them

    @cached_property
    def maker(self) -> dict[str, Record]:
        """The job that wrote a file, by the file's path."""
        return {path: job for job in self.jobs.values() for path in job.outputs}


def read_records(path: str | Path = RECORDS_FILE) -> Records:
    """Return what the file says; nothing if there is no such file. Raises GengaError naming file and line."""
    records, path = Records(), Path(path)
    if not path.is_file():
        return records
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            _take(records, json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise GengaError(
                f"{path}:{number}: is not a record ({error!r}); `git checkout {path}`, or settle the merge there"
            ) from error
    return records


def write_records(records: Records, path: str | Path = RECORDS_FILE) -> bool:
    """Write every job and what the jobs refer to, sorted; return whether the file's bytes changed."""
    path = Path(path)
    text = "".join(f"{line}\n" for line in sorted(_lines(records)))
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    write_text(path, text)
    return True


def line_of(record: Record) -> str:
    """Return the job's line, without its end."""
    value = {
        "job": record.key,
        "code": record.code,
        "inputs": dict(sorted(record.inputs.items())),
        "outputs": {path: {"sha256": of.sha256, "size": of.size} for path, of in sorted(record.outputs.items())},
        "params": dict(sorted(record.params.items())),
        "rule": record.rule,
        "shell": record.shell,
        "software": record.software,
        "wildcards": dict(sorted(record.wildcards.items())),
    }
    return compact(value)


def compact(value: Any) -> str:
    """Return JSON on one line; keys in the order they have."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _lines(records: Records) -> Iterator[str]:
    yield from map(line_of, records.jobs.values())
    for kind in SHARED:
        known = getattr(records, kind)
        for key in sorted(_used(records.jobs.values(), kind) & known.keys()):
            value = known[key]
            yield compact({kind: key, "is": dict(sorted(value.items())) if isinstance(value, dict) else value})


def _used(jobs: Iterable[Record], kind: str) -> set[str]:
    return {getattr(job, kind) for job in jobs}


def _take(records: Records, line: dict[str, Any]) -> None:
    """Put one parsed line in its place."""
    for kind in SHARED:
        if kind in line and "is" in line:
            getattr(records, kind)[line[kind]] = line["is"]
            return
    outputs = {path: Output(of["sha256"], of["size"]) for path, of in line["outputs"].items()}
    rest = {name: line[name] for name in ("rule", "wildcards", "inputs", "params", *SHARED)}
    records.jobs[line["job"]] = Record(outputs=outputs, **rest)
