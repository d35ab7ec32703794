"""Say in sentences what the stills and crops of an episode show: by the model in the role caption, if there is one."""

from pathlib import Path

import typer

from genga.dataset.describe import OF_CROP, OF_STILLS, describe, in_words, open_captioner, wanted
from genga.jobs.script import MODELS, PARAMS, params_of, run, summary
from genga.models.registry import models_of
from genga.params.describe import Params
from genga.store.parquet import read_table, write_table
from genga.tables.describe import DESCRIBE


def main(
    in_stills: Path = typer.Option(..., help="stills table of the episode"),
    in_crop: Path = typer.Option(..., help="crop table of the episode"),
    out: Path = typer.Option(..., help="table of sentences; beside it answers are kept as they come"),
    params: str = PARAMS,
    models: str = MODELS,
) -> None:
    values, name = params_of("describe", Params, params), f"describe {out.parent.name}/{out.stem}"
    images = wanted(read_table(in_stills, OF_STILLS), read_table(in_crop, OF_CROP), values)
    captioner = open_captioner(models_of(models)) if len(images) else None
    table = describe(images, captioner, out.with_suffix(".answers.jsonl"), name)
    write_table(out, table, DESCRIBE)
    summary(f"{name}: {in_words(table, len(images), captioner)}")


if __name__ == "__main__":
    run(main)
