"""Draw the samples of a run: the same prompts and seeds with the base and with every checkpoint."""

from pathlib import Path
from typing import Any

import polars as pl
import torch
import typer

from genga import registry
from genga.checkpoints import TRAIN_AGAIN
from genga.command import PARAMS_HELP, params_of, run, summary
from genga.diffusion import device_of, load_base
from genga.files import check_sha256, read_facts
from genga.images import EXTENSION, encode
from genga.params.models import Params as ModelParams
from genga.params.sample import Params
from genga.progress import progress
from genga.sample import count, sample
from genga.shards import writing_shard
from genga.store.parquet import write_table
from genga.tables.sample import SAMPLE


def main(
    in_checkpoints: Path = typer.Option(..., help="the list of the run's checkpoints: models/<run>/checkpoints.json"),
    out_table: Path = typer.Option(..., help="the table of samples"),
    out_shard: Path = typer.Option(..., help="the pictures, a tar"),
    models: str = typer.Option("", help="section models as JSON; without it it is read from params.yaml"),
    params: str = typer.Option("", help=PARAMS_HELP),
) -> None:
    """Draw the same prompts and seeds with the base and with every checkpoint."""
    listed = read_facts(in_checkpoints)
    name = listed["run"]
    values = params_of(f"sample:{name}", Params, params)
    section = params_of("models", ModelParams, models)
    torch.set_num_threads(values.threads)
    base = load_base(registry.load(section).model("base").verify().path)
    device = device_of(section.device)
    for part in (base.unet, base.text_encoder, base.vae):
        part.to(device)
    files = [(checkpoint["step"], recorded(checkpoint)) for checkpoint in listed["checkpoints"]]
    drawn = sample(base, files, listed["trigger"], listed["clip_skip"], values)
    rows = []
    with writing_shard(out_shard) as writer:
        for task, image in progress(drawn, count(len(files), values), f"sample {name}", "pictures"):
            place = f"{task.step:06d}-{task.prompt}-{task.seed}"
            rows.append(
                {
                    "sample": f"{name}/{place}",
                    "step": task.step,
                    "prompt": task.prompt,
                    "prompt_text": task.prompt_text,
                    "seed": task.seed,
                    **writer.add(place + EXTENSION, encode(image)),
                    "width": values.width,
                    "height": values.height,
                }
            )
    write_table(out_table, pl.DataFrame(rows, schema=dict(SAMPLE)), SAMPLE)
    summary(
        f"sample {name}: {len(rows)} pictures, {len(values.prompts)} prompts x {len(values.seeds)} seeds"
        f" with the base and {len(files)} checkpoints"
    )


def recorded(checkpoint: dict[str, Any]) -> Path:
    """Return a checkpoint's file if its content is what was recorded when it was written."""
    check_sha256(checkpoint["file"], checkpoint["sha256"], TRAIN_AGAIN)
    return Path(checkpoint["file"])


if __name__ == "__main__":
    run(main)
