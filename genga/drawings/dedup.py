"""Find the frames that show the same drawing, and keep one of each.

A frame shows a new drawing when its largest local difference to the first frame of the drawing before it exceeds the
video's threshold (genga.drawings._dedup.holds); a drawing that was there before, in this shot or another, is found
again (genga.drawings._dedup.recurring). Every frame gets a row that says which frame stands for it and why; a person's
decision wins.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from genga.decisions.frames import DROPPED, Verdict, stands_for
from genga.drawings._dedup.camera import View, standing, views_of
from genga.drawings._dedup.drawings import drawings, event_frames, least
from genga.drawings._dedup.flashes import flashes
from genga.drawings._dedup.holds import Run, Sway
from genga.drawings._dedup.passing import settled
from genga.drawings._dedup.recurring import (
    differences,
    held_still,
    proposals,
    recurring_threshold,
    repeats,
    shot_levels,
)
from genga.drawings._dedup.rolling import credits
from genga.drawings._dedup.series import Film, shared
from genga.drawings._text.tracks import Lettering, MaskedGrids, difference, mask_of
from genga.drawings.margins import Asked, closer, recurring
from genga.drawings.overlays import layers
from genga.drawings.static_tiles import block_noise, noise_of
from genga.params.dedup import Params
from genga.store.parquet import read_table
from genga.tables.dedup import CAMERA, DEDUP, KEPT, STITCHED
from genga.tables.frames import FRAMES
from genga.tables.shots import SHOTS
from genga.video.grid_store import PASSED, CellReader
from genga.video.luma_grid import Grids

GRADUAL = ("dissolve", "fade")
Row = tuple[int | None, str, float | None]  # keeper, reason, distance


@dataclass(frozen=True)
class Episode:
    """What other stages say of an episode, and of an earlier one also what this stage did."""

    name: str  # without its series
    frames: pl.DataFrame  # the table frames
    shots: pl.DataFrame  # the table shots
    cells: Grids  # by frame number
    keepers: pl.DataFrame | None = None  # DEDUP


def read_episode(
    name: str, frames: str | Path, shots: str | Path, keepers: str | Path | None, stack: ExitStack
) -> Episode:
    """Read an episode's tables; its grids stay open in `stack`."""
    measured = read_table(frames, FRAMES)
    cells = stack.enter_context(CellReader(measured) if keepers else CellReader(measured, kept=PASSED))
    return Episode(name, measured, read_table(shots, SHOTS), cells, read_table(keepers, DEDUP) if keepers else None)


def dedup(
    own: Episode, decided: Mapping[int, Verdict], params: Params, earlier: Sequence[Episode] = ()
) -> pl.DataFrame:
    """Return a row per frame of `own` (DEDUP), in order.

    decided: what a person decided, by frame. earlier: the episodes whose drawings are looked for, the first one first.
    """
    restored = [frame for frame, verdict in decided.items() if verdict.verb == "keep"]
    found = own_drawings(own.frames, own.shots, own.cells, restored, params)
    table = shared(_film(own, found, params), [_film(one, one.keepers, params) for one in earlier], params)
    return dropped(table, decided)


def _film(episode: Episode, keepers: pl.DataFrame | None, params: Params) -> Film:
    assert keepers is not None
    return Film(episode.name, keepers, episode.frames, episode.cells, ignored(episode.shots, params))


def own_drawings(
    frames: pl.DataFrame,
    shots: pl.DataFrame,
    cells: Grids,
    restored: Collection[int],
    params: Params,
) -> pl.DataFrame:
    """Return a row per frame (DEDUP), in order, of an episode by itself.

    frames, shots: their tables. cells: the grids by frame number. restored: frames that a person keeps.
    """
    black = set(frames.filter(pl.col("luma") + 2 * pl.col("contrast") < params.black)["frame"])
    rows: dict[int, Row] = {frame: (None, "black", None) for frame in black}
    mixed = event_frames(shots, GRADUAL).keys()
    rows |= {frame: (None, "dissolve", None) for frame in mixed if frame not in black}
    lines = ignored(shots, params)
    rolling = credits(frames, cells[0].shape) if lines else []
    seen = MaskedGrids(cells, [line for line in lines if not any(one.has(line, cells[0].shape) for one in rolling)])
    noise = noise_of(cells)
    moving = any(end > start + 1 for start, end in shots.select("start", "end").rows())
    sway = Sway(noise, *layers(cells, noise, mask_of(texts(shots), cells[0].shape))) if moving else None
    found = drawings(frames, shots, seen, sway, rows.keys(), params, rolling)
    lit = flashes(found, seen, params.flash, least(shots, params)) if moving else set()  # a page is white for good
    rows |= {frame: (None, "flash", None) for k in lit for frame in (*found[k].frames, *found[k].blends)}
    found = [run for k, run in enumerate(found) if k not in lit]
    keepers = [keeper(run, frames, seen, params) for run in found]
    seen.instead |= {
        keeper: settled([seen[frame].cells for frame in run.frames])
        for run, keeper in zip(found, keepers, strict=True) if run.weather
    }  # fmt: skip
    stands = standing(found, params.camera, frames["sharpness"].gather(keepers).to_list())
    first, again = first_seen(
        found, stands, keepers, frames, seen, least(shots, params), block_noise(noise), params, sway
    )
    way = STITCHED if params.camera == STITCHED else CAMERA
    kept_for = [keepers[first[stand]] for stand in stands]
    for k, run in enumerate(found):
        held = "weather" if run.weather else "held"
        reason = way if stands[k] != k or run.travel else ("recurring" if first[k] != k else held)
        rows |= run_rows(run, kept_for[k], reason, seen)
    paths = dict(shots.select("shot", "path").iter_rows())
    views = views_of(found, stands, keepers, kept_for, paths, seen, least(shots, params))
    rows |= {frame: (frame, "restored", rows[frame][2]) for frame in restored}
    shot_of = [shot for shot, start, end in shots.select("shot", "start", "end").rows() for _ in range(start, end)]
    asked = closer([*(run.asked for run in found), again])
    nothing = (None,) * len(Asked._fields)
    data = [
        (frame, shot, *rows[frame], None, *asked.get(frame, nothing), *views.get(frame, View()))
        for frame, shot in enumerate(shot_of)
    ]
    return pl.DataFrame(data, schema=dict(DEDUP), orient="row")


