"""Measure every frame of an episode in one decode pass."""

import sys
from pathlib import Path

import cv2
import typer

from genga.cellstore import CellWriter
from genga.command import PARAMS_HELP, params_of, run, summary
from genga.damage import Damage, told
from genga.fields import Fields
from genga.files import read_facts
from genga.frames import frames
from genga.params.frames import Params
from genga.progress import progress
from genga.shards import writing_shard
from genga.store.parquet import write_table
from genga.tables.frames import FRAMES
from genga.video import check_same, decode


def main(
    in_video: Path = typer.Option(..., help="video file"),
    in_probe: Path = typer.Option(..., help="what probe found"),
    out: Path = typer.Option(..., help="table of frames"),
    out_cells: Path = typer.Option(..., help="shard of the frames' cell grids"),
    params: str = typer.Option("", help=PARAMS_HELP),
    threads: int = typer.Option(2, min=1, help="CPU threads of the decoder"),
) -> None:
    """Measure every frame of an episode in one decode pass."""
    cv2.setNumThreads(1)  # grids are small: handing them to other threads takes longer than the work
    values = params_of("frames", Params, params)
    name = f"frames {out.parent.name}/{out.stem}"
    found = read_facts(in_probe)
    check_same(in_video, found["sha256"])
    damage = Damage()
    with writing_shard(out_cells) as shard:
        decoded = decode(in_video, threads, damage, Fields.of(found["fields"]), values.hwaccel)
        shown = progress(decoded, found["frames"], name, "frames")
        table = frames(shown, CellWriter(shard), values, found["weave"])
    gaps = damage.ranges()
    if gaps:
        print(f"{in_video}: damaged from {told(gaps)}; frames there may be missing or wrong", file=sys.stderr)
    write_table(out, table, FRAMES)
    summary(
        f"{name}: {len(table)} frames, {table['keyframe'].sum()} keyframes, "
        f"{table['change'].gt(0).sum()} differ from the frame before, damaged: {told(gaps)}"
    )


if __name__ == "__main__":
    run(main)
