"""Files that grow by lines: what was added is on the disk before the next thing is done, and no line is half one."""

import os
from collections.abc import Iterable
from pathlib import Path

from genga.errors import GengaError


def add_lines(path: str | Path, lines: Iterable[str]) -> None:
    """Add lines at the end, and wait until they are on the disk; what lies there without a line end is cut away before.

    lines: without their ends. Raises GengaError if they cannot be written.
    """
    data = "".join(f"{line}\n" for line in lines).encode()
    if not data:
        return
    try:
        with open(path, "ab") as file:
            if (start := _cut_short(Path(path))) is not None:
                file.truncate(start)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise GengaError(f"{path}: cannot be written ({error.strerror}); make room there, and run again") from error


def _cut_short(path: Path) -> int | None:
    """Where a last line begins that has no end, of a loss of power; None if there is none."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0 or file.seek(-1, os.SEEK_END) < 0 or file.read(1) == b"\n":
            return None
    return path.read_bytes().rfind(b"\n") + 1
