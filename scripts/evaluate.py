"""Judge a run's samples, select a checkpoint, and keep it under the run's name."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import typer

from genga.checkpoints import keep, read_checkpoints
from genga.command import PARAMS_HELP, params_of, run, summary
from genga.evaluate import OF_DATASET, OF_SAMPLE, evaluate, select_references
from genga.files import write_facts
from genga.image import Image
from genga.judges import look_at_references, look_at_samples, open_judges
from genga.onnx import batched
from genga.params.evaluate import Params
from genga.params.models import Params as Models
from genga.pictures import pictures
from genga.progress import progress
from genga.registry import load
from genga.selection import comparison, select, verdict
from genga.shards import ShardReader
from genga.store.parquet import read_table, write_table
from genga.tables.evaluate import EVALUATE
from genga.tables.shard import SHARD


def main(
    in_samples: Path = typer.Option(..., help="table of the run's samples"),
    in_dataset: Path = typer.Option(..., help="table of the series' dataset"),
    in_checkpoints: Path = typer.Option(..., help="the run's checkpoints.json"),
    out_scores: Path = typer.Option(..., help="JSON of the figures for each step and the selection"),
    out_table: Path = typer.Option(..., help="table with a row for each sample"),
    out_model: Path = typer.Option(..., help="the selected checkpoint, copied"),
    character: str = typer.Option("", help="the character the run learned; empty: all of the dataset"),
    negative: str = typer.Option("", help="the prompt of what the samples should not show: part of adherence"),
    params: str = typer.Option("", help=PARAMS_HELP),
    models: str = typer.Option("", help="section models as JSON"),
    threads: int = typer.Option(2, min=1, help="CPU threads of the models"),
) -> None:
    """Judge a run's samples, select a checkpoint, and keep it under the run's name."""
    values = params_of("evaluate", Params, params)
    registry = load(params_of("models", Models, models))
    checkpoints = read_checkpoints(in_checkpoints)
    samples = read_table(in_samples, {**OF_SAMPLE, **SHARD})
    references = select_references(read_table(in_dataset, {**OF_DATASET, **SHARD}), character or None, values)
    judges = open_judges(registry, values.crop_person, threads)
    batch, name = registry.section.batch, f"evaluate {checkpoints.run}"
    seen = look_at_samples(batched(images(samples, "sample", f"{name}: samples"), batch), judges)
    known = look_at_references(batched(images(references, "image", f"{name}: references"), batch), judges)
    table, against = evaluate(samples, seen, references, known, judges, values, character or None, negative)
    selected = select(table, values, against.counts["train"])
    figures = comparison(selected, against, judges.threshold, checkpoints, registry.summary(), character or None)
    keep(checkpoints.at(selected["selection"]["step"]), out_model)
    write_table(out_table, table, EVALUATE)
    write_facts(out_scores, figures)
    summary(f"{name}: {table.height} samples. {verdict(figures)} {registry.summary()}")


def images(rows: pl.DataFrame, key: str, what: str) -> Iterator[Image]:
    """Yield the picture of each row; `key` is the column of its id."""
    with ShardReader() as reader:
        yield from (image for _, image in progress(pictures(rows, key, reader), rows.height, what, "images"))


if __name__ == "__main__":
    run(main)
