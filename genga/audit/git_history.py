"""What git keeps of the small files that jobs read: content by path and sha256, and the commit that has it all."""

import subprocess
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

COMMITS = 1000  # looked back at most


class History:
    """The commits up to the one that is checked out; empty where there is no git or no repository.

    hash_of: the hash that files are known by, of their path and bytes.
    """

    def __init__(self, root: str | Path, hash_of: Callable[[str, bytes], str]) -> None:
        self._root, self._hash_of = Path(root), hash_of
        self._commits = cache(self._list_commits)
        self._tree = cache(self._list_tree)
        self._hash = cache(lambda path, blob: hash_of(path, self._read(blob)))

    def holds(self, path: str, known_by: str) -> str | None:
        """Return the newest commit in which the file had the content with that hash."""
        return next((commit for commit in self._commits() if self._in(commit, path) == known_by), None)

    def having(self, path: str, lines: Iterable[str]) -> str | None:
        """Return the newest commit in which the file has all of these lines."""
        wanted = {line.encode() for line in lines}
        has = cache(lambda blob: wanted <= set(self._read(blob).split(b"\n")))
        blobs = ((commit, self._tree(commit).get(path)) for commit in self._commits())
        return next((commit for commit, blob in blobs if blob and has(blob)), None)

    def named(self, commit: str) -> str | None:
        """Return the full name of a commit, whatever it was called by; None if there is none of that name."""
        name = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}")
        return name.decode().strip() or None

    def at(self, commit: str, path: str) -> bytes | None:
        """Return the file's content in a commit; None if it is not in it."""
        blob = self._tree(commit).get(path)
        return self._read(blob) if blob else None

    def read(self, path: str, known_by: str) -> bytes | None:
        """Return that content of the file, from the folder itself or from a commit; None if neither has it."""
        here = self._root / path
        if here.is_file() and self._hash_of(path, data := here.read_bytes()) == known_by:
            return data
        commit = self.holds(path, known_by)
        return self._read(self._tree(commit)[path]) if commit else None

    def commit_of(self, files: Mapping[str, str]) -> str | None:
        """Return the commit that brought the last of the files to the content with its hash; None if none has all.

        Of the commits that have all of it the first of the latest stretch: later commits do not change the answer.
        """
        found = None
        for commit in self._commits():
            if all(self._in(commit, path) == known_by for path, known_by in files.items()):
                found = commit
            elif found:
                break
        return found

    def _in(self, commit: str, path: str) -> str | None:
        blob = self._tree(commit).get(path)
        return self._hash(path, blob) if blob else None

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
