"""The drawings of all shots of an episode, as runs of frames: held, on the way of camera moves, behind weather."""

from collections.abc import Collection, Mapping, Sequence

import polars as pl

from genga.drawings._dedup.camera import halved
from genga.drawings._dedup.faint import compressed, faint, strongly_compressed
from genga.drawings._dedup.holds import Run, Sway, absorb_blends, rate_converted, runs, runs_in_weather
from genga.drawings._dedup.moving import anew
from genga.drawings._dedup.rolling import Rolling, runs_behind
from genga.drawings._dedup.rolling import over as rolling_over
from genga.drawings._dedup.weather import weather_of
from genga.drawings._text.tracks import MaskedGrids
from genga.params.dedup import Params

CAMERA_MOVES = ("pan", "zoom", "other")


def drawings(
    frames: pl.DataFrame,
    shots: pl.DataFrame,
    seen: MaskedGrids,
    sway: Sway | None,
    skipped: Collection[int],
    params: Params,
    rolling: Sequence[Rolling] = (),
) -> list[Run]:
    """Return the runs of all shots in order.

    sway: tells where a camera does; None where no picture moves. skipped: frames that show no drawing. rolling: credits
    that roll over them.
    """
    moves = event_frames(shots, CAMERA_MOVES)
    travel = {} if params.camera == "all" else moves
    new, apart = least(shots, params), frames["change"].to_list()
    unasked = {*skipped, *moves, *frames.filter("keyframe")["frame"]}
    every = shots.select("start", "end").rows()
    levels = [new[shot] for shot, (start, end) in zip(shots["shot"], every, strict=True) for _ in range(start, end)]
    strong = params.threshold is None and strongly_compressed(seen, apart, levels, unasked)
    small = unexplained(compressed(seen, every, apart, levels, unasked), seen, levels, sway) if strong else {}
    parts = []
    for shot in shots.iter_rows(named=True):
        level = new[shot["shot"]]
        wet = None
        if params.weather == "ignore":
            wet = weather_of(seen, shot["start"], shot["end"], {*skipped, *moves}, apart, level)
        if wet is not None:
            parts.append(runs_in_weather(wet, shot, skipped))
            continue
        limits = shot["start"], shot["end"]
        credit = rolling_over(rolling, *limits)
        behind = runs_behind(credit, seen, shot["shot"], limits, skipped, level) if credit else None
        if behind is not None:
            parts.append(behind)
            continue
        over = (sway.live, sway.over) if sway else (None, None)
        fresh = anew(seen, shot["start"], shot["end"], skipped, travel, level, *over)
        if params.threshold is None:
            fresh |= faint(seen, *limits, apart, level, unasked)
        fresh |= {frame: step for frame, step in small.items() if limits[0] <= frame < limits[1]}
        parts.append(absorb_blends(runs(seen, shot, skipped, travel, level, fresh, sway), seen, level))
    if rate_converted(parts, seen, new):
        parts = [absorb_blends(part, seen, new[part[0].shot], converted=True) for part in parts if part]
    found = [run for part in parts for run in part]
    return halved(found) if params.camera == "ends" else found


def unexplained(
    steps: Mapping[int, float], seen: MaskedGrids, levels: Sequence[float], sway: Sway | None
) -> dict[int, float]:
    """Return the steps, by the frame to which each is, that are neither a camera's that sways nor the light's.

    levels: block difference from which each frame is a new drawing. sway: None where no picture moves.
    """
    return {
        frame: step
        for frame, step in steps.items()
        if sway is None or sway.explained(seen[frame - 1], seen[frame], levels[frame]) is None
    }


def least(shots: pl.DataFrame, params: Params) -> dict[int, float]:
    """Return for each shot the block difference from which a drawing is new."""
    return {
        shot: level if params.threshold is None else params.threshold
        for shot, level in shots.select("shot", "threshold").rows()
    }


def event_frames(shots: pl.DataFrame, kinds: Collection[str]) -> dict[int, int]:
    """Return each frame of the shots' events of some kinds -> the last frame of that event."""
    events = [event for row in shots["events"].to_list() for event in row if event["kind"] in kinds]
    return {frame: event["end"] - 1 for event in events for frame in range(event["start"], event["end"])}
