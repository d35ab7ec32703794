"""Turn the kept crops of an episode into the character embedder's vectors."""

from pathlib import Path

import typer

from genga.images.reading import prepared
from genga.jobs.script import MODELS, PARAMS, THREADS, params_of, run, summary
from genga.models.registry import models_of
from genga.params.embed import Params
from genga.people.embed import OF_CROP, embed, wanted
from genga.people.embedder import open_embedder
from genga.store.parquet import read_table, write_table
from genga.tables.embed import EMBED


def main(
    in_crop: Path = typer.Option(..., help="crop table of the episode"),
    out: Path = typer.Option(..., help="table of features"),
    params: str = PARAMS,
    models: str = MODELS,
    threads: int = THREADS,
) -> None:
    values, registry = params_of("embed", Params, params), models_of(models)
    embedder, crops = open_embedder(registry, threads), wanted(read_table(in_crop, OF_CROP), values)
    name = f"embed {out.parent.name}/{out.stem}"
    images = prepared(crops, "crop", name, [embedder.how], registry.section.batch, threads, unit="crops")
    table = embed(crops, images, embedder.features, embedder.name)
    write_table(out, table, EMBED)
    summary(f"{name}: {len(table)} crops of kinds {', '.join(values.kinds)}; embedder {embedder.name}")


if __name__ == "__main__":
    run(main)
