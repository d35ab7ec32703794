"""The drawings of all shots of an episode, as runs of frames: held, on the way of camera moves, behind weather."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import cv2
import polars as pl

from genga.drawings._dedup.camera import halved
from genga.drawings._dedup.creeping import Creeping
from genga.drawings._dedup.faint import compressed, faint, strongly_compressed
from genga.drawings._dedup.holds import Run, Sway, runs, runs_in_weather
from genga.drawings._dedup.moving import anew
from genga.drawings._dedup.rolling import Rolling, runs_behind
from genga.drawings._dedup.rolling import over as rolling_over
from genga.drawings._dedup.weather import weather_of
from genga.drawings._text.tracks import MaskedGrids, difference
from genga.drawings.static_tiles import CHANGED
from genga.params.dedup import Params
from genga.video.luma_grid import mixture

_CONVERTED = 0.25  # part of the changes between held drawings that are blends where a rate was converted
_FEWEST = 8  # blends from which that can be told
_GHOST = (0.08, 0.92)  # share of the drawing after, between which a frame may be a mixture of its neighbours
_ROUGH = 0.25  # part of the change that an encoder may leave of a mixture, in the mean and of a block
# Part of what its neighbours differ by, and luma levels, that a mixture of them may leave; a third drawing leaves more.
_INBETWEEN, _VISIBLE = 0.2, 6.0
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
        creeping = Creeping(seen, *limits, skipped, sway.live, sway.noise) if sway else None
        parts.append(absorb_blends(runs(seen, shot, skipped, travel, level, fresh, sway, creeping), seen, level))
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


def absorb_blends(found: list[Run], seen: MaskedGrids, threshold: float, converted: bool = False) -> list[Run]:
    """Return the runs without those of a single frame that mix the drawings around it, as frame rate conversion does.

    The frame goes to the nearer neighbour's `blends`. Between drawings that are not held, it stays unless the rate of
    the video was `converted`: light that grows on ones mixes its neighbours as well. Then an encoder may have left it
    as rough as it leaves what is shown once. And a jaw half the way between two, or near to one of them, is as near to
    their mixture as anything that moves little: unless the rate was converted, a mixture has to explain more than that.
    """
    kept: list[Run] = []
    for run, after in zip(found, [*found, None][1:], strict=True):
        before = kept[-1] if kept else None
        if before is not None and after is not None and drifts(before, run, after, seen, threshold):
            before.frames += run.frames
            continue
        share = None if before is None or after is None else share_of(before, run, after, seen, threshold, converted)
        if share is None or before is None or after is None:
            kept.append(run)
            continue
        (before if share < 0.5 else after).blends += [*run.blends, *run.frames]
        after.fresh |= run.fresh
    return kept


def drifts(before: Run, run: Run, after: Run, seen: MaskedGrids, threshold: float) -> bool:
    """Whether a single frame is the last one of the drawing before, too far from its first one, not from the last."""
    if len(run.frames) > 1 or run.fresh or run.travel or before.travel or run.frames[0] != before.frames[-1] + 1:
        return False
    last, frame, following = seen[before.frames[-1]], seen[run.frames[0]], seen[after.frames[0]]
    return difference(last, frame) <= threshold < difference(frame, following)


def share_of(
    before: Run, run: Run, after: Run, seen: MaskedGrids, threshold: float, converted: bool = False
) -> float | None:
    """Return the share of the drawing after in a single frame that mixes the ones around it; None if it does not."""
    held = converted or max(len(before.frames), len(after.frames)) > 1
    travels = any(near.travel and not near.fresh for near in (before, run, after))
    if not held or travels or len(run.frames) > 1:
        return None
    a, frame, b = seen[before.frames[-1]], seen[run.frames[0]], seen[after.frames[0]]
    far = cv2.absdiff(a.cells, b.cells) > CHANGED  # where grain says nothing
    share, rest = mixture(a.cells[far], frame.cells[far], b.cells[far]) if far.any() else (0.0, 0.0)
    if not _GHOST[0] < share < _GHOST[1]:
        return None
    mixed = (a.cells + share * (b.cells.astype(float) - a.cells)).round().clip(0, 255).astype("uint8")
    most, far_apart = threshold, difference(a, b)
    if converted and rest <= _ROUGH:
        most = max(threshold, _ROUGH * far_apart)
    elif not converted:
        most = min(threshold, max(_VISIBLE, _INBETWEEN * far_apart))
    return share if difference(replace(frame, cells=mixed), frame) <= most else None


def rate_converted(parts: Sequence[Sequence[Run]], seen: MaskedGrids, new: Mapping[int, float]) -> bool:
    """Whether so many of the changes between held drawings are blends that the frame rate was converted by blending.

    parts: the runs of each shot, their blends absorbed. new: for each shot the block difference of a new drawing.
    """
    pairs = [pair for part in parts for pair in pairwise(part)]
    changes = sum(len(before.frames) > 1 or len(after.frames) > 1 for before, after in pairs)
    rough = sum(
        share_of(*three, seen, new[three[0].shot], converted=True) is not None
        for part in parts for three in zip(part, part[1:], part[2:], strict=False)
        if max(len(three[0].frames), len(three[2].frames)) > 1
    )  # fmt: skip
    blends = sum(len(run.blends) for part in parts for run in part) + rough
    return blends >= _FEWEST and blends >= _CONVERTED * (changes - rough)
