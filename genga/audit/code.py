"""Which code the jobs ran: the commit that has all of it.

Records know code by a hash of what it does, so that comments and form do not count; a commit is the one that
brought the last of the files to its hash, whatever was committed since.
"""

import hashlib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from genga.audit.checks import ABSENT, VERIFIED, Check
from genga.audit.git_history import History
from genga.workflow.code_hash import KEY_DIGITS, hash_of_code
from genga.workflow.records import Record, Records


def meaning(path: str, content: bytes) -> str:
    """Return what records know a file of code by: what a Python file does, the bytes of any other. 16 hex digits."""
    return hash_of_code(content) if path.endswith(".py") else hashlib.sha256(content).hexdigest()[:KEY_DIGITS]


class Code:
    """The files of the jobs' code, here and in git."""

    def __init__(self, jobs: Iterable[Record], records: Records, root: str | Path) -> None:
        self._root = Path(root)
        self._by_job = {job.key: records.code.get(job.code, {}) for job in jobs}
        self._history = History(root, meaning)

    @cached_property
    def files(self) -> list[tuple[str, str]]:
        """Every (path, hash) that a job ran, sorted; a path comes twice if it changed between two jobs."""
        return sorted({pair for files in self._by_job.values() for pair in files.items()})

    @cached_property
    def commit(self) -> str | None:
        """The commit that has all of it; None if there is none, or the jobs ran different versions."""
        one_each = len(dict(self.files)) == len(self.files)
        return self._history.commit_of(dict(self.files)) if self.files and one_each else None

    def said(self) -> dict[str, Any]:
        """Return commit, or by job where no commit has it all (None: none has that job's), and files."""
        by_job = {} if self.commit else {job: self._history.commit_of(of) for job, of in self._by_job.items() if of}
        return {"commit": self.commit, "by_job": by_job, "files": [list(pair) for pair in self.files]}

    def checks(self) -> list[Check]:
        """Hold each file against the folder, then the history. What is in neither is absent: code moves on."""
        return [self._check(path, known_by) for path, known_by in self.files]

    def _check(self, path: str, known_by: str) -> Check:
        place = self._root / path
        if place.is_file() and meaning(path, place.read_bytes()) == known_by:
            return Check("code", path, VERIFIED, known_by)
        commit = self._history.holds(path, known_by)
        if commit is None:
            return Check("code", path, ABSENT, known_by, "neither here nor in a commit of this repository")
        return Check("code", path, VERIFIED, known_by, f"as in commit {commit[:12]}")
