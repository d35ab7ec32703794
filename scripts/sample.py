"""Draw the samples of a run, pictures or clips: the same prompts and seeds with the base and with every checkpoint."""

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
    out_shard: Path = typer.Option(..., help="the pictures or clips, a tar"),
    base: str = typer.Option("base", help="role of the run's base in models.yaml"),
    models: str = MODELS,
    params: str = PARAMS,
    style: str = typer.Option("", help="params.yaml:clipset.style, of a base that moves"),
) -> None:
    listed, registry = read_facts(in_checkpoints), models_of(models)
    values = params_of(f"sample:{listed['run']}", Params, params)
    use_threads(values.threads)
    loaded, device = load_base(registry.model(base)), device_of(registry.section.device)
    with writing_shard(out_shard) as shard:
        table = sample(loaded, listed, shard, values, device, style, registry)
    write_table(out_table, table, SAMPLE)
    many = f"{len(table)} {loaded.family.draws}, {table['prompt'].n_unique()} prompts x {len(values.seeds)} seeds"
    summary(f"sample {listed['run']}: {many} with the base and {len(listed['checkpoints'])} checkpoints")


if __name__ == "__main__":
    run(main)
