"""Divide an episode into shots."""

from pathlib import Path

import typer

from genga.drawings.shots import in_words, shots
from genga.jobs.script import PARAMS, params_of, run, summary
from genga.params.shots import Params
from genga.store.parquet import read_table, write_table
from genga.tables.frames import FRAMES
from genga.tables.shots import SHOTS
from genga.video.grid_store import PASSED, CellReader


def main(
    in_frames: Path = typer.Option(..., help="frames table of the episode"),
    out: Path = typer.Option(..., help="table of shots"),
    params: str = PARAMS,
) -> None:
    frames = read_table(in_frames, FRAMES)
    with CellReader(frames, kept=PASSED) as cells:
        table = shots(frames, cells, params_of("shots", Params, params))
    write_table(out, table, SHOTS)
    summary(f"shots {out.parent.name}/{out.stem}: {in_words(table)}")


if __name__ == "__main__":
    run(main)
