"""Divide a video into shots: cuts, dissolves, fades, camera moves, and how long drawings are held.

A cut changes most of the picture and its tones at once, and the picture does not come back within a few frames; fast
action changes much of the picture but few of its tones, a pan none. Dissolves and fades:
genga.drawings._shots.dissolves. Camera: genga.drawings._shots.camera_moves. The threshold that tells a held drawing
from a new one follows the video's noise: genga.drawings.bimodal_threshold.
"""

from collections.abc import Sequence
from dataclasses import asdict

import polars as pl

from genga.drawings._shots.camera_moves import STRIDE, Known, going, joined, moves, path
from genga.drawings._shots.cuts import Scene, cuts, scene_of
from genga.drawings._shots.dissolves import gradual
from genga.drawings._shots.drifts import drifts, held_still
from genga.drawings._shots.events import Event, InLight, Passage, Span
from genga.drawings._shots.fades import fades, with_fades
from genga.drawings._shots.holds import brief_dissolves, film_step, mixed_changes, timing, usual_step
from genga.drawings._shots.irises import irises
from genga.drawings._shots.pace import liveliest
from genga.drawings._shots.slides import slides
from genga.drawings._shots.smears import without_smears
from genga.drawings._shots.thresholds import bettering, contrasts, noisy, shot_threshold, threshold
from genga.drawings._shots.whips import broken, of_two_pictures, whips, with_light, with_others
from genga.drawings._shots.wipes import wipes
from genga.drawings._text.burnt_in import lettering
from genga.drawings._text.marks import marks
from genga.drawings._text.tracks import FADE, Lettering, MaskedGrids, difference
from genga.drawings.alignment import Motion
from genga.drawings.static_tiles import CHANGED, block_noise
from genga.params.shots import Params
from genga.tables.shots import SHOTS
from genga.video.luma_grid import Grids

_DIGITS = 4  # of a motion: another machine's last bits do not move anybody
_PACE = 0.6  # part of that liveliness that a camera move has at least
_CLEARLY = 0.4  # part of what a mixture of code values may leave, that one of light does: a few real moves pass for it
_APART = 30.0  # s from picture to picture, from which they are stills: an album (genga.video.album)


def shots(frames: pl.DataFrame, cells: Grids, params: Params) -> pl.DataFrame:
    """Return a row per shot (SHOTS), in order; the shots cover every frame.

    frames: the frames table, a row per frame. cells: its grids, by frame number. Of an album each picture is a shot.
    """
    if usual_step(frames["time"].to_list()) >= _APART:
        return album(frames)
    black = (frames["luma"] + 2 * frames["contrast"] < params.black).to_list()
    texts = lettering(frames, cells)
    scene = scene_of(cells, texts)
    spread = frames["spread"].to_list()
    gone = gradual(cells, black, params.blend, CHANGED, scene.noise.luma)
    lit = gradual(InLight(cells), black, _CLEARLY * params.blend, CHANGED, scene.noise.luma)
    gone = with_light(with_others(brief_dissolves(cells, spread), gone), lit)
    gone = with_fades(gone, fades(scene, black))
    hard, blends = cuts(frames, scene, params)
    hard = without_smears(scene, hard)
    gone = [passage for passage in gone if not broken(scene, passage, hard)]
    passages, *others = (
        [passage for passage in found if of_two_pictures(scene, passage, hard)]
        for found in (gone, whips(cells, spread), wipes(cells, spread), slides(cells, spread))
    )
    for surer in (*others, irises(scene, black, params.flash)):
        passages = with_others(passages, surer)
    inside = {
        frame for passage in passages for frame in passage.whole
        if not passage.cut_at(frame) and not (frame in hard and passage.cut_beside(cells, frame))
    }  # fmt: skip
    hard = [frame for frame in hard if frame not in inside]
    blends = [event for event in blends if event.end in hard]
    limits = shot_limits(black, hard, passages)
    signs = marks(cells, limits)
    texts = [*texts, *(sign.line for sign in signs)]
    frames = unlettered(frames, cells, texts, [turn for sign in signs for turn in sign.turns])
    scale, noise = contrasts(frames, limits), block_noise(scene.noise)
    change = frames["change"].to_list()
    bettered = bettering(cells, change, noise)
    times = frames["time"].to_list()
    pace = liveliest(change, threshold(frames, scale, passages, [], noise, (), bettered), usual_step(times))
    plain = [unmixed(limit, passages) for limit in limits]
    known: Known = {}
    travels = [travels_of(scene, within, pace, params, known) for within in plain]
    steps: dict[int, Motion | None] = {}
    still = held_still(change, cells, scene.live, scene.noise, {*inside, *hard}, steps)
    swaying = [frame for frame, (own, left) in enumerate(zip(change, still, strict=True)) if left < own]
    travelled = [move for found in travels for move in found]
    level = threshold(frames, scale, passages, travelled, noise, swaying, bettered)
    quiet = min(level, threshold(frames, scale, passages, travelled, noise, swaying))
    away = inside | {
        frame for found in travels for move in found for frame in range(move.start, move.end + 1)
    }  # fmt: skip
    new = [frame for frame in range(1, len(change)) if change[frame] > level and frame not in away]
    mixed = mixed_changes(new, cells, CHANGED)
    step = film_step(usual_step(times), new, mixed)
    rows, seen = [], MaskedGrids(cells, texts)
    for shot, ((start, end), within, found) in enumerate(zip(limits, plain, travels, strict=True)):
        into = [p for p in passages if start <= p.boundary < end or p.boundary >= end == len(frames)]
        over = [event for event in blends if start <= event.start < end]
        # The end of a camera move is known to within STRIDE frames.
        moving = [(p.start, p.end) for p in passages] + [(move.start, move.end + STRIDE) for move in found]
        usual = level if noisy((start, end), bettered) else quiet
        own = shot_threshold(change, (start, end), max(usual * scale[start], min(usual, noise)),
                             [*moving, *((frame, frame) for frame in swaying)])  # fmt: skip
        # Figures that move under these say as much about thresholds as any.
        found = joined(found, drifts(cells, within, scene.live, scene.noise, _PACE * pace, found, steps))
        rows.append(
            {
                "shot": shot,
                "start": start,
                "end": end,
                "start_time": times[start],
                "end_time": times[min(end, len(times) - 1)],
                "camera": camera(found),
                "transition": next(
                    (p.kind for p in passages if p.boundary == start and not p.cut_at(start) and start not in hard),
                    "cut",
                ),
                "timing": timing(still, times, step, (start, end), own, moving, mixed),
                "threshold": own,
                "events": [asdict(Event(e.kind, e.start, e.end)) for e in (*into, *over, *found)],
                "lettering": lines_within(texts, start, end),
                "path": path_of(seen, end, found, params, known),
            }
        )
    return pl.DataFrame(rows, schema=dict(SHOTS))


