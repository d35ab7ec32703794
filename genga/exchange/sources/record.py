"""sources.jsonl: where every file under data/raw came from, kept in git beside records.jsonl.

A line for each file that `genga fetch` placed, and for each picture of an album (genga.video.album) one of its own,
with its `frame`. Lines are only ever added, each written to disk before the next file is placed; one that a crash cut
short is no line.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from genga.errors import GengaError
from genga.store.lines import add_lines

SOURCES_FILE = "sources.jsonl"


@dataclass(frozen=True)
class Origin:
    """A line."""

    file: str  # under data/raw, seen from the project's folder
    sha256: str  # of its content; of a picture in an album, of the file that it was
    size: int  # bytes, likewise
    source: str  # its entry in params.yaml
    kind: str  # of that: gallery, gifs, torrent, folder
    origin: str  # a page's address, a magnet, a path
    name: str  # what it was called there
    time: str  # when it was fetched, UTC: 2026-03-01T12:00:00Z
    licence: str = ""  # a note
    credited: str = ""  # where it is from, as the site or a sidecar says
    frame: int | None = None  # its place in the album; None: a file of its own, or the album
    repacked: bool = False  # whether its bytes in the album are others, of the same px
    rating: str = ""  # as the site has it
    tags: dict[str, list[str]] = field(default_factory=dict)  # by category, as they came
    text: str = ""  # a caption that came with it


def read_origins(path: str | Path = SOURCES_FILE) -> list[Origin]:
    """Return every line, in the order they were written; none if there is no such file. Raises GengaError naming it."""
    path = Path(path)
    if not path.is_file():
        return []
    found = []
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], 1):  # what has no end was cut short
        try:
            said: dict[str, Any] = json.loads(line)
            found.append(Origin(**said))
        except (ValueError, TypeError) as error:
            raise GengaError(
                f"{path}:{number}: is not a line of where a file came from ({error}); `git checkout {path}`, or settle"
                " the merge there"
            ) from error
    return found


def add_origins(lines: Sequence[Origin], path: str | Path = SOURCES_FILE) -> None:
    """Add lines at the end, and wait until they are on the disk. Raises GengaError if they cannot be written."""
    add_lines(path, map(_line_of, lines))


def _line_of(one: Origin) -> str:
    said = {key: value for key, value in asdict(one).items() if value or key == "frame" and value is not None}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))
