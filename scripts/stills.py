"""Write the kept drawings of an episode losslessly."""

from pathlib import Path

import typer

from genga.drawings.stills import in_words, stills
from genga.jobs.script import PARAMS, THREADS, hold_memory, params_of, run, summary
from genga.params.stills import Params
from genga.store.files import read_facts
from genga.store.parquet import read_table, write_table
from genga.store.shards import writing_shard
from genga.tables.dedup import DEDUP
from genga.tables.frames import FRAMES
from genga.tables.stills import STILLS


def main(
    in_video: Path = typer.Option(..., help="video file"),
    in_probe: Path = typer.Option(..., help="what probe found"),
    in_frames: Path = typer.Option(..., help="frames table of the episode"),
    in_dedup: Path = typer.Option(..., help="table of keepers of the episode"),
    out: Path = typer.Option(..., help="table of stills"),
    out_shard: Path = typer.Option(..., help="shard of the images"),
    params: str = PARAMS,
    threads: int = THREADS,
) -> None:
    hold_memory()
    values, probed = params_of("stills", Params, params), read_facts(in_probe)
    frames, dedup, name = read_table(in_frames, FRAMES), read_table(in_dedup, DEDUP), f"{out.parent.name}/{out.stem}"
    with writing_shard(out_shard) as shard:
        table = stills(in_video, probed, frames, dedup, name, shard, values, threads)
    write_table(out, table, STILLS)
    summary(f"stills {name}: {in_words(table)}")


if __name__ == "__main__":
    run(main)