def ignored(shots: pl.DataFrame, params: Params) -> list[Lettering]:
    """Return the lines of burnt-in text, none if they count."""
    return texts(shots) if params.text == "ignore" else []


def texts(shots: pl.DataFrame) -> list[Lettering]:
    """Return the lines of burnt-in text that the shots table says."""
    return [Lettering(**line) for lines in shots["lettering"].to_list() for line in lines]


def keeper(run: Run, frames: pl.DataFrame, seen: MaskedGrids, params: Params) -> int:
    """Return the frame that stands for a drawing: its sharpest, the earliest of equals, or its first.

    One without burnt-in text, or with the least: letters are sharp, but are not drawn.
    """
    least_text = min(seen.lettered(frame) for frame in run.frames)
    clean = [frame for frame in run.frames if seen.lettered(frame) == least_text]
    if params.keep == "first":
        return clean[0]
    sharpness = frames["sharpness"].gather(clean)
    return clean[int(sharpness.arg_max() or 0)]


def first_seen(
    found: Sequence[Run],
    stands: Sequence[int],
    keepers: Sequence[int],
    frames: pl.DataFrame,
    seen: MaskedGrids,
    new: Mapping[int, float],
    noise: float,
    params: Params,
    sway: Sway | None,
) -> tuple[dict[int, int], dict[int, Asked]]:
    """Return for each run that stands for itself the run that first showed its drawing: itself, or an earlier one.

    And for each keeper that has a like before it, how near the nearest of them is.

    new: for each shot the block difference from which a drawing is new. noise: what grain alone does not reach. sway:
    None where no picture moves.
    """
    own = [k for k, stand in enumerate(stands) if stand == k]
    proposed = proposals(frames["signature"].gather([keepers[k] for k in own]).to_list(), params.signature)
    distances = differences(seen, [keepers[k] for k in own], proposed)
    if params.recurring is None:
        in_shots, steps = [found[k].shot for k in own], [found[k].distance for k in own]
        held = float(np.median([new[shot] for shot in in_shots]))
        level = recurring_threshold(distances, noise, held)
        levels = shot_levels(in_shots, steps, new, proposed, distances, level)
    else:
        levels = [params.recurring] * len(own)
    if sway is not None:
        swaying = {run.shot for run in found if run.sways}
        places = [(found[k].shot, keepers[k]) for k in own]
        distances = held_still(seen, places, proposed, distances, new, sway, swaying)
    told = {i for i, k in enumerate(own) if i and own[i - 1] == k - 1 and faintly_told(found[k], new)}
    again = repeats(proposed, distances, levels, told)
    asked = recurring([keepers[k] for k in own], proposed, distances, again, levels)
    return {k: own[again.get(i, i)] for i, k in enumerate(own)}, asked


def faintly_told(run: Run, new: Mapping[int, float]) -> bool:
    """Whether a change below its shot's threshold tells a run from the one before it. new: as in `first_seen`."""
    return run.fresh and not run.travel and run.distance is not None and run.distance <= new[run.shot]


def run_rows(run: Run, keeper: int, reason: str, seen: MaskedGrids) -> dict[int, Row]:
    """Return the rows of a run's frames: `keeper` stands for them for `reason`, and for itself."""
    stands = seen[keeper]
    rows: dict[int, Row] = {frame: (keeper, reason, difference(stands, seen[frame])) for frame in run.frames}
    rows |= {frame: (keeper, "blend", difference(stands, seen[frame])) for frame in run.blends}
    if keeper in rows:
        rows[keeper] = (keeper, "kept", run.distance)
    return rows


def dropped(table: pl.DataFrame, decided: Mapping[int, Verdict]) -> pl.DataFrame:
    """Return the table without the drawings that a person dropped, whichever frame stands for them.

    A drawing that an earlier episode keeps, or that was another when the frame was dropped, stays: open_drops says so.
    """
    rows = table.select("keeper", "keeper_episode").rows()
    drops = {frame: verdict for frame, verdict in decided.items() if verdict.verb == "drop"}
    shown = [(*rows[frame], verdict) for frame, verdict in drops.items()]
    gone = {keeper for keeper, home, one in shown if keeper is not None and not home and stands_for(one, keeper)}
    out = pl.col("keeper_episode").is_null() & pl.col("keeper").is_in(gone) | pl.col("keeper").is_null() & pl.col(
        "frame"
    ).is_in(drops.keys())
    return table.with_columns(
        keeper=pl.when(~out).then("keeper"),
        reason=pl.when(out).then(pl.lit(DROPPED)).otherwise("reason"),
        distance=pl.when(~out).then("distance"),
    )


def in_words(table: pl.DataFrame) -> str:
    """Return how many drawings there are, and what became of all the frames."""
    counts = sorted(table["reason"].value_counts().rows(), key=lambda row: (-row[1], row[0]))
    kept = table["reason"].is_in(KEPT).sum()
    return f"{kept} drawings in {len(table)} frames ({', '.join(f'{number} {why}' for why, number in counts)})"
