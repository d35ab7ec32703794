"""Find the frames of an episode that show the same drawing, and keep one of each."""

from contextlib import ExitStack
from pathlib import Path

import cv2
import typer

from genga.cellstore import CellReader
from genga.command import PARAMS_HELP, params_of, run, summary
from genga.dedup import dedup, ignored
from genga.dedup_corrections import read_decisions
from genga.dedup_series import Episode, shared
from genga.params.dedup import Params
from genga.store.parquet import read_table, write_table
from genga.tables.dedup import DEDUP, KEPT
from genga.tables.frames import FRAMES
from genga.tables.shots import SHOTS


def main(
    in_frames: Path = typer.Option(..., help="frames table of the episode"),
    in_shots: Path = typer.Option(..., help="shots table of the episode"),
    out: Path = typer.Option(..., help="table of keepers"),
    corrections: Path | None = typer.Option(None, help="frames.csv with what a person decided"),
    earlier: list[Path] = typer.Option([], help="table of keepers of an earlier episode to look in, again for each"),
    earlier_frames: list[Path] = typer.Option([], help="its frames table, in the same order"),
    earlier_shots: list[Path] = typer.Option([], help="its shots table, in the same order"),
    params: str = typer.Option("", help=PARAMS_HELP),
) -> None:
    """Find the frames of an episode that show the same drawing, and keep one of each."""
    cv2.setNumThreads(1)  # grids are small: handing them to other threads takes longer than the work
    values = params_of("dedup", Params, params)
    frames, shots = read_table(in_frames, FRAMES), read_table(in_shots, SHOTS)
    decided = read_decisions(corrections, len(frames)) if corrections else {}
    with ExitStack() as stack:
        cells = stack.enter_context(CellReader(frames))
        table = dedup(frames, shots, cells, decided, values)
        before = []
        for path, measured_at, divided_at in zip(earlier, earlier_frames, earlier_shots, strict=True):
            measured, divided = read_table(measured_at, FRAMES), read_table(divided_at, SHOTS)
            grids = stack.enter_context(CellReader(measured))
            before.append(Episode(path.stem, read_table(path, DEDUP), measured, grids, ignored(divided, values)))
        table = shared(Episode(out.stem, table, frames, cells, ignored(shots, values)), before, values)
    write_table(out, table, DEDUP)
    counts = sorted(table["reason"].value_counts().rows(), key=lambda row: (-row[1], row[0]))
    kept = table["reason"].is_in(KEPT).sum()
    name = f"{out.parent.name}/{out.stem}"
    summary(f"dedup {name}: {kept} drawings in {len(table)} frames ({', '.join(f'{n} {why}' for why, n in counts)})")


if __name__ == "__main__":
    run(main)
