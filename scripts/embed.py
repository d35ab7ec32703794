"""Turn the kept crops of an episode into the character embedder's vectors."""

from pathlib import Path

import typer

from genga.command import PARAMS_HELP, params_of, run, summary
from genga.embed import OF_CROP, embed, wanted
from genga.embedder import open_embedder
from genga.onnx import batched
from genga.params.embed import Params
from genga.params.models import Params as Models
from genga.pictures import pictures
from genga.progress import progress
from genga.registry import load
from genga.shards import ShardReader
from genga.store.parquet import read_table, write_table
from genga.tables.embed import EMBED


def main(
    in_crop: Path = typer.Option(..., help="crop table of the episode"),
    out: Path = typer.Option(..., help="table of features"),
    params: str = typer.Option("", help=PARAMS_HELP),
    models: str = typer.Option("", help="section models as JSON"),
    threads: int = typer.Option(2, min=1, help="CPU threads of the embedder"),
) -> None:
    """Turn the kept crops of an episode into the character embedder's vectors."""
    values = params_of("embed", Params, params)
    registry = load(params_of("models", Models, models))
    embedder = open_embedder(registry, threads)
    crops = wanted(read_table(in_crop, OF_CROP), values)
    name = f"embed {out.parent.name}/{out.stem}"
    with ShardReader() as shards:
        shown = progress(pictures(crops, "crop", shards), len(crops), name, "crops")
        table = embed(crops, batched(shown, registry.section.batch), embedder.features, embedder.name)
    write_table(out, table, EMBED)
    summary(f"{name}: {len(table)} crops of kinds {', '.join(values.kinds)}; embedder {embedder.name}")


if __name__ == "__main__":
    run(main)
