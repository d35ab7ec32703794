"""Divide an episode into shots."""

from pathlib import Path

import cv2
import typer

from genga.cellstore import CellReader
from genga.command import PARAMS_HELP, params_of, run, summary
from genga.params.shots import Params
from genga.shots import shots
from genga.store.parquet import read_table, write_table
from genga.tables.frames import FRAMES
from genga.tables.shots import SHOTS


def main(
    in_frames: Path = typer.Option(..., help="frames table of the episode"),
    out: Path = typer.Option(..., help="table of shots"),
    params: str = typer.Option("", help=PARAMS_HELP),
) -> None:
    """Divide an episode into shots."""
    cv2.setNumThreads(1)  # grids are small: handing them to other threads takes longer than the work
    frames = read_table(in_frames, FRAMES)
    with CellReader(frames) as cells:
        table = shots(frames, cells, params_of("shots", Params, params))
    write_table(out, table, SHOTS)
    ways = ", ".join(f"{table['transition'].eq(way).sum()} {way}" for way in ("cut", "dissolve", "fade"))
    moving, level = table["camera"].ne("static").sum(), float(table["threshold"].to_numpy().mean())
    summary(
        f"shots {out.parent.name}/{out.stem}: {len(table)} shots ({ways}), {moving} with a moving camera, "
        f"drawings differ by {level:.1f} or more"
    )


if __name__ == "__main__":
    run(main)
