"""Videos that stage probe cannot read: their series goes on without them, until they are other files.

What is made of an episode depends on those before it, so one file that is no video would hold up all that come after.
Which file it is, and what reads it, is noted at the end of a run: a file that is mended, or a probe that reads it, ends
that. A disk or share that is gone is no fault of a file.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from genga.store.files import read_notes, write_json
from genga.store.hash_cache import stamp_of
from genga.video.episodes import Episode, in_name_order
from genga.workflow.session import FOLDER

_NOTES = FOLDER / "unreadable.json"
_MOST = 3  # files of a series that are named
_ERROR, _AGAIN = "error: ", "run again"  # how a line begins, and what it says where the file is not at fault


class Coded(Protocol):
    """What knows the key of a stage's code."""

    def code(self, stage: str, *also: str) -> str: ...


def leave_out(
    videos: Mapping[Episode, str], journal: Coded, params: Mapping[str, Any], said: list[str]
) -> dict[Episode, str]:
    """Return the videos without those that probe could not read as they are, and as it is; `said` gets each, with why.

    params: params.yaml.
    """
    notes = read_notes(_NOTES)
    reader = _reader(journal, params) if notes else None
    left = {name for name, video in videos.items() if (of := notes.get(video)) and _holds(video, of, reader)}
    for series, of in in_name_order(left).items():
        lines = [notes[videos[series, name]]["why"] for name in of]
        said += [f"{line}; until then series {series} goes on without it" for line in lines[:_MOST]]
        said += [f"series {series} goes on without {len(of) - _MOST} more that cannot be read"] if of[_MOST:] else []
    return {name: video for name, video in videos.items() if name not in left}


def note(
    failures: Iterable[tuple[str, str]], videos: Mapping[Episode, str], journal: Coded, params: Mapping[str, Any]
) -> None:
    """Note the videos that probe failed for, and say on stderr which series go on without some the next time.

    failures: (log, line) of each failed job. videos: of each episode, "" of a pack.
    """
    found: dict[str, Any] = {}
    series: dict[str, list[str]] = {}
    for log, line in failures:
        _, stage, *name = Path(log).parts
        if stage != "probe" or len(name) != 2:
            continue
        video = videos.get((name[0], Path(name[1]).stem))
        stamp = stamp_of(video) if video else None
        if not stamp or not line.startswith(f"{_ERROR}{video}: ") or _AGAIN in line:
            continue
        if stamp[2] < Path(log).stat().st_mtime_ns:  # else it is being written, or another by now
            found[str(video)] = {"stamp": stamp, "why": line.removeprefix(_ERROR)}
            series.setdefault(name[0], []).append(str(video))
    if found:
        reader = _reader(journal, params)
        known = {video: of for video, of in read_notes(_NOTES).items() if _holds(video, of, reader)}
        write_json(_NOTES, known | {video: {**of, "reader": reader} for video, of in found.items()})
    for one, of in series.items():
        more = f" and {len(of) - _MOST} more" if of[_MOST:] else ""
        print(f"note: run again, and series {one} goes on without {', '.join(of[:_MOST])}{more}", file=sys.stderr)


def _reader(journal: Coded, params: Mapping[str, Any]) -> dict[str, Any]:
    """What a video is read by."""
    return {"code": journal.code("probe"), "values": params["probe"]}


def _holds(video: str, of: Mapping[str, Any], reader: Mapping[str, Any] | None) -> bool:
    """Whether what was noted of a video is of the file that is there, and of what would read it."""
    return of.get("reader") == reader and list(stamp_of(video) or ()) == of.get("stamp")
