"""What is on record of the jobs that made what lies here, and the walk over them from a file to what it was made of."""

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Job:
    """A job as it ran. Paths are relative to the project's folder."""

    rule: str
    outputs: Mapping[str, str | None]  # path -> sha256 of its content, None: not on record
    inputs: Mapping[str, str | None]
    shell: str  # the command it ran
    software: Mapping[str, str] = field(default_factory=dict)  # package -> version

    @property
    def name(self) -> str:
        """The rule and the first of its outputs: one name for one job."""
        return f"{self.rule} {min(self.outputs)}"

    @cached_property
    def options(self) -> dict[str, str]:
        """The options of its command, the last of each: `--run hana` and `--run=hana` both as {"run": "hana"}."""
        words, found = shlex.split(self.shell), {}
        for word, following in zip(words, [*words[1:], ""], strict=True):
            if word.startswith("--"):
                name, equals, value = word.removeprefix("--").partition("=")
                found[name] = value if equals else following
        return found

    @property
    def parameters(self) -> dict[str, Any]:
        """The section of params.yaml that it ran with."""
        return dict(json.loads(self.options.get("params") or "{}"))


class Jobs:
    """All jobs on record, found by what they made."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self.all = sorted(jobs, key=lambda job: job.name)
        self._made = {path: job for job in self.all for path in job.outputs}

    def maker(self, path: str) -> Job | None:
        """Return the job that made a file; None if there is no record of it."""
        return self._made.get(path)

    def behind(self, *paths: str) -> list[Job]:
        """Return the jobs that the files were made by, and those that made what these read, earliest first."""
        found: dict[str, Job] = {}
        for path in sorted(paths):
            self._add(path, found)
        return list(found.values())

    def _add(self, path: str, found: dict[str, Job]) -> None:
        job = self.maker(path)
        if job is None or job.name in found:
            return
        for read in sorted(job.inputs):
            self._add(read, found)
        found[job.name] = job


def recorded(jobs: Iterable[Job]) -> Iterator[tuple[str, str | None]]:
    """Yield (path, sha256) of everything that the jobs read and made, each once, sorted.

    A path has several if its content changed between two jobs; None stands for no hash at all on record.
    """
    found: dict[str, set[str]] = {}
    for job in jobs:
        for path, sha256 in [*job.inputs.items(), *job.outputs.items()]:
            found.setdefault(path, set()).update([sha256] if sha256 else [])
    for path, hashes in sorted(found.items()):
        for sha256 in sorted(hashes):
            yield path, sha256
        if not hashes:
            yield path, None
