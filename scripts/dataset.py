"""Compose the training set of a series: images, captions, buckets, repeats, and what is held out."""

import sys
from pathlib import Path

import polars as pl
import typer

from genga.candidates import (
    OF_CHARACTERS,
    OF_CROP,
    OF_DETECT,
    OF_FRAMES,
    OF_QUALITY,
    OF_STILLS,
    OF_TAG,
    Tables,
    with_signatures,
)
from genga.command import PARAMS_HELP, params_of, run, summary
from genga.dataset import Outcome, counted, dataset
from genga.files import read_json
from genga.params.dataset import Params
from genga.store.parquet import read_episodes, read_table, write_table
from genga.tables.dataset import DATASET
from genga.tables.left_out import LEFT_OUT


def main(
    in_crop: Path = typer.Option(..., help="folder of the episodes' crop tables"),
    in_stills: Path = typer.Option(..., help="folder of their stills tables"),
    in_frames: Path = typer.Option(..., help="folder of their frames tables"),
    in_detect: Path = typer.Option(..., help="folder of their detect tables"),
    in_tag: Path = typer.Option(..., help="folder of their tag tables"),
    in_quality: Path = typer.Option(..., help="folder of their quality tables"),
    episodes: Path = typer.Option(..., help="file that names the episodes, a JSON list"),
    in_characters: Path = typer.Option(..., help="table of who is who in the series"),
    out: Path = typer.Option(..., help="table of the training set"),
    out_left_out: Path = typer.Option(..., help="table of the images that are not in it, with the reason"),
    params: str = typer.Option("", help=PARAMS_HELP),
) -> None:
    """Compose the training set of a series: images, captions, buckets, repeats, and what is held out."""
    values = params_of("dataset", Params, params)
    listed: list[str] = read_json(episodes)
    tables = Tables(
        crops=read_episodes(in_crop, listed, OF_CROP),
        stills=pl.concat(
            with_signatures(read_episodes(in_stills, [name], OF_STILLS), read_episodes(in_frames, [name], OF_FRAMES))
            for name in listed
        ),
        persons=read_episodes(in_detect, listed, OF_DETECT),
        tags=read_episodes(in_tag, listed, OF_TAG),
        quality=read_episodes(in_quality, listed, OF_QUALITY),
        names=read_table(in_characters, OF_CHARACTERS),
    )
    made = dataset(tables, values)
    for warning in made.warnings:
        print(warning, file=sys.stderr)
    for name, tags in made.core.items():
        print(f"{name} stands for: {', '.join(tags) or 'no tag'}", file=sys.stderr)
    write_table(out_left_out, made.left_out, LEFT_OUT)
    write_table(out, made.table, DATASET)
    summary(_summary(out.stem, made))


def _summary(series: str, made: Outcome) -> str:
    """How many images there are on each side, of whom, in how many buckets, and how many were left out."""
    sides = dict(made.table["split"].value_counts().iter_rows())
    people = made.table["character"].drop_nulls().value_counts().sort("character").iter_rows()
    buckets = made.table.select("bucket_width", "bucket_height").n_unique()
    named = ", ".join(f"{name} {count}" for name, count in people) or "nobody named"
    return (
        f"dataset {series}: {sides.get('train', 0)} images to train on, {sides.get('held-out', 0)} held out, "
        f"{buckets} buckets; {named}; left out: {counted(made.left_out)}"
    )


if __name__ == "__main__":
    run(main)
