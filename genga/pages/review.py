"""The page of an episode: what was made of its frames, for a person to look through and correct.

Its kept drawings shot by shot, each with how long it is on screen, which drawing is on screen when, and the closest
decisions side by side, each with the line that overrules it.
"""

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from genga.decisions.csv import KINDS, path_of
from genga.drawings.exposure_sheet import exposures
from genga.drawings.reasons import ANSWERS, meanings
from genga.jobs.script import progress
from genga.pages._review.charts import busy, exposed, strip
from genga.pages._review.figures import OF_FRAMES, OF_SHOTS, compose, rhythm, shots_of
from genga.pages._review.pictures import Pair, grid_pictures, pair, thumbnails
from genga.pages.closest import OF_DEDUP, closest
from genga.pages.html import page
from genga.params.review import Params
from genga.store.parquet import read_table
from genga.store.shards import ShardReader
from genga.tables.frames import GRID
from genga.tables.schema import SHARD, only
from genga.tables.stills import STILLS
from genga.video.grid_store import CellReader

TEMPLATE, STYLE = "review.html.j2", "review.css"

OF_STILLS = only(STILLS, "frame", "width", "height", *SHARD)


class Tables(NamedTuple):
    """What other stages say of an episode."""

    frames: pl.DataFrame  # OF_FRAMES and GRID
    shots: pl.DataFrame  # OF_SHOTS
    dedup: pl.DataFrame  # OF_DEDUP
    stills: pl.DataFrame  # OF_STILLS


def read_tables(frames: str | Path, shots: str | Path, dedup: str | Path, stills: str | Path) -> Tables:
    """Read an episode's tables."""
    return Tables(
        read_table(frames, {**OF_FRAMES, **GRID}),
        read_table(shots, OF_SHOTS),
        read_table(dedup, OF_DEDUP),
        read_table(stills, OF_STILLS),
    )


class Reviewed(NamedTuple):
    """An episode's page, and its figures as data."""

    page: str
    figures: dict[str, Any]


def review(name: str, tables: Tables, params: Params, threads: int = 1) -> Reviewed:
    """Return the page of an episode, with progress on stderr.

    name: series/episode. threads: stills made small at once.
    """
    measured, shots, dedup, stills = tables
    frames = measured.select(list(OF_FRAMES))
    calls, sheet = closest(dedup, params.closest), exposures(frames, dedup)
    figures = compose(name, frames, shots, dedup, sheet, calls)
    with CellReader(measured) as cells, ShardReader() as shards, ThreadPoolExecutor(threads) as pool:
        files = zip(stills["frame"].to_list(), shards.read_rows(stills), strict=True)
        pictures = thumbnails(progress(files, len(stills), f"review {name}", "stills"), params, pool)
        grids, pairs = grid_pictures(calls, cells), [pair(one, cells) for one in calls]
    shape = stills.select("width", "height").row(0) if len(stills) else (16, 9)
    of_time = rhythm(sheet, figures["seconds"])
    return Reviewed(page_of(figures, shots_of(shots, dedup, sheet), of_time, pictures, grids, pairs, shape), figures)


def page_of(
    figures: Mapping[str, Any],
    shots: Sequence[Mapping[str, Any]],
    rhythm: Sequence[Mapping[str, float]],
    pictures: Mapping[int, str],
    grids: Mapping[int, str],
    pairs: Sequence[Pair],
    shape: tuple[int, int],
) -> str:
    """Return the page.

    figures, shots, rhythm: see review_figures. pictures: data URIs of the kept drawings by frame; grids: likewise of
    the frames that were compared; pairs: where they differ, for each of figures["closest"]. shape: width and height of
    a still, px.
    """
    return page(
        TEMPLATE,
        STYLE,
        **figures,
        all_shots=shots,
        rhythm=busy(rhythm),
        strips=[(strip(shot), exposed(shot)) for shot in shots],
        pictures=pictures,
        grids=grids,
        pairs=pairs,
        shape=shape,
        why=meanings(figures["reasons"]),
        answers=ANSWERS,
        corrections=path_of("frames", figures["series"], figures["episode"]),
        columns=KINDS["frames"].header,
        scale=scale,
    )


def scale(difference: float, threshold: float) -> float:
    """Return where a difference lies on a scale around its threshold, 0..100: a quarter of it, it (50), four times."""
    ratio = max(difference, 1e-9) / threshold
    return round(50 + 25 * max(-2.0, min(2.0, math.log2(ratio))), 1)
