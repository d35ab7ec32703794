"""Find people in the stills of an episode: persons, half bodies, heads, faces."""

from pathlib import Path

import typer

from genga.command import PARAMS_HELP, params_of, run, summary
from genga.detect import detect
from genga.detector import open_detectors
from genga.onnx import batched
from genga.params.detect import Params
from genga.params.models import Params as Models
from genga.pictures import OF_STILLS, pictures
from genga.progress import progress
from genga.registry import load
from genga.shards import ShardReader
from genga.store.parquet import read_table, write_table
from genga.tables.detect import DETECT, KINDS


def main(
    in_stills: Path = typer.Option(..., help="stills table of the episode"),
    out: Path = typer.Option(..., help="table of boxes"),
    params: str = typer.Option("", help=PARAMS_HELP),
    models: str = typer.Option("", help="section models as JSON"),
    threads: int = typer.Option(2, min=1, help="CPU threads of the detectors"),
) -> None:
    """Find people in the stills of an episode: persons, half bodies, heads, faces."""
    values = params_of("detect", Params, params)
    registry = load(params_of("models", Models, models))
    detectors = open_detectors(registry, threads, values.confidence.model_dump(), values.overlap.model_dump())
    stills = read_table(in_stills, OF_STILLS)
    name = f"detect {out.parent.name}/{out.stem}"
    with ShardReader() as shards:
        shown = progress(pictures(stills, "still", shards), len(stills), name, "stills")
        table = detect(batched(shown, registry.section.batch), detectors, values)
    write_table(out, table, DETECT)
    counts = ", ".join(f"{table['kind'].eq(kind).sum()} {kind}" for kind in KINDS)
    alone = len(stills) - table["still"].n_unique()
    summary(f"{name}: {len(stills)} stills, boxes: {counts}; {alone} stills without anyone")


if __name__ == "__main__":
    run(main)
