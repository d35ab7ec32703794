"""What git keeps of the small files that jobs read: content by path and sha256, and the commit that has it all."""

import hashlib
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

COMMITS = 1000  # looked back at most


class History:
    """The commits up to the one that is checked out; empty where there is no git or no repository."""

    def __init__(self, root: str | Path = ".") -> None:
        self._root = Path(root)
        self._commits = cache(self._list_commits)
        self._tree = cache(self._list_tree)
        self._digest = cache(lambda blob: hashlib.sha256(self._read(blob)).hexdigest())

    def holds(self, path: str, sha256: str) -> str | None:
        """Return the newest commit in which the file had that content."""
        return next((commit for commit in self._commits() if self._sha256(commit, path) == sha256), None)

    def read(self, path: str, sha256: str) -> bytes | None:
        """Return that content of the file, from the folder itself or from a commit."""
        here = self._root / path
        if here.is_file() and hashlib.sha256(data := here.read_bytes()).hexdigest() == sha256:
            return data
        commit = self.holds(path, sha256)
        return self._read(self._tree(commit)[path]) if commit else None

    def commit_of(self, files: Mapping[str, str]) -> str | None:
        """Return the newest commit in which all the files had the content of their sha256."""
        for commit in self._commits():
            if all(self._sha256(commit, path) == sha256 for path, sha256 in files.items()):
                return commit
        return None

    def _sha256(self, commit: str, path: str) -> str | None:
        blob = self._tree(commit).get(path)
        return self._digest(blob) if blob else None

    def _list_commits(self) -> tuple[str, ...]:
        return tuple(self._git("rev-list", f"--max-count={COMMITS}", "HEAD").decode().split())

    def _list_tree(self, commit: str) -> dict[str, str]:
        """Blobs by path, relative to the folder. `-z`: names as they are, in any script."""
        lines = self._git("ls-tree", "-r", "-z", commit).decode().split("\0")
        return {line.partition("\t")[2]: line.partition("\t")[0].split()[2] for line in lines if line}

    def _read(self, blob: str) -> bytes:
        return self._git("cat-file", "blob", blob)

    def _git(self, *words: str) -> bytes:
        """What git prints; nothing if it is not there or refuses."""
        try:
            done = subprocess.run(["git", *words], cwd=self._root, capture_output=True, check=False)
        except OSError:
            return b""
        return done.stdout if done.returncode == 0 else b""
