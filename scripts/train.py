"""Train the LoRA of a run: its checkpoints and their list, the ledger of what was seen when, its losses."""

import sys
from pathlib import Path

import typer

from genga.images.reading import reading
from genga.jobs.script import MODELS, PARAMS, params_of, run, summary
from genga.models.registry import models_of
from genga.params.train import Params
from genga.store.parquet import read_table
from genga.training.device import device_of, use_threads
from genga.training.distributed import processes
from genga.training.examples import OF_DATASET, examples_of, held_out_of, tell_cut_captions
from genga.training.families.family import family_of, load_base
from genga.training.held_out import chosen
from genga.training.launch import launch, launched, without
from genga.training.resume import RunFolder
from genga.training.train import in_words, train, write


def main(
    in_dataset: Path = typer.Option(..., help="the series' table of training images"),
    name: str = typer.Option(..., "--run", help="the run's name; its checkpoints are named after it"),
    out: Path = typer.Option(..., help="the run's folder: models/<run>"),
    character: str = typer.Option("", help="whose images are learnt; empty: all in the dataset"),
    base: str = typer.Option("base", help="role of the run's base in models.yaml"),
    cache: Path = typer.Option(Path(".cache/latents"), help="folder of encoded images, shared by all runs"),
    models: str = MODELS,
    params: str = PARAMS,
    config: str = typer.Option("", "--launch", help="configuration of accelerate: train by several processes"),
    machine: int = typer.Option(0, help="of the configuration's machines this one, 0..; 0 writes the run"),
) -> None:
    if config:
        launch(config, __file__, without(sys.argv[1:], "--launch", "--machine"), machine)
        return
    with launched():
        values, registry = params_of(f"train:{name}", Params, params), models_of(models)
        use_threads(values.threads)
        model, dataset = registry.model(base), read_table(in_dataset, OF_DATASET)
        side = family_of(model).side
        examples = examples_of(dataset, character, side, str(in_dataset))
        held = chosen(held_out_of(dataset, character, side, str(in_dataset)), examples, values.held_out)
        loaded, device = load_base(model), device_of(registry.section.device)
        together, folder = processes(device), RunFolder(out, name)
        if together.is_first:
            tell_cut_captions(examples, loaded, name, values.windows)
        with reading(dataset, "image") as read:
            trained = train(
                examples,
                lambda one: read(one.image),
                loaded,
                values,
                folder,
                cache,
                device,
                together=together,
                held=held,
            )
        together.end()
        if together.is_first:
            write(trained, folder, loaded, examples, character, values)
            summary(f"train {name}: {in_words(trained, examples)}")


if __name__ == "__main__":
    run(main)
