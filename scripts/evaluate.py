"""Judge a run's samples, select a checkpoint, and keep it under the run's name."""

from pathlib import Path

import typer

from genga.dataset.together import read
from genga.evaluation.drawn_clips import drawn_clips, learnt_clips
from genga.evaluation.evaluate import OF_DATASET, OF_SAMPLE, evaluate, select_references
from genga.evaluation.evaluators import look_at_references, look_at_samples, open_judges
from genga.evaluation.judged_motion import Moving
from genga.evaluation.selection import comparison, select, styles_compared
from genga.evaluation.verdict import verdict
from genga.evaluation.watching import watched
from genga.images.reading import batched, images_of
from genga.jobs.script import MODELS, PARAMS, THREADS, TOGETHER, params_of, run, summary
from genga.models.registry import models_of
from genga.params.evaluate import Params
from genga.store.files import write_facts
from genga.store.parquet import read_table, write_table
from genga.tables.evaluate import EVALUATE
from genga.tables.schema import SHARD
from genga.training.checkpoints import keep, read_checkpoints


def main(
    in_samples: Path = typer.Option(..., help="table of the run's samples"),
    in_dataset: list[Path] = typer.Option(..., help="table of the series' dataset; of several each"),
    in_checkpoints: Path = typer.Option(..., help="the run's checkpoints.json"),
    out_scores: Path = typer.Option(..., help="JSON of the figures for each step and the selection"),
    out_table: Path = typer.Option(..., help="table with a row for each sample"),
    out_model: Path = typer.Option(..., help="the selected checkpoint, copied"),
    character: str = typer.Option("", help="the character the run learned; empty: all of the dataset"),
    negative: str = typer.Option("", help="the prompt of what the samples should not show: part of adherence"),
    in_clipset: Path | None = typer.Option(None, help="table of the series' clips, of a base that moves"),
    base: str = typer.Option("base", help="role of the run's base in models.yaml; likewise"),
    scaling: str = typer.Option("", help="params.yaml:stills.scaling, by which frames of clips get their px; likewise"),
    params: str = PARAMS,
    models: str = MODELS,
    threads: int = THREADS,
    how: str = TOGETHER,
) -> None:
    values, registry = params_of("evaluate", Params, params), models_of(models)
    checkpoints, batch = read_checkpoints(in_checkpoints), registry.section.batch
    name, who = f"evaluate {checkpoints.run}", character or None
    samples = read_table(in_samples, {**OF_SAMPLE, **SHARD})
    references = select_references(read(in_dataset, how, {**OF_DATASET, **SHARD}).table, who, values)
    judges = open_judges(registry, values.crop_person, threads)
    looks = watched(samples, values.clips.frames)
    seen = look_at_samples(batched(looks.images(f"{name}: samples"), batch), judges)
    known = look_at_references(batched(images_of(references, "image", f"{name}: references"), batch), judges)
    moving = None
    if in_clipset is not None:
        learnt = learnt_clips(registry.model(base), in_clipset, character, scaling, threads)
        moving = Moving(drawn_clips(learnt, judges, values), learnt.examples)
    table, against = evaluate(looks, seen, references, known, judges, values, who, negative, moving)
    selected = select(table, values, against.counts["train"])
    step = selected["selection"]["step"]
    style = styles_compared(table, samples, step, values)
    motion = moving.drawn.as_dict(values.clips.inside) if moving else None
    figures = comparison(selected, against, judges.threshold, checkpoints, registry.summary(), who, motion, style)
    keep(checkpoints.at(step), out_model)
    write_table(out_table, table, EVALUATE)
    write_facts(out_scores, figures)
    summary(f"{name}: {table.height} samples. {verdict(figures)} {registry.summary()}")


if __name__ == "__main__":
    run(main)
