"""Judge a run's samples, select a checkpoint, and keep it under the run's name."""

from pathlib import Path

import typer

from genga.evaluation.evaluate import OF_DATASET, OF_SAMPLE, evaluate, select_references
from genga.evaluation.evaluators import look_at_references, look_at_samples, open_judges
from genga.evaluation.selection import comparison, select
from genga.evaluation.verdict import verdict
from genga.images.reading import batched, images_of
from genga.jobs.script import MODELS, PARAMS, THREADS, params_of, run, summary
from genga.models.registry import models_of
from genga.params.evaluate import Params
from genga.store.files import write_facts
from genga.store.parquet import read_table, write_table
from genga.tables.evaluate import EVALUATE
from genga.tables.schema import SHARD
from genga.training.checkpoints import keep, read_checkpoints


def main(
    in_samples: Path = typer.Option(..., help="table of the run's samples"),
    in_dataset: Path = typer.Option(..., help="table of the series' dataset"),
    in_checkpoints: Path = typer.Option(..., help="the run's checkpoints.json"),
    out_scores: Path = typer.Option(..., help="JSON of the figures for each step and the selection"),
    out_table: Path = typer.Option(..., help="table with a row for each sample"),
    out_model: Path = typer.Option(..., help="the selected checkpoint, copied"),
    character: str = typer.Option("", help="the character the run learned; empty: all of the dataset"),
    negative: str = typer.Option("", help="the prompt of what the samples should not show: part of adherence"),
    params: str = PARAMS,
    models: str = MODELS,
    threads: int = THREADS,
) -> None:
    values, registry = params_of("evaluate", Params, params), models_of(models)
    checkpoints, batch = read_checkpoints(in_checkpoints), registry.section.batch
    name, who = f"evaluate {checkpoints.run}", character or None
    samples = read_table(in_samples, {**OF_SAMPLE, **SHARD})
    references = select_references(read_table(in_dataset, {**OF_DATASET, **SHARD}), who, values)
    judges = open_judges(registry, values.crop_person, threads)
    seen = look_at_samples(batched(images_of(samples, "sample", f"{name}: samples"), batch), judges)
    known = look_at_references(batched(images_of(references, "image", f"{name}: references"), batch), judges)
    table, against = evaluate(samples, seen, references, known, judges, values, who, negative)
    selected = select(table, values, against.counts["train"])
    figures = comparison(selected, against, judges.threshold, checkpoints, registry.summary(), who)
    keep(checkpoints.at(selected["selection"]["step"]), out_model)
    write_table(out_table, table, EVALUATE)
    write_facts(out_scores, figures)
    summary(f"{name}: {table.height} samples. {verdict(figures)} {registry.summary()}")


if __name__ == "__main__":
    run(main)
