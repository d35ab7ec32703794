"""Folders before and after jobs: whether they can be written to, and what is in them that is not to be read."""

import os
import re
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from genga.errors import GengaError
from genga.store.files import PACK, is_pack

FOUND = (".parquet", ".json")  # files that are looked for by a clip's name (genga.store.files.pack_of)
LEAST = 1 << 20  # bytes: with less, not even the workflow's own notes can be written
# What genga.store.files.replacing calls a file while it is being written; with a thread's number, of a process in which
# several write the same (genga.desk.small).
_TEMPORARY = re.compile(r"\..+\.(\d+)(?:-\d+)?\.tmp", re.DOTALL)


def check_writable(folders: Iterable[str | Path]) -> None:
    """Raise GengaError if files cannot be written into one of `folders` (or where it is to be), or its disk is full."""
    for folder in sorted(map(Path, folders)):
        there = next(parent for parent in (folder, *folder.parents) if parent.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            raise GengaError(f"{there.absolute()}: is read-only; allow writing there, and run again")
        if (free := shutil.disk_usage(there).free) < LEAST:
            raise GengaError(f"{there.absolute()}: its disk is full ({free >> 10} kB left); make room, and run again")


def sweep(folders: Iterable[str | Path], deep: bool = True, idle: float = 0.0) -> int:
    """Remove what `replacing` left in `folders` in processes that were killed; return how many files.

    deep: below them, too. idle: s since a file was written to last, for folders in which other machines write.
    """
    found = 0
    for folder in folders:
        for parent, below, names in os.walk(folder):
            left = [Path(parent, name) for name in names if _is_left(name)]
            for path in left if not idle else (path for path in left if time.time() - path.stat().st_mtime > idle):
                path.unlink(missing_ok=True)
                found += 1
            below[:] = below if deep else []
    return found


def alone(pack: Path, clips: Iterable[str]) -> None:
    """Take away in what a reader of a clip looks before the file of its pack: its own file, and smaller packs'.

    Other files than FOUND stay: what has been made of them still names them.
    """
    if pack.suffix in FOUND:
        packs = (path for path in pack.parent.glob(f"{PACK}-*{pack.suffix}") if is_pack(path.stem) and path != pack)
        for path in packs:
            if path.stem.startswith(pack.stem):
                path.unlink(missing_ok=True)
        for clip in clips:
            pack.with_name(f"{clip}{pack.suffix}").unlink(missing_ok=True)


def _is_left(name: str) -> bool:
    match = _TEMPORARY.fullmatch(name)
    return match is not None and not _lives(int(match[1]))


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
