"""The sha256 of files, read again only when a file may have changed.

A file's stamp is its size, time of change and time of inode change, in ns. The last one tells a file that was written
anew and given its old size and time. Stamps live under .snakemake/: they are of one machine and never travel.
"""

import json
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from genga.store.files import read_notes, sha256_of, write_text

_READERS = 8  # files read at once at most: more than that, and disks and shares only seek

Stamp = tuple[int, int, int]  # size in bytes, mtime in ns, ctime in ns


def stamp_of(path: str | Path) -> Stamp | None:
    """Return the stamp of a file, None if there is none. Follows symlinks: a video may lie elsewhere."""
    try:
        state = os.stat(path)
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns, state.st_ctime_ns


class Stamps:
    """What files were when they were last read. `save` writes it down."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._known: dict[str, tuple[Stamp, str]] = {}
        self._changed = False
        try:
            found = read_notes(self._path).items()
            self._known = {name: ((size, mtime, ctime), digest) for name, (size, mtime, ctime, digest) in found}
        except (ValueError, TypeError):
            self._known = {}

    def sha256(self, path: str) -> str:
        """Return the sha256 of the file, from the stamp where that still holds. Raises GengaError if there is none."""
        stamp = stamp_of(path)
        known = self._known.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        digest = sha256_of(path)
        if stamp is not None:
            self.set(path, stamp, digest)
        return digest

    def read(self, paths: Iterable[str]) -> None:
        """Read those of the files that are there and not known as they are now, several at once."""
        waiting = [path for path in paths if self.known(path) is None and stamp_of(path) is not None]
        with ThreadPoolExecutor(min(_READERS, os.cpu_count() or 1)) as pool:
            for _ in pool.map(self.sha256, waiting):
                pass

    def known(self, path: str) -> str | None:
        """Return the sha256 of the file if it has been read as it is now, else None; reads nothing."""
        known = self._known.get(path)
        return known[1] if known is not None and known[0] == stamp_of(path) else None

    def last(self, path: str) -> Stamp | None:
        """Return the stamp that the file had when it was last read."""
        known = self._known.get(path)
        return known[0] if known is not None else None

    def set(self, path: str, stamp: Stamp, digest: str) -> None:
        """Remember a sha256 that was computed elsewhere."""
        self._known[path] = (stamp, digest)
        self._changed = True

    def save(self) -> None:
        if self._changed:
            known = {name: [*stamp, digest] for name, (stamp, digest) in self._known.items()}
            write_text(self._path, json.dumps(known), lasting=False)
            self._changed = False
