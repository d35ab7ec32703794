"""Which frames of an episode are a clip together, and which of them it shows.

A clip lies within one stretch of one shot in which every frame shows a drawing: no cut, dissolve, fade, flash or black
is in it, nor a drawing that a person dropped. When it shows what is a matter of times, from pts: a rate is held over
steps of any length. A drawing at rest is one frame for as long as it is held, wherever in the shot: the one that stands
for it, if that is in the shot. What lies under a moving camera, rain or snow is another picture in each frame.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from genga.params.clips import Params
from genga.tables.dedup import DEDUP, MOVED
from genga.tables.frames import FRAMES
from genga.tables.schema import only
from genga.tables.shots import SHOTS

OF_FRAMES = only(FRAMES, "frame", "time", "keyframe")
OF_SHOTS = only(SHOTS, "shot", "start", "end", "timing", "events")
OF_DEDUP = only(DEDUP, "frame", "shot", "keeper", "reason", "keeper_episode")

_MIXED = ("dissolve", "fade")  # events of a shot in which two pictures lie over each other
_EDGE = 2  # frames beside those, in which so little of the other picture is left that nobody finds it
_OWN = {*MOVED, "weather"}  # reasons of frames that show what no other does
_ROUNDED = 0.05  # of a picture that a stretch may be short of: times are rounded to ticks of 1 ms at most
_USUAL = 3  # frames that a drawing is held in a shot that says nothing of it: the field's most common


@dataclass(frozen=True)
class Stretch:
    """Frames [start, end) of a shot that each show a drawing."""

    shot: int
    start: int
    end: int
    step: float  # frames that a drawing is held, as the shot is drawn


@dataclass(frozen=True)
class Cut:
    """A clip as it is cut out of an episode."""

    stretch: Stretch
    first: int
    last: int
    frames: list[int]  # that it shows, in order
    holds: list[int]  # for how many of the video's frames each stands
    rate: float  # 1/s


@dataclass(frozen=True)
class Film:
    """When the frames of an episode are shown, and which of them show the same."""

    times: Sequence[float]  # s, of each frame, and of the end
    shown: Sequence[int]  # the frame whose picture each frame shows
    rate: float  # the usual one, 1/s

    @staticmethod
    def of(frames: pl.DataFrame, shots: pl.DataFrame, dedup: pl.DataFrame, rate: float) -> "Film":
        """frames: OF_FRAMES, dedup: OF_DEDUP, a row per frame, in order. rate: as probe found it, 1/s; 0: unknown."""
        times = frames["time"].to_list()
        step = 1 / rate if rate else float(np.median(np.diff(times))) if len(times) > 1 else 1.0
        return Film([*times, times[-1] + step], shown(dedup, travelled(shots)), rate or 1 / step)


def travelled(shots: pl.DataFrame) -> set[int]:
    """Return the frames over which the camera moves. shots: OF_SHOTS."""
    every = (event for events in shots["events"].to_list() for event in events if event["kind"] not in _MIXED)
    return {frame for event in every for frame in range(event["start"], event["end"])}


def shown(dedup: pl.DataFrame, travelled: Set[int]) -> list[int]:
    """Return for each frame the frame of its shot whose picture it shows.

    dedup: OF_DEDUP, a row per frame, in order. travelled: frames over which the camera moves; one that an earlier
    episode has is said to be that, and no more.
    """
    rows = dedup.select("frame", "shot", "keeper", "keeper_episode", "reason").rows()
    shot_of = {frame: shot for frame, shot, *_ in rows}
    stand: dict[tuple[int, int | None, str | None], int] = {}
    found = []
    for frame, shot, keeper, home, reason in rows:
        if keeper is None or reason in _OWN or (home is not None and frame in travelled):
            found.append(frame)
            continue
        here = home is None and shot_of.get(keeper) == shot
        found.append(stand.setdefault((shot, keeper, home), keeper if here else frame))
    return found


def stretches(shots: pl.DataFrame, dedup: pl.DataFrame, params: Params) -> list[Stretch]:
    """Return the stretches out of which clips may be cut, in order. shots: OF_SHOTS, dedup: OF_DEDUP."""
    drawn = dedup["keeper"].is_not_null().to_list()
    every = [event for events in shots["events"].to_list() for event in events if event["kind"] in _MIXED]
    # A transition stands with the shot that it leads into, and lies in the one before as well.
    mixed = {frame for event in every for frame in range(event["start"] - _EDGE, event["end"] + _EDGE)}
    found = []
    for shot, start, end, timing, events in shots.select(list(OF_SHOTS)).iter_rows():
        moves = any(event["kind"] not in _MIXED for event in events)
        whole = [drawn[frame] and frame not in mixed for frame in range(start, end)]
        step = timing if timing <= params.slowest else 1.0 if moves else float(_USUAL)
        edges = [start + place for place, (a, b) in enumerate(pairwise([False, *whole, False])) if a != b]
        found += [Stretch(shot, a, b, max(1.0, step)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return found


def cuts(film: Film, stretch: Stretch, params: Params) -> Iterator[Cut]:
    """Yield the clips of a stretch, in order: each of `length` pictures, but for what is left over at the end.

    One that lies in the same frames as the one before, in a frame that is held for long, is none.
    """
    starts, rate = picks(film, stretch, params)
    hop = max(1, round(params.length * (1 - params.overlap)))
    place, before = 0, (-1, -1)
    while True:
        end = min(place + params.length, len(starts) - 1)
        begun = [*starts[place:end], max(starts[end], starts[end - 1] + 1)]  # which may be within a frame, too
        if (lies := (begun[0], begun[-1] - 1)) != before:
            seconds = film.times[begun[-1]] - film.times[begun[0]]
            yield Cut(
                stretch, *lies, [film.shown[frame] for frame in begun[:-1]],
                [b - a for a, b in pairwise(begun)], rate or (len(begun) - 1) / seconds,
            )  # fmt: skip
        if end == len(starts) - 1:
            return
        place, before = place + hop, lies


def picks(film: Film, stretch: Stretch, params: Params) -> tuple[list[int], float]:
    """Return the frames of a stretch at which a picture begins, and the frame after the last; and their rate, 1/s.

    The rate is 0 where pictures are shown as long as they are held.
    """
    if params.sample == "drawings":
        same = film.shown[stretch.start : stretch.end]
        begun = [stretch.start + place for place, (a, b) in enumerate(pairwise([None, *same])) if a != b]
        return [*begun, stretch.end], 0.0
    if params.sample == "frames":
        rate = (params.rate or film.rate) / params.stride
        return at_rate(film, stretch.start, stretch.end, rate), rate
    rate = film.rate / stretch.step
    tried = [
        at_rate(film, start, stretch.end, rate)
        for start in range(stretch.start, min(stretch.end, stretch.start + round(stretch.step)))
    ]
    # Where drawings begin the shot itself says: from the frame on that lets most of them be seen, from their first on.
    return max(tried, key=lambda starts: _seen(film, starts[:-1])), rate


def _seen(film: Film, starts: Sequence[int]) -> tuple[int, int]:
    """How many drawings are seen at these frames, and at how many of them one begins."""
    begin = sum(frame == 0 or film.shown[frame - 1] != film.shown[frame] for frame in starts)
    return len({film.shown[frame] for frame in starts}), begin


def at_rate(film: Film, start: int, end: int, rate: float) -> list[int]:
    """Return the frames that are on screen when pictures at a rate begin, from frame `start` on, and the one after.

    Asked is half a usual frame after a picture begins: times are rounded to ticks. At least one picture is there.
    """
    begin, over = film.times[start], film.times[end]
    count = max(1, int((over - begin) * rate + _ROUNDED))
    instants = begin + np.arange(count + 1) / rate + 0.5 / max(film.rate, rate)
    frames = start - 1 + np.searchsorted(np.asarray(film.times[start : end + 1]), instants, side="right")
    return [*frames[:-1].tolist(), max(int(frames[-2]) + 1, min(end, int(frames[-1])))]


def keys(frames: pl.DataFrame) -> list[float | None]:
    """Return of each frame the time of the last keyframe up to it, s; None before the first. frames: OF_FRAMES."""
    return frames.select(pl.when("keyframe").then("time").forward_fill())["time"].to_list()
