"""Write the page of an episode for a person to check: its drawings, when they are on screen, close decisions."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import polars as pl
import typer

from genga.cellstore import CellReader
from genga.command import PARAMS_HELP, params_of, run, summary
from genga.exposure import exposures
from genga.files import write_json, write_text
from genga.params.review import Params
from genga.progress import progress
from genga.review import review
from genga.review_closest import OF_DEDUP, closest
from genga.review_figures import OF_FRAMES, OF_SHOTS, compose, rhythm, shots_of
from genga.review_pictures import grid_pictures, pair, thumbnails
from genga.shards import ShardReader
from genga.store.parquet import read_table
from genga.tables.grid import GRID
from genga.tables.shard import SHARD

STILLS = {"frame": pl.Int64, "width": pl.Int64, "height": pl.Int64, **SHARD}


def main(
    in_frames: Path = typer.Option(..., help="frames table of the episode"),
    in_shots: Path = typer.Option(..., help="shots table of the episode"),
    in_dedup: Path = typer.Option(..., help="dedup table of the episode"),
    in_stills: Path = typer.Option(..., help="stills table of the episode"),
    out_page: Path = typer.Option(..., help="the page, HTML"),
    out_figures: Path = typer.Option(..., help="its figures, JSON"),
    params: str = typer.Option("", help=PARAMS_HELP),
    threads: int = typer.Option(2, min=1, help="stills made small at once"),
) -> None:
    """Write the page of an episode for a person to check: its drawings, when they are on screen, close decisions."""
    values = params_of("review", Params, params)
    cv2.setNumThreads(1)  # a still is one thread's work
    measured, shots = read_table(in_frames, {**OF_FRAMES, **GRID}), read_table(in_shots, OF_SHOTS)
    dedup, stills = read_table(in_dedup, OF_DEDUP), read_table(in_stills, STILLS)
    frames = measured.select(list(OF_FRAMES))
    name = f"{out_page.parent.name}/{out_page.stem}"
    decisions = closest(dedup, values.closest)
    sheet = exposures(frames, dedup)
    figures = compose(name, frames, shots, dedup, sheet, decisions)
    with CellReader(measured) as cells, ShardReader() as shards, ThreadPoolExecutor(threads) as pool:
        files = zip(stills["frame"].to_list(), shards.read_rows(stills), strict=True)
        shown = progress(files, len(stills), f"review {name}", "stills")
        pictures = thumbnails(shown, values, pool)
        grids, pairs = grid_pictures(decisions, cells), [pair(one, cells) for one in decisions]
    shape = stills.select("width", "height").row(0) if len(stills) else (16, 9)
    of_time = rhythm(sheet, figures["seconds"])
    write_text(out_page, review(figures, shots_of(shots, dedup, sheet), of_time, pictures, grids, pairs, shape))
    write_json(out_figures, figures)
    size = out_page.stat().st_size / 1e6
    summary(f"review {name}: {len(pictures)} drawings, {len(decisions)} close decisions, {size:.1f} MB, {out_page}")


if __name__ == "__main__":
    run(main)
