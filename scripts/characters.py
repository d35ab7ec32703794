"""Cluster the crops of a series by who is on them, and give the clusters the names that people decided."""

import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import typer

from genga.characters import OF_CROP, OF_EMBED, OF_STILLS, characters
from genga.command import PARAMS_HELP, params_of, run, summary
from genga.embedder import open_embedder
from genga.files import read_json, write_text
from genga.image import Image
from genga.images import decode
from genga.names import read_names
from genga.params.characters import Params
from genga.params.models import Params as Models
from genga.registry import load
from genga.shards import ShardReader
from genga.sheet import sheet
from genga.store.parquet import read_episodes, write_table
from genga.tables.characters import CHARACTERS
from genga.tables.shard import SHARD


def main(
    in_crop: Path = typer.Option(..., help="folder of the episodes' crop tables"),
    in_embed: Path = typer.Option(..., help="folder of their embed tables"),
    in_stills: Path = typer.Option(..., help="folder of their stills tables"),
    episodes: Path = typer.Option(..., help="file that names the episodes, a JSON list"),
    out: Path = typer.Option(..., help="table of who is who"),
    out_sheet: Path = typer.Option(..., help="HTML page of the clusters, to name them by"),
    names: Path | None = typer.Option(None, help="CSV of names: crop, character, outfit, scope, who, why"),
    params: str = typer.Option("", help=PARAMS_HELP),
    models: str = typer.Option("", help="section models as JSON"),
    threads: int = typer.Option(2, min=1, help="CPU threads of the embedder"),
) -> None:
    """Cluster the crops of a series by who is on them, and give the clusters the names that people decided."""
    values = params_of("characters", Params, params)
    embedder = open_embedder(load(params_of("models", Models, models)), threads)
    listed: list[str] = read_json(episodes)
    crops = read_episodes(in_crop, listed, {**OF_CROP, **SHARD})
    given = read_names(names) if names else []
    found = characters(
        crops,
        read_episodes(in_embed, listed, OF_EMBED),
        read_episodes(in_stills, listed, OF_STILLS),
        given,
        embedder.differences,
        embedder.threshold,
        values,
    )
    for warning in found.warnings:
        print(f"{names}: {warning}", file=sys.stderr)
    with ShardReader() as reader:
        page = sheet(out.stem, found.table, found.medoids, _images(crops, reader), values.sheet_crops)
    write_text(out_sheet, page)
    write_table(out, found.table, CHARACTERS)
    summary(_summary(out.stem, found.table))


def _images(crops: pl.DataFrame, reader: ShardReader) -> Callable[[str], Image]:
    places = {row[0]: row[1:] for row in crops.filter("kept").select("crop", *SHARD).iter_rows()}

    def image_of(crop: str) -> Image:
        return decode(reader.read(*places[crop]), crop)

    return image_of


def _summary(series: str, table: pl.DataFrame) -> str:
    """How many crops, clusters, strays and names."""
    people = table["character"].drop_nulls().value_counts().sort("character")
    named = ", ".join(f"{name or 'nobody'} {count}" for name, count in people.iter_rows()) or "none yet"
    clusters = table.filter(pl.col("cluster") >= 0)["cluster"].n_unique()
    strays = table.filter(pl.col("cluster") < 0).height
    return f"characters {series}: {table.height} crops, {clusters} clusters, {strays} in none; named: {named}"


if __name__ == "__main__":
    run(main)
