"""Snakemake's own records of this folder: .snakemake/metadata, one JSON file for each output, as of version 9.27."""

import json
import os
import shlex
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from genga.workflow.records import Record, Records, compact

FORMAT = 6  # of Snakemake's records: with an older one it would not compare parameters
CONTENT_ALONE = 1  # so old a format that it compares no more than what inputs contain
NO_ENVIRONMENT = "d41d8cd98f00b204e9800998ecf8427e"  # its hash of no conda environment, container or module


class Store:
    """Reads and writes Snakemake's records under `folder`/metadata, and its marks of what is half made beside them."""

    def __init__(self, folder: str | Path = ".snakemake") -> None:
        self._folder, self._marks = Path(folder) / "metadata", Path(folder) / "incomplete"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._most = os.pathconf(self._folder, "PC_NAME_MAX") - 1  # letters of a file's name

    def outputs(self) -> Iterator[str]:
        """Yield every output there is a record of."""
        return _named_in(self._folder)

    def incomplete(self) -> list[str]:
        """Return every output whose job began and did not end, or ended badly."""
        return list(_named_in(self._marks))

    def unmark(self, output: str) -> None:
        """Let an output count as whole."""
        self._path(output, self._marks).unlink(missing_ok=True)

    def read(self, output: str) -> dict[str, Any] | None:
        """Return the record of an output; None if there is none, or only half of one."""
        try:
            found = json.loads(self._path(output).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def write(self, output: str, record: dict[str, Any]) -> None:
        path = self._path(output)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record), encoding="utf-8")

    def _path(self, output: str, folder: Path | None = None) -> Path:
        """Where Snakemake looks: the output's name in base64, cut where a file system wants shorter names."""
        name = urlsafe_b64encode(output.encode()).decode()
        parts = [name[start : start + self._most] for start in range(0, len(name), self._most)]
        return (folder or self._folder).joinpath(*(f"@{part}" for part in parts[:-1]), parts[-1])


def _named_in(folder: Path) -> Iterator[str]:
    """Yield the outputs after which the files below a folder are called."""
    for parent, _, names in os.walk(folder):
        parts = [part.removeprefix("@") for part in Path(parent).relative_to(folder).parts]
        for name in names:
            try:
                yield urlsafe_b64decode("".join([*parts, name])).decode()
            except ValueError:
                continue  # none of Snakemake's names


def snakemake_record(job: Record, records: Records, written: float, changed: Iterable[str] = ()) -> dict[str, Any]:
    """Return a job's line as Snakemake's record of one of its outputs.

    written: mtime of the output here, s. changed: files that are no longer what the job read or wrote; with any of them
    Snakemake finds that the set of input files has changed, whatever their times, and makes the job's outputs again.
    """
    was = [f"{path} as sha256:{(job.inputs.get(path) or '')[:12]}" for path in changed]
    return {
        "rule": job.rule,
        "input": sorted([*job.inputs, *was]),
        "log": [log_of(job)],
        "shellcmd": None,
        "params": sorted(f"{name}={compact_sorted(value)}" for name, value in job.params.items()),
        "code": records.shell.get(job.shell),
        "record_format_version": FORMAT,
        "conda_env": None,
        "container_img_url": None,
        "software_stack_hash": NO_ENVIRONMENT,
        "job_hash": None,
        "starttime": written,
        "endtime": written if not was else 0.0,
        "incomplete": False,
        "external_jobid": None,
        "input_checksums": {path: f"sha256:{digest}" for path, digest in job.inputs.items() if digest is not None},
    }


def log_of(job: Record) -> str:
    """Return the job's log: logs/<rule>/<its wildcards>.log, which tells whose outputs belong together."""
    names = [job.wildcards[name] for name in ("series", "episode", "run") if name in job.wildcards]
    return f"{'/'.join(['logs', job.rule, *names])}.log"


def compact_sorted(value: Any) -> str:
    """Return JSON on one line with sorted keys: equal values give equal text."""
    return compact(json.loads(json.dumps(value, sort_keys=True)))


def each(option: str, paths: Iterable[str]) -> str:
    """Return `option` once for each path, quoted for the shell: how a command takes many files."""
    return shlex.join(word for path in paths for word in (option, path))


class Named(str):
    """A parameter's text for the command line, which Snakemake writes down under a name: `tag={"threshold":0.5}`.

    Snakemake records repr() of a parameter and not what it is called; with this the record says both.
    """

    said: str

    def __new__(cls, name: str, value: Any, text: str | None = None) -> "Named":
        """value: of JSON. text: what `{params.x}` becomes in the command; the value as JSON if left out."""
        self = super().__new__(cls, compact_sorted(value) if text is None else text)
        self.said = f"{name}={compact_sorted(value)}"
        return self

    def __repr__(self) -> str:
        return self.said
