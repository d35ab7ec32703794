"""Cluster the crops of a series by who is on them, and give the clusters the names that people decided."""

from pathlib import Path

import typer

from genga.images.reading import reading
from genga.jobs.script import DATA, EPISODES, MODELS, PARAMS, THREADS, params_of, run, summary
from genga.models.registry import models_of
from genga.pages.contact_sheet import doubts, sheet
from genga.params.characters import Params
from genga.people.characters import in_words, open_embedder, read_tables, who_is_who, without_effect
from genga.store.files import read_json, write_text
from genga.store.parquet import write_table
from genga.tables.characters import CHARACTERS, OPEN


def main(
    in_data: Path = DATA,
    episodes: Path = EPISODES,
    out: Path = typer.Option(..., help="table of who is who in the series, by whose name it is called"),
    out_sheet: Path = typer.Option(..., help="HTML page of the clusters, to name them by"),
    out_open: Path = typer.Option(..., help="table of decisions about the series that take no effect"),
    decided: Path | None = typer.Option(None, help="JSON list of what people decided: files under corrections/"),
    params: str = PARAMS,
    models: str = MODELS,
    threads: int = THREADS,
) -> None:
    values, embedder = params_of("characters", Params, params), open_embedder(models_of(models), threads)
    tables = read_tables(in_data, out.stem, read_json(episodes), decided)
    with reading(tables.crops.filter("kept"), "crop") as read:
        told = who_is_who(tables, embedder, values, read)
        write_table(out_open, without_effect(tables, told), OPEN)
        write_text(out_sheet, sheet(out.stem, told, read, values.sheet_crops, doubts(tables, values.sheet_tags)))
    write_table(out, told.table, CHARACTERS)
    summary(f"characters {out.stem}: {in_words(told.table)}")


if __name__ == "__main__":
    run(main)
