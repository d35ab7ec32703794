"""Compose the training set of a series: images, captions, buckets, repeats, and what is held out."""

from pathlib import Path

import typer

from genga.dataset.candidates import read_tables
from genga.dataset.dataset import dataset, in_words, read_said
from genga.dataset.styles import read_style
from genga.decisions.tag_rules import ruling_of
from genga.jobs.script import DATA, EPISODES, PARAMS, params_of, run, summary
from genga.params.dataset import Params
from genga.store.files import read_json
from genga.store.parquet import write_table
from genga.tables.dataset import DATASET
from genga.tables.left_out import LEFT_OUT


def main(
    in_data: Path = DATA,
    episodes: Path = EPISODES,
    in_characters: Path = typer.Option(..., help="table of who is who in the series"),
    out: Path = typer.Option(..., help="table of the training set of the series, by whose name it is called"),
    out_left_out: Path = typer.Option(..., help="table of the images that are not in it, with the reason"),
    intrude: float = typer.Option(..., help="crop.intrude: share of a head in a crop from which somebody is in it"),
    corrections: list[Path] = typer.Option([], help="tag_rules.csv, sentences.csv, tiers.csv of the series"),
    params: str = PARAMS,
) -> None:
    values, rules = params_of("dataset", Params, params), ruling_of(corrections)
    tables = read_tables(in_data, out.stem, read_json(episodes), in_characters)
    made = dataset(tables, values, read_style(Path(), values), intrude, rules, *read_said(corrections))
    rules.tell()
    made.tell()
    write_table(out_left_out, made.left_out, LEFT_OUT)
    write_table(out, made.table, DATASET)
    summary(f"dataset {out.stem}: {in_words(made)}")


if __name__ == "__main__":
    run(main)
