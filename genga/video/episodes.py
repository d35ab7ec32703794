"""Which episodes there are: every video file `data/raw/<series>/<episode>.<extension>` is one."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from pathlib import Path
from unicodedata import normalize

from genga.errors import GengaError
from genga.params.names import fault_of_name

# Containers that FFmpeg opens by content; the extension only tells a video from a subtitle or a note beside it.
EXTENSIONS = (
    ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogm", ".ogv", ".rm", ".rmvb",
    ".ts", ".vob", ".webm", ".wmv",
)  # fmt: skip

Episode = tuple[str, str]  # series, episode


def find_episodes(folder: str | Path, said: list[str] | None = None) -> dict[Episode, str]:
    """Return the video of every (series, episode) under `folder`, sorted; paths begin with `folder`.

    Names are composed letters (NFC), however the file system has them; paths are as they are there. Hidden files and
    folders are not episodes. A video whose name cannot stand for an episode is left out, and `said` gets a line for it.
    Raises GengaError for two videos of one episode.
    """
    return episodes_of(Path(folder).glob("*/*"), said)


def episodes_of(files: Iterable[str | Path], said: list[str] | None = None) -> dict[Episode, str]:
    """Return the video of every (series, episode) among files `…/<series>/<file>`, as `find_episodes` does."""
    episodes: dict[Episode, str] = {}
    for video in sorted(map(Path, files)):
        name = normalize("NFC", video.parent.name), normalize("NFC", video.stem)
        if video.suffix.lower() not in EXTENSIONS or any(part.startswith(".") for part in name):
            continue
        if why := next(filter(None, map(fault_of_name, name)), ""):
            if said is not None:
                said.append(f"{repr(video.as_posix())[1:-1]} is left out, for its name or its folder's: {why}")
            continue
        if other := episodes.get(name):
            raise GengaError(f"{video}: {other} is the same episode; rename one of them or take it away")
        episodes[name] = video.as_posix()
    return episodes


def in_name_order(episodes: Iterable[Episode]) -> dict[str, list[str]]:
    """Return the episodes of each series in name order: ep2 before ep10."""
    names: dict[str, list[str]] = {}
    for series, episode in episodes:
        names.setdefault(series, []).append(episode)
    return {series: sorted(of, key=_name_order) for series, of in names.items()}


def episodes_before(ordered: Sequence[str], episode: str, count: int) -> list[str]:
    """Return the last `count` of the episodes before one. ordered: those of its series, in name order."""
    place = bisect_left(ordered, _name_order(episode), key=_name_order)
    return list(ordered[max(0, place - count) : place])


def _name_order(name: str) -> tuple[list[tuple[int, str]], str]:
    """Digits as their number, and the name itself where that leaves two alike (ep1, ep01)."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], name
