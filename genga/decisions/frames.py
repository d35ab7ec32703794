"""What a person decided about single frames: corrections/<series>/<episode>/frames.csv.

Columns: frame, decision, and optionally who, why, at. decision: `keep` makes a frame a drawing of its own, `drop` takes
the drawing that it shows out of the pictures, whichever of its frames stands for it. Of two lines about a frame that
contradict each other the later one holds, and both are named. `at` says of a dropped frame on which frames the still of
its drawing was held then, `100 96-104`: an earlier drawing that the frame is taken for since then was looked at, and
not dropped.
"""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import polars as pl

from genga.decisions.csv import AT, Decision, Open, read
from genga.errors import GengaError

Verb = Literal["keep", "drop"]
DROPPED = "dropped"  # the reason of frames whose drawing a person dropped

_AT = re.compile(r"(\d+) (\d+)-(\d+)")


class Verdict(NamedTuple):
    """What is to become of a frame, or of its drawing."""

    line: int  # in the file
    verb: Verb
    hold: tuple[int, int] | None = None  # first and last frame on which the drawing's still was held


def read_verdicts(path: str | Path, count: int, tell: bool = True) -> dict[int, Verdict]:
    """Return what is to become of each frame that the table names. Raises GengaError naming file and line.

    count: frames in the video; a frame's number is 0..count-1. tell: whether contradictions are named on stderr.
    """
    found: dict[int, Verdict] = {}
    for decision in read(path, "frames"):
        frame, verdict = _verdict(decision, count)
        if tell and (before := found.get(frame)) is not None and before.verb != verdict.verb:
            said = f"says {verdict.verb} of frame {frame}, and line {before.line} {before.verb}; the later one holds"
            print(f"warning: {decision.where}: {said}: take one of them out", file=sys.stderr)
        found[frame] = verdict
    return found


def _verdict(decision: Decision, count: int) -> tuple[int, Verdict]:
    frame, verb, at = (decision[column] for column in ("frame", "decision", AT))
    if not frame.isdecimal() or len(frame) > 9 or int(frame) >= count:
        raise GengaError(f"{decision.where}: frame must be a number from 0 to {count - 1}, got {frame!r}")
    if verb not in ("keep", "drop"):
        raise GengaError(f"{decision.where}: decision must be keep or drop, got {verb!r}")
    match = _AT.fullmatch(at)
    if at and not match:
        raise GengaError(f"{decision.where}: at must be what genga writes, as 100 96-104, or empty; got {at!r}")
    hold = (int(match[2]), int(match[3])) if match and int(match[1]) == int(frame) else None
    return int(frame), Verdict(decision.line, "keep" if verb == "keep" else "drop", hold)


def is_at(text: str, frame: int) -> bool:
    """Whether a line's column `at` was taken for this frame; whoever changes the frame makes it void."""
    match = _AT.fullmatch(text)
    return match is not None and int(match[1]) == frame


def at_of(frame: int, hold: tuple[int, int]) -> str:
    """Return what stands in the column `at` of a line that drops a frame. hold: see hold_of."""
    return f"{frame} {hold[0]}-{hold[1]}"


def hold_of(table: pl.DataFrame, frame: int) -> tuple[int, int] | None:
    """Return on which frames the still of a frame's drawing is held; None if it has none in this episode.

    table: of stage dedup, a row for each frame: frame, keeper, keeper_episode.
    """
    row = table.row(frame, named=True) if frame < len(table) else None
    if row is None or row["keeper"] is None or row["keeper_episode"] is not None:
        return None
    keeper, keepers = row["keeper"], table["keeper"].to_list()
    own = [home is None and one == keeper for one, home in zip(keepers, table["keeper_episode"], strict=True)]
    first, last = keeper, keeper
    while first > 0 and own[first - 1]:
        first -= 1
    while last + 1 < len(own) and own[last + 1]:
        last += 1
    return first, last


def stands_for(verdict: Verdict, keeper: int) -> bool:
    """Whether the drawing that a still stands for now is the one that was dropped."""
    return verdict.hold is None or verdict.hold[0] <= keeper <= verdict.hold[1]


def open_drops(verdicts: Mapping[int, Verdict], table: pl.DataFrame, episode: str) -> list[Open]:
    """Return the lines that took no effect: frames that are to be dropped and are still shown.

    table: what stage dedup made of them: frame, keeper, reason, keeper_episode. episode: series/episode.
    """
    found, series = [], episode.rpartition("/")[0]
    rows = table.select("frame", "keeper", "reason", "keeper_episode").rows()
    for frame, keeper, reason, home in (rows[frame] for frame, one in verdicts.items() if one.verb == "drop"):
        if reason != DROPPED:
            still = f"{series}/{home}/{keeper:06d}" if home else f"{episode}/{keeper:06d}"
            why = f"{home} keeps its drawing" if home else "it shows a drawing now that was another when it was dropped"
            found.append(Open(verdicts[frame].line, f"drop frame {frame}", why, (still,)))
    return sorted(found)


def tell_drops(file: Path | None, verdicts: Mapping[int, Verdict], table: pl.DataFrame, episode: str) -> None:
    """Say on stderr which lines of a file took no effect; see open_drops."""
    for one in open_drops(verdicts, table, episode):
        print(f"{file}:{one}", file=sys.stderr)


def without_effect(file: Path, table: pl.DataFrame) -> list[Open]:
    """Return the lines of corrections/<series>/<episode>/frames.csv that took no effect; see open_drops."""
    return open_drops(read_verdicts(file, len(table), tell=False), table, f"{file.parts[-3]}/{file.parts[-2]}")