def album(frames: pl.DataFrame) -> pl.DataFrame:
    """Return a row per picture (SHOTS), each a shot: whatever lies beside it in an album has nothing to do with it."""
    limits = [(frame, frame + 1) for frame in range(len(frames))]
    times, scale = frames["time"].to_list(), contrasts(frames, limits)
    usual = threshold(frames.clear(), scale[:0], [], [])
    rows = [
        {"shot": frame, "start": frame, "end": frame + 1, "start_time": times[frame],
         "end_time": times[min(frame + 1, len(times) - 1)], "camera": "static", "transition": "cut", "timing": 1.0,
         "threshold": usual * scale[frame], "events": [], "lettering": [], "path": []}
        for frame in range(len(frames))
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=dict(SHOTS))


def shot_limits(black: Sequence[bool], hard: Sequence[int], passages: Sequence[Passage]) -> list[Span]:
    """Return [start, end) of each shot of a video with a value in `black` per frame.

    A fade out of the black before the first picture, or into the black after the last, begins no shot.
    """
    soft = [p.boundary for p in passages if not all(black[p.end :]) and not all(black[: p.start])]
    starts = sorted({0, *hard, *soft})
    return list(zip(starts, [*starts[1:], len(black)], strict=True))


def unmixed(limit: Span, passages: Sequence[Passage]) -> Span:
    """Return what of a shot over `limit` is not mixed: of its stretches between passages the longest.

    Those to the shots around it leave one; a fade out of the first black, or into the last, begins no shot.
    """
    over = sorted((p.start, p.end) for p in passages if p.start < limit[1] and limit[0] < p.end)
    starts, ends = [limit[0], *(end for _, end in over)], [*(start for start, _ in over), limit[1]]
    return max(zip(starts, ends, strict=True), key=lambda span: span[1] - span[0])


def travels_of(scene: Scene, within: Span, pace: float, params: Params, known: Known) -> list[Event]:
    """Return the camera moves within the frames [start, end) of a shot that one motion explains over several frames.

    pace: in how many of its steps the picture changes where the video is at its liveliest; a camera moves in as many,
    and does not wait for held drawings. known: what of it is found between frames, added to.
    """
    found = moves(scene.cells, *within, params.camera, CHANGED, scene.live, known)
    return [move for move in found if going(scene.cells, move) >= _PACE * pace]


def path_of(
    seen: MaskedGrids, end: int, found: Sequence[Event], params: Params, known: Known
) -> list[dict[str, int | list[float]]]:
    """Return the camera's path through its moves in a shot that ends before frame `end`, as values of SHOTS."""
    return [
        {"frame": frame, "motion": motion[:2].ravel().round(_DIGITS).tolist()}
        for frame, motion in path(seen, found, end, params.camera, CHANGED, known)
    ]


def unlettered(
    frames: pl.DataFrame, cells: Grids, texts: Sequence[Lettering], turns: Sequence[Span] = ()
) -> pl.DataFrame:
    """Return the frames table with the `change` of frames at which text comes or goes, or fades, as without it.

    turns: further stretches of frames in which one of the texts comes or goes.
    """
    seen = MaskedGrids(cells, texts)
    change = frames["change"].to_list()
    fades = [(edge - FADE, edge + FADE) for line in texts for edge in (line.start, line.end)]
    for frame in sorted({frame for start, end in (*fades, *turns) for frame in range(start, end)}):
        if 0 < frame < len(frames):
            change[frame] = difference(seen[frame - 1], seen[frame])
    return frames.with_columns(change=pl.Series(change, dtype=pl.Float64))


def lines_within(texts: Sequence[Lettering], start: int, end: int) -> list[dict[str, float]]:
    """Return what of the lines stands in the frames [start, end), as values of STRETCH."""
    return [
        {"start": max(line.start, start), "end": min(line.end, end),
         **{side: getattr(line, side) for side in ("x0", "y0", "x1", "y1")}}
        for line in texts if line.start < end and start < line.end
    ]  # fmt: skip


def camera(found: Sequence[Event]) -> str:
    """Return the kind of the longest move, `static` if there is none."""
    return max(found, key=lambda move: move.end - move.start).kind if found else "static"


def in_words(table: pl.DataFrame) -> str:
    """Return how many shots there are, and of which kinds."""
    ways = ", ".join(f"{table['transition'].eq(way).sum()} {way}" for way in ("cut", "dissolve", "fade"))
    moving, level = table["camera"].ne("static").sum(), float(table["threshold"].to_numpy().mean())
    return f"{len(table)} shots ({ways}), {moving} with a moving camera, drawings differ by {level:.1f} or more"
