"""What was sent to Hydrus: a line of JSON for each file, so that what people change there can be told from it.

`hydrus/<series>.jsonl` in the project. Lines are added as files are sent, so a push that breaks off loses nothing; of
several lines about a file the last one counts. A last line that was cut off is as if it were not there.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from genga.errors import GengaError
from genga.exchange.writing import path_in
from genga.store.files import write_text
from genga.store.lines import add_lines

FOLDER = "hydrus"
FORMAT = 1


class Sent(NamedTuple):
    """A file as it was sent."""

    sha256: str  # of the file, by which Hydrus knows it
    images: list[str]  # ids of the images that it is
    source: str  # sha256 of the image as the project keeps it
    words: list[str]  # tags as they were written
    before: list[str]  # forms that the service had of it before anything was sent
    stars: int | None  # rating that was set
    deleted: bool  # whether the client had it in its trash, or had deleted it, when it was to be sent


def base_file(series: str, folder: str = FOLDER) -> Path:
    """Return where that is kept, of another tool in another folder. Raises GengaError if that is no series' name."""
    path_in("dataset", series)
    return Path(folder, f"{series}.jsonl")


def sent_before(series: str, folder: str = FOLDER) -> Path:
    """Return where what was sent is kept. Raises GengaError if nothing of the series was sent yet."""
    path = base_file(series, folder)
    if not path.is_file():
        raise GengaError(f"{path}: nothing of {series} was sent yet, so nothing can have changed; push first")
    return path


def read_sent(path: Path, service: str) -> dict[str, Sent]:
    """Return what was sent, by sha256. service: key of the tag service, or `sidecars`; "": any.

    Raises GengaError if it was sent to another service, or a line is none.
    """
    if not path.is_file():
        return {}
    lines = path.read_bytes().split(b"\n")
    found: dict[str, Sent] = {}
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            said = json.loads(line)
            if number == 1:
                _check(path, said, service)
            else:
                found[said[0]] = Sent(*said)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            if number == len(lines) > 1:  # without its line end: cut off
                break
            raise GengaError(
                f"{path}:{number}: is not as a push writes it; `git checkout` it, or delete the file: a push "
                "then takes all that is there for what was there before"
            ) from error
    return found


def _check(path: Path, said: dict[str, object], service: str) -> None:
    if said["format"] != FORMAT:
        raise GengaError(f"{path}: is of another version of genga; delete it and push again")
    if service and said["service"] != service:
        raise GengaError(
            f"{path}: was sent to another service ({said['service']}), not {service}; name that, or move the file away"
        )


def write_sent(path: Path, service: str, sent: Iterable[Sent]) -> None:
    """Write all of it anew, a line for each file."""
    head = json.dumps({"format": FORMAT, "service": service})
    write_text(path, "".join(f"{line}\n" for line in (head, *map(_line, sorted(sent)))))


def add_sent(path: Path, sent: Iterable[Sent]) -> None:
    """Add lines; they are on the disk when it returns."""
    add_lines(path, map(_line, sent))


def _line(one: Sent) -> str:
    return json.dumps(one, ensure_ascii=False)
