"""Where raw files came from, as `genga fetch` put it on record: sources.jsonl, by the content that probe has seen.

A file that nobody fetched has no line: it was put there by hand.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from genga.audit.checks import CHANGED, VERIFIED, Check
from genga.audit.tables import Reader
from genga.exchange.sources.record import SOURCES_FILE, Origin, read_origins
from genga.tables.places import RAW, path_of
from genga.video.album import read_album


def origins(reader: Reader, episodes: Collection[str], stills: Collection[str] = ()) -> list[dict[str, Any]]:
    """Return a line for each episode that was fetched, and for each of `stills` that was a picture of its own.

    episodes: series/episode. stills: series/episode/000123. Lines are those of sources.jsonl, with `episode`.
    """
    lines = read_origins(reader.root / SOURCES_FILE)
    if not lines:
        return []
    frames: dict[str, set[int]] = {}
    for still in stills:
        episode, _, number = still.rpartition("/")
        frames.setdefault(episode, set()).add(int(number))
    return [
        {"episode": episode, **asdict(line)}
        for episode in sorted(episodes)
        for line in _behind(lines, _sha256(reader, episode), frames.get(episode, set()))
    ]


def _sha256(reader: Reader, episode: str) -> str | None:
    found = reader.json(path_of("probe", episode, "json")).get("sha256")
    return found if isinstance(found, str) else None


def _behind(lines: Collection[Origin], sha256: str | None, frames: Collection[int]) -> Iterator[Origin]:
    """The lines of the file that has this content, and of these pictures in it."""
    files = {line.file for line in lines if line.sha256 == sha256 and line.frame is None}
    yield from (line for line in lines if line.sha256 == sha256 and line.frame is None)
    yield from (line for line in lines if line.file in files and line.frame is not None and line.frame in frames)


def origin_checks(reader: Reader, episodes: Collection[str], stills: Collection[str]) -> Iterator[Check]:
    """Hold what probe has seen of each episode against what was fetched under its name.

    And of albums that are here each of `stills`, whose bytes are to be those of the file that was fetched, unless they
    had to be others.
    """
    lines = read_origins(reader.root / SOURCES_FILE)
    files = [line for line in lines if line.frame is None]
    for episode in sorted(episodes) if files else ():
        sha256 = _sha256(reader, episode)
        of_name = [line for line in files if Path(line.file).with_suffix("").as_posix() == f"{RAW}{episode}"]
        if any(line.sha256 == sha256 for line in files):
            yield Check("source", episode, VERIFIED, sha256)
        elif of_name and sha256 is not None:
            yield Check("source", episode, CHANGED, of_name[-1].sha256, f"is {sha256}, which was never fetched")
    pictures = [one for one in origins(reader, episodes, stills) if one["frame"] is not None and not one["repacked"]]
    for file in sorted({one["file"] for one in pictures}):
        if (reader.root / file).is_file():
            yield from _in_album(reader.root / file, [one for one in pictures if one["file"] == file])


def _in_album(album: Path, pictures: Iterable[dict[str, Any]]) -> Iterator[Check]:
    held = [hashlib.sha256(data).hexdigest() for data in read_album(album)]
    for one in pictures:
        name = f"{one['episode']}/{one['frame']:06d}"
        found = held[one["frame"]] if one["frame"] < len(held) else "not there"
        if found == one["sha256"]:
            yield Check("picture", name, VERIFIED, found)
        else:
            yield Check("picture", name, CHANGED, one["sha256"], f"is {found}")


def in_words(line: dict[str, Any]) -> str:
    """Return where a file or picture came from, for people."""
    of = f"{line['name']} of {line['origin']}" if line["frame"] is not None else f"{line['file']} from {line['origin']}"
    credited = f", from {line['credited']} as it says" if line["credited"] else ""
    licence = f", licence: {line['licence']}" if line["licence"] else ""
    return f"{of}, by {line['source']} ({line['kind']}) at {line['time']}, sha256 {line['sha256']}{credited}{licence}"
