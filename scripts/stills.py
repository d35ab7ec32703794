"""Write the kept drawings of an episode losslessly."""

from pathlib import Path

import polars as pl
import typer

from genga.command import PARAMS_HELP, params_of, run, summary
from genga.fields import Fields
from genga.files import read_facts
from genga.params.stills import Params
from genga.progress import progress
from genga.shards import writing_shard
from genga.stills import shown, stills, wanted
from genga.stills_stitched import parts, stitched
from genga.store.parquet import read_table, write_table
from genga.tables.dedup import DEDUP, KEPT
from genga.tables.frames import FRAMES
from genga.tables.stills import STILLS
from genga.video import check_same


def main(
    in_video: Path = typer.Option(..., help="video file"),
    in_probe: Path = typer.Option(..., help="what probe found"),
    in_frames: Path = typer.Option(..., help="frames table of the episode"),
    in_dedup: Path = typer.Option(..., help="table of keepers of the episode"),
    out: Path = typer.Option(..., help="table of stills"),
    out_shard: Path = typer.Option(..., help="shard of the images"),
    params: str = typer.Option("", help=PARAMS_HELP),
    threads: int = typer.Option(2, min=1, help="CPU threads of the decoder"),
) -> None:
    """Write the kept drawings of an episode losslessly."""
    values = params_of("stills", Params, params)
    name = f"{out.parent.name}/{out.stem}"
    probed = read_facts(in_probe)
    check_same(in_video, probed["sha256"])
    fields = Fields.of(probed["fields"])
    dedup = read_table(in_dedup, DEDUP)
    needed = wanted(read_table(in_frames, FRAMES), dedup)
    kept = needed.join(dedup.filter(pl.col("reason").is_in(KEPT)).select("frame"), on="frame", how="semi")
    with writing_shard(out_shard) as shard:
        found = progress(shown(in_video, needed, values, threads, fields), len(needed), f"stills {name}", "stills")
        table = stills(stitched(found, parts(dedup)), kept, name, shard, values.format)
    write_table(out, table, STILLS)
    sizes = ", ".join(
        f"{width}x{height}" for width, height in table.select("width", "height").unique().sort("width").rows()
    )
    summary(f"stills {name}: {len(table)} stills of {sizes or 'no size'}, {sum(table['size']) / 1e6:.1f} MB")


if __name__ == "__main__":
    run(main)
