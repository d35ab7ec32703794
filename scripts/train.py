"""Train the LoRA of a run: its checkpoints and their list, the ledger of what was seen when, the losses."""

import sys
from pathlib import Path
from statistics import fmean

import torch
import typer

from genga import registry
from genga.command import PARAMS_HELP, params_of, run, summary
from genga.diffusion import Source, device_of, load_base
from genga.files import write_facts
from genga.images import decode
from genga.launch import launch, launched, without
from genga.params.models import Params as ModelParams
from genga.params.train import Params
from genga.shards import ShardReader
from genga.store.parquet import read_table, write_table
from genga.tables.ledger import LEDGER
from genga.tables.losses import LOSSES
from genga.train import train
from genga.training.pictures import OF_DATASET, cut_captions, pictures_of, trigger_of
from genga.training.plan import total_steps
from genga.training.processes import processes
from genga.training.progress import progress_of
from genga.training.state import RunFolder


def main(
    in_dataset: Path = typer.Option(..., help="the series' table of training images"),
    name: str = typer.Option(..., "--run", help="the run's name; its checkpoints are named after it"),
    out: Path = typer.Option(..., help="the run's folder: models/<run>"),
    character: str = typer.Option("", help="whose images are learnt; empty: all in the dataset"),
    cache: Path = typer.Option(Path(".cache/latents"), help="folder of encoded images, shared by all runs"),
    models: str = typer.Option("", help="section models as JSON; without it it is read from params.yaml"),
    params: str = typer.Option("", help=PARAMS_HELP),
    config: str = typer.Option("", "--launch", help="configuration of accelerate: train by several processes"),
    machine: int = typer.Option(0, help="of the configuration's machines this one, 0..; 0 writes the run"),
) -> None:
    """Train a LoRA on the dataset's images; an interrupted run goes on where it was."""
    if config:
        launch(config, __file__, without(sys.argv[1:], "--launch", "--machine"), machine)
        return
    with launched():
        _train(in_dataset, name, out, character, cache, models, params)


def _train(in_dataset: Path, name: str, out: Path, character: str, cache: Path, models: str, params: str) -> None:
    values = params_of(f"train:{name}", Params, params)
    section = params_of("models", ModelParams, models)
    torch.set_num_threads(values.threads)
    pictures = pictures_of(read_table(in_dataset, OF_DATASET), character, str(in_dataset))
    model = registry.load(section).model("base").verify()
    source, device = Source(load_base(model.path), model.name, model.sha256), device_of(section.device)
    together = processes(device)
    if together.is_first and (cut := cut_captions(pictures, source.base)):
        print(
            f"note: train {name}: {cut} of {len(pictures)} captions are too long: last tags not seen", file=sys.stderr
        )
    folder, total = RunFolder(out, name), total_steps(pictures, values)
    with ShardReader() as shards:
        trained = train(
            pictures,
            lambda picture: decode(shards.read(*picture.file), picture.image),
            source,
            values,
            folder,
            cache,
            device,
            progress_of(name, total) if together.is_first else lambda step, loss: None,
            together,
        )
    together.end()
    if not together.is_first:
        return
    write_table(out / "ledger.parquet", trained.ledger, LEDGER)
    write_table(out / "losses.parquet", trained.losses, LOSSES)
    write_facts(
        out / "checkpoints.json",
        {
            "run": name,
            "base": {"name": model.name, "sha256": model.sha256},
            "trigger": trigger_of(pictures) if character else "",
            "clip_skip": values.clip_skip,
            "threads": values.threads,
            "checkpoints": trained.checkpoints,
        },
    )
    folder.forget()
    losses, tenth = trained.losses["loss"].to_list(), total // 10 + 1
    summary(
        f"train {name}: {total} steps over {len(pictures)} images, {len(trained.checkpoints)} checkpoints,"
        f" loss {fmean(losses[:tenth]):.4f} at first, {fmean(losses[-tenth:]):.4f} at last"
    )


if __name__ == "__main__":
    run(main)
