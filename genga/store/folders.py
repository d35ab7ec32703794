"""Folders that appear whole or not at all, and are never written over anything that somebody else put there."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genga.errors import GengaError
from genga.store.files import read_json, sha256_of, write_json

MARK = "genga-export.json"  # in each folder that is ours: its files with their sha256
_LONGEST = 255  # bytes of a name, on any file system
_SHOWN = 40  # characters of a folder's name in those of its temporary ones, which are longer than it by some


@contextmanager
def replacing_folder(path: str | Path) -> Iterator[Path]:
    """Yield a new folder to write into; it takes the place of `path` when the block ends well, else it is removed.

    Raises GengaError if there is something under `path` that was not written here, or was changed since, and if nothing
    can be written there.
    """
    path = Path(path).absolute()
    check_ours(path)
    new, old = (path.with_name(f".{path.name[:_SHOWN]}.{os.getpid()}.{kind}") for kind in ("tmp", "old"))
    try:
        try:
            new.mkdir(parents=True)
        except OSError as error:
            raise GengaError(f"{path}: cannot be written ({error.strerror}); name another folder") from error
        yield new
        write_json(new / MARK, {name: sha256_of(new / name) for name in files_in(new)})
        if path.exists():
            os.replace(path, old)
        os.replace(new, path)
    finally:
        for folder in (new, old):
            shutil.rmtree(folder, ignore_errors=True)


def check_ours(path: Path) -> None:
    """Raise GengaError unless `path` can be replaced: absent, an empty folder, or as it was written here."""
    if any(len(os.fsencode(part)) > _LONGEST for part in path.parts):
        raise GengaError(f"{path}: cannot be written (File name too long); name another folder")
    if not path.exists():
        return
    if not path.is_dir():
        raise GengaError(f"{path}: is a file; name a new folder")
    found = files_in(path)
    if found and not (path / MARK).is_file():
        raise GengaError(f"{path}: holds files that are not from an export ({found[0]}); name a new folder")
    written = read_json(path / MARK) if found else {}
    for name in found:
        if name == MARK:
            continue
        if name not in written:
            raise GengaError(f"{path}: {name} is not from the export before; move it away, or name a new folder")
        if sha256_of(path / name) != written[name]:
            raise GengaError(f"{path}: {name} was changed since the export before; move it away, or name a new folder")


def files_in(folder: Path) -> list[str]:
    """Return the files below `folder`, relative to it, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
