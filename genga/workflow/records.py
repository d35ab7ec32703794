"""How every file was made: records.jsonl, one line for each job of the workflow, kept in git beside dvc.lock.

The format is described in docs/records.md. A line is made from Snakemake's own record of the job, to which the sha256
of what it wrote is added; genga.workflow.restore turns lines back into Snakemake's records where the files have that
content. Equal jobs give equal lines: no times, no names of machines or users, no absolute paths.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
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
    wildcards: Mapping[str, str]  # series and episode, series, run or merge
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
    path = Path(path)
    return parse_records(path.read_bytes(), str(path)) if path.is_file() else Records()


def parse_records(content: bytes, name: str = RECORDS_FILE) -> Records:
    """Return what the bytes of such a file say. Raises GengaError naming file and line.

    A line ends at its line feed and nowhere else: a text in it may hold U+2028, U+2029 and U+0085.
    """
    records = Records()
    for number, line in enumerate(content.removesuffix(b"\n").split(b"\n") if content else (), 1):
        try:
            _take(records, json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise GengaError(
                f"{name}:{number}: is not a record ({error!r}); `git checkout {name}`, or settle the merge there"
            ) from error
    return records


def write_records(records: Records, path: str | Path = RECORDS_FILE) -> bool:
    """Write every job and what the jobs refer to, sorted; return whether the file's bytes changed."""
    path = Path(path)
    text = "".join(f"{line}\n" for line in lines_of(records))
    if path.is_file() and path.read_bytes() == text.encode():
        return False
    write_text(path, text)
    return True


def lines_of(records: Records) -> list[str]:
    """Return a line for every job and for what the jobs refer to, sorted, without their ends."""
    return sorted(_lines(records))


def only(records: Records, jobs: Iterable[Record]) -> Records:
    """Return the records of these jobs alone."""
    return replace(records, jobs={job.key: job for job in jobs})


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
            value = line["is"]
            _expect(isinstance(value, str) if kind == "shell" else _is_of_texts(value), kind)
            getattr(records, kind)[line[kind]] = value
            return
    outputs = {path: Output(of["sha256"], of["size"]) for path, of in line["outputs"].items()}
    rest = {name: line[name] for name in ("rule", "wildcards", "inputs", "params", *SHARED)}
    made = Record(outputs=outputs, **rest)
    known = {path: sha256 for path, sha256 in made.inputs.items() if sha256 is not None}
    _expect(_is_of_texts({"": made.rule, **{kind: rest[kind] for kind in SHARED}}), "rule, code, shell or software")
    _expect(_is_of_texts(made.wildcards) and isinstance(made.params, dict), "wildcards or params")
    _expect(_is_of_texts(known), "inputs")
    _expect(_is_of_texts({path: of.sha256 for path, of in outputs.items()}), "outputs")
    _expect(all(isinstance(of.size, int) for of in outputs.values()) and line["job"] == min(outputs), "job")
    records.jobs[made.key] = made


def _expect(right: bool, what: str) -> None:
    if not right:
        raise ValueError(what)


def _is_of_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
