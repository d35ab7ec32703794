"""Measure how good the stills of an episode are as pictures, and grade them."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import polars as pl
import typer

from genga.command import PARAMS_HELP, params_of, run, summary
from genga.onnx import batched
from genga.params.quality import Params
from genga.pictures import OF_STILLS, pictures
from genga.progress import progress
from genga.quality import quality
from genga.quality_text import OF_SHOTS, located
from genga.quality_text import OF_STILLS as PLACED
from genga.shards import ShardReader
from genga.store.parquet import read_table, write_table
from genga.tables.quality import QUALITY, TIERS


def main(
    in_stills: Path = typer.Option(..., help="stills table of the episode"),
    in_shots: Path = typer.Option(..., help="shots table of the episode: where burnt-in text was found"),
    out: Path = typer.Option(..., help="table of measures and tiers"),
    lettering: int = typer.Option(1, help="params.yaml:frames.lettering; 0: nobody has looked for burnt-in text"),
    params: str = typer.Option("", help=PARAMS_HELP),
    threads: int = typer.Option(2, min=1, help="stills measured at once"),
) -> None:
    """Measure how good the stills of an episode are as pictures, and grade them."""
    values = params_of("quality", Params, params)
    stills = read_table(in_stills, {**OF_STILLS, **PLACED})
    known = values.text == "located" and lettering > 0
    places = located(stills, read_table(in_shots, OF_SHOTS)) if known else None
    name = f"quality {out.parent.name}/{out.stem}"
    cv2.setNumThreads(1)  # a still is one thread's work
    with ShardReader() as shards, ThreadPoolExecutor(threads) as pool:
        shown = progress(pictures(stills, "still", shards), len(stills), name, "stills")
        table = quality(batched(shown, 4 * threads), values, places, pool.map)
    write_table(out, table, QUALITY)
    counts = dict(table["tier"].value_counts().iter_rows())
    why = table.filter(pl.col("reason") != "")["reason"].value_counts(sort=True).head(3).iter_rows()
    worst = ", ".join(f"{reason} {number}" for reason, number in sorted(why, key=lambda pair: (-pair[1], pair[0])))
    tiers = ", ".join(f"{counts.get(tier, 0)} {tier}" for tier in TIERS)
    summary(f"{name}: {len(stills)} stills: {tiers}{f' (most often: {worst})' if worst else ''}")


if __name__ == "__main__":
    run(main)
