"""Make a model of others, without training: a merge."""

from pathlib import Path

import typer

from genga.jobs.script import MODELS, run, summary
from genga.models.registry import models_of
from genga.params.merge import merge_of
from genga.training.device import use_threads
from genga.training.merge import given, merge


def main(
    name: str = typer.Option(..., "--merge", help="the merge's name; its file's title"),
    in_a: Path = typer.Option(..., help="parent A: a .safetensors, or the folder of a base"),
    in_b: Path = typer.Option(..., help="parent B"),
    in_c: Path | None = typer.Option(None, help="parent C, where the method has one"),
    out_model: Path = typer.Option(..., help="the merged model: a .safetensors in the original layout, or a LoRA"),
    models: str = MODELS,
    params: str = typer.Option("", help="the merge's entry as JSON; without it it is read from params.yaml"),
) -> None:
    values, registry = merge_of(name, params), models_of(models)
    use_threads(values.threads)
    paths = {"a": in_a, "b": in_b} | ({"c": in_c} if in_c is not None else {})
    parents = given(name, values, paths, registry)
    merged = merge(name, values, parents)
    merged.write(out_model)
    called = ", ".join(parent.called for parent in parents.values())
    summary(f"merge {name}: {values.method} of {called}: {merged.changed} of {len(merged.entries)} tensors made")


if __name__ == "__main__":
    run(main)
