"""Videos that are not here: left out of a pull on purpose, taken away, or on a network drive that is gone.

A series without any video here has the episodes that are on record, so that what was made of them can be used; one
that lacks some goes on without these. A link that leads nowhere is neither: somebody means the videos to be there, as
with a video that may not be read, at which Snakemake would end the run of all. So a series with such a one is put
aside, as is one of which two videos are one episode: it goes by what is on record, until a person has put it right, and
all others go on.
"""

import errno
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unicodedata import normalize

from genga.errors import GengaError
from genga.store.files import is_pack
from genga.tables.places import FOLDER, RAW, path_of
from genga.video.episodes import EXTENSIONS, Episode, episodes_of, files_below, is_hidden
from genga.workflow.records import RECORDS_FILE, Record, Records, read_records
from genga.workflow.snakemake_metadata import compact_sorted

# How the lines of these jobs begin.
_PROBED, _TOGETHER = (f'{{"job":"{path_of(stage)}'.encode() for stage in ("probe", "characters"))


def videos_on_record(path: str | Path = RECORDS_FILE) -> dict[Episode, str]:
    """Return the video of every (series, episode) that was probed, in the order of genga.video.episodes.find_episodes.

    Of a series whose episodes were put together it is those that were: others had been taken away before.
    """
    path, videos = Path(path), dict[Episode, str]()
    together: dict[str, set[str]] = {}
    try:
        for job in map(json.loads, _lines(path, (_PROBED, _TOGETHER))):
            of = job["wildcards"]
            if job["rule"] == "probe":
                read = [name for name in job["inputs"] if name.startswith(RAW)]
                if is_pack(of["episode"]):
                    videos |= episodes_of(RAW, read)
                else:
                    videos[of["series"], of["episode"]] = read[0]
            else:
                tables = [Path(name) for name in job["inputs"] if name.startswith(path_of("stills"))]
                together[of["series"]] = {table.stem for table in tables if not is_pack(table.stem)}
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        read_records(path)  # says which line it is
        raise
    found = [(name, video) for name, video in videos.items() if name[1] in (together.get(name[0]) or {name[1]})]
    return dict(sorted(found, key=lambda item: Path(item[1])))


def with_recorded(videos: Mapping[Episode, str], recorded: Mapping[Episode, str]) -> dict[Episode, str]:
    """Return the videos here, and of each series without any here those on record: it was pulled without them."""
    here = {series for series, _ in videos}
    return {**videos, **{name: video for name, video in recorded.items() if name[0] not in here}}


def _lines(path: Path, begin: tuple[bytes, ...]) -> Iterator[bytes]:
    """Yield the lines of a file, one at a time, that begin with any of these; none if there is no such file."""
    if path.is_file():
        with path.open("rb") as file:
            yield from (line for line in file if line.startswith(begin))


def check_links(folder: str | Path, recorded: Iterable[str], aside: dict[str, str]) -> list[str]:
    """Return a line for `folder` and every series in it that is a link that leads nowhere, or to none of its videos,
    and for each folder that cannot be read.

    recorded: videos that are on record. A share that is not mounted is often an empty folder. aside: gets each series
    of which a video is such a link or may not be read, with why: it would be put together without that video.
    """
    known = [Path(video) for video in recorded]
    said: list[str] = []
    series = _inside(Path(folder), said)
    for place in [Path(folder), *series]:
        found = series
        if place != Path(folder):
            _inside(place, said)
            shut: list[OSError] = []
            found = [path for path in files_below(place, shut=shut) if _is_video(path)]
            said += [_gone(Path(one.filename), _why(one)) for one in shut if Path(one.filename) != place]
        if place.exists() and place.is_symlink() and not found and any(video.is_relative_to(place) for video in known):
            said.append(_gone(place, "there is no video in it"))
        if place != Path(folder) and (dead := next(filter(_unreadable, found), None)):
            way = "or take the link away" if dead.is_symlink() else "let yourself read it, or take it away"
            aside.setdefault(normalize("NFC", place.name), _gone(dead, _unreadable(dead), way))
    return said


def put_aside(aside: Mapping[str, str], others: Iterable[str]) -> list[str]:
    """Return a line for each series that is put aside, with why. Raises GengaError if there are no `others`."""
    if aside and not {*others} - aside.keys():
        raise GengaError("; ".join(aside.values()))
    return [f"{why}; until then series {series} is what is on record of it" for series, why in aside.items()]


def _inside(place: Path, said: list[str]) -> list[Path]:
    """Return what is in a folder, sorted; nothing for a file, or if it cannot be read, which is `said`."""
    try:
        if place.is_symlink():
            place.stat()
        return sorted(place.iterdir()) if place.is_dir() else []
    except OSError as error:
        said.append(_gone(place, _why(error)))
        return []


def _unreadable(video: Path) -> str:
    """Return why a video, or what a link leads to, cannot be read, "" if it can."""
    if os.access(video, os.R_OK):
        return ""
    try:
        video.stat()
    except OSError as error:
        return _why(error)
    return os.strerror(errno.EACCES)


def _why(error: OSError) -> str:
    return error.strerror or "no answer"


def taken_away(recorded: Mapping[Episode, str], here: Iterable[Episode]) -> list[str]:
    """Return the videos on record whose series still has others here, but not these, in order."""
    here = set(here)
    series = {name for name, _ in here}
    return [video for name, video in recorded.items() if name[0] in series and name not in here]


def beyond_reach(
    records: Records, away: Iterable[str], now: Callable[[Record], Mapping[str, Any]]
) -> list[tuple[str, list[str]]]:
    """Return (output, names of parameters) of every job that would be made otherwise now but cannot be made here.

    Snakemake says nothing of those: a job is no job to it if there is nothing to make it of. away: the series without
    videos here. now: the parameters that a job would have, as far as they can be told.
    """
    found, series = [], set(away)
    for key, job in sorted(records.jobs.items()):
        if job.wildcards.get("series") not in series:
            continue
        files = [*job.outputs, *(path for path in job.inputs if path.startswith(FOLDER))]
        if all(Path(path).exists() for path in files):
            continue
        known = {name: value for name, value in now(job).items() if name in job.params}
        if other := [name for name in sorted(known) if compact_sorted(known[name]) != compact_sorted(job.params[name])]:
            found.append((key, other))
    return found


def links_unnamed(folder: str | Path, phases: str | Path) -> list[str]:
    """Return the series that are links and that DVC does not look behind: no line of dvc.yaml has their path."""
    folder, phases = Path(folder), Path(phases)
    if not folder.is_dir() or not phases.is_file():
        return []
    text = phases.read_text(encoding="utf-8")
    links = sorted(path.as_posix() for path in folder.iterdir() if path.is_symlink())
    return [link for link in links if link not in text]


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in EXTENSIONS and not is_hidden(path.name)


def _gone(path: Path, why: str, then: str = "") -> str:
    target = f", a link to {path.readlink()}," if path.is_symlink() else ""
    then = f", {then}" if then else ": without it nothing is made that needs what lies there"
    return f"{path}{target} cannot be read ({why}); bring back the disk or share that it is on{then}"
