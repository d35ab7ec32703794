"""Draw the samples of a run: the same prompts and seeds with the base and with every checkpoint."""

from pathlib import Path

import typer

from genga.evaluation.sample import sample
from genga.jobs.script import MODELS, PARAMS, params_of, run, summary
from genga.models.registry import models_of
from genga.params.sample import Params
from genga.store.files import read_facts
from genga.store.parquet import write_table
from genga.store.shards import writing_shard
from genga.tables.sample import SAMPLE
from genga.training.device import device_of, use_threads
from genga.training.families.family import load_base


def main(
    in_checkpoints: Path = typer.Option(..., help="the list of the run's checkpoints: models/<run>/checkpoints.json"),
    out_table: Path = typer.Option(..., help="the table of samples"),
    out_shard: Path = typer.Option(..., help="the pictures, a tar"),
    base: str = typer.Option("base", help="role of the run's base in models.yaml"),
    models: str = MODELS,
    params: str = PARAMS,
) -> None:
    listed, registry = read_facts(in_checkpoints), models_of(models)
    values = params_of(f"sample:{listed['run']}", Params, params)
    use_threads(values.threads)
    loaded, device = load_base(registry.model(base)), device_of(registry.section.device)
    with writing_shard(out_shard) as shard:
        table = sample(loaded, listed, shard, values, device)
    write_table(out_table, table, SAMPLE)
    many = f"{len(values.prompts)} prompts x {len(values.seeds)} seeds with the base"
    summary(f"sample {listed['run']}: {len(table)} pictures, {many} and {len(listed['checkpoints'])} checkpoints")


if __name__ == "__main__":
    run(main)
