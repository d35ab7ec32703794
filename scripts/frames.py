"""Measure every frame of an episode in one decode pass."""

from pathlib import Path

import typer

from genga.drawings.frames import frames, in_words
from genga.jobs.script import PARAMS, THREADS, params_of, run, summary
from genga.params.frames import Params
from genga.store.files import read_facts
from genga.store.parquet import write_table
from genga.store.shards import writing_shard
from genga.tables.frames import FRAMES
from genga.video.decode import decode_probed
from genga.video.decode_errors import Damage
from genga.video.grid_store import CellWriter


def main(
    in_video: Path = typer.Option(..., help="video file"),
    in_probe: Path = typer.Option(..., help="what probe found"),
    out: Path = typer.Option(..., help="table of frames"),
    out_cells: Path = typer.Option(..., help="shard of the frames' cell grids"),
    params: str = PARAMS,
    threads: int = THREADS,
) -> None:
    values, probed, damage = params_of("frames", Params, params), read_facts(in_probe), Damage()
    name = f"frames {out.parent.name}/{out.stem}"
    with writing_shard(out_cells) as shard:
        decoded = decode_probed(in_video, probed, threads, damage, values.hwaccel, name)
        table = frames(decoded, CellWriter(shard), values, probed["weave"], threads)
    write_table(out, table, FRAMES)
    summary(f"{name}: {in_words(table)}, damaged: {damage.tell(in_video)}")


if __name__ == "__main__":
    run(main)
