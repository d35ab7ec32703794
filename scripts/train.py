"""Train the LoRA of a run: its checkpoints and their list, the ledger of what was seen when, its losses."""

import sys
from functools import partial
from pathlib import Path

import typer

from genga.jobs.script import MODELS, PARAMS, TOGETHER, params_of, run, summary
from genga.models.registry import models_of
from genga.params.train import Params
from genga.store.parquet import write_table
from genga.tables.run_left_out import RUN_LEFT_OUT
from genga.training.device import device_of, use_threads
from genga.training.distributed import processes
from genga.training.examples import opened, tell_cut_captions, tell_left_out
from genga.training.families.family import family_of, load_base
from genga.training.held_out import chosen
from genga.training.launch import launch, launched, without
from genga.training.resume import RunFolder
from genga.training.train import in_words, train, write


def main(
    in_dataset: list[Path] = typer.Option([], help="a series' table of training images; of several each"),
    name: str = typer.Option(..., "--run", help="the run's name; its checkpoints are named after it"),
    out: Path = typer.Option(..., help="the run's folder: models/<run>"),
    character: str = typer.Option("", help="whose images are learnt; empty: all in the dataset"),
    base: str = typer.Option("base", help="role of the run's base in models.yaml"),
    cache: Path = typer.Option(Path(".cache/latents"), help="folder of encoded images, shared by all runs"),
    models: str = MODELS,
    params: str = PARAMS,
    config: str = typer.Option("", "--launch", help="configuration of accelerate: train by several processes"),
    machine: int = typer.Option(0, help="of the configuration's machines this one, 0..; 0 writes the run"),
    in_clipset: Path | None = typer.Option(None, help="the series' table of clips, for a base that moves"),
    scaling: str = typer.Option("", help="params.yaml:stills.scaling, by which frames of clips get their px"),
    resolution: int | None = typer.Option(None, help="params.yaml:dataset.resolution, unless its buckets are a list"),
    joined: str = TOGETHER,
) -> None:
    if config:
        launch(config, __file__, without(sys.argv[1:], "--launch", "--machine"), machine)
        return
    with launched():
        values, registry = params_of(f"train:{name}", Params, params), models_of(models)
        use_threads(values.threads)
        model, device = registry.model(base), device_of(registry.section.device)
        family = family_of(model)
        if family.clips is None:
            learnt = opened(in_dataset, joined, character, family.side)
        else:
            stills = next(iter(in_dataset), None)
            learnt = family.clips.opened(in_clipset, stills, character, family.side, scaling, values.threads)
        held, loaded = chosen(learnt.held, learnt.examples, values.held_out), load_base(model, values)
        together, folder = processes(device), RunFolder(out, name)
        if together.is_first:
            tell_cut_captions(learnt.examples, loaded, name, values.windows)
        with learnt.reading() as read:
            how = partial(train, together=together, held=held, resolution=resolution)
            trained = how(learnt.examples, read, loaded, values, folder, cache, device)
        together.end()
        if together.is_first:
            tell_left_out(learnt.left_out, name)
            write_table(folder.path / "left_out.parquet", learnt.left_out, RUN_LEFT_OUT)
            write(trained, folder, loaded, learnt.examples, character, values)
            summary(f"train {name}: {in_words(trained, learnt.examples)}")


if __name__ == "__main__":
    run(main)
