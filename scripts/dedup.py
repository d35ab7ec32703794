"""Find the frames of an episode that show the same drawing, and keep one of each."""

from contextlib import ExitStack
from pathlib import Path

import typer

from genga.decisions.frames import read_verdicts, tell_drops
from genga.drawings.dedup import dedup, in_words, read_episode
from genga.jobs.script import PARAMS, params_of, run, summary
from genga.params.dedup import Params
from genga.store.parquet import write_table
from genga.tables.dedup import DEDUP


def main(
    in_frames: Path = typer.Option(..., help="frames table of the episode"),
    in_shots: Path = typer.Option(..., help="shots table of the episode"),
    out: Path = typer.Option(..., help="table of keepers"),
    corrections: Path | None = typer.Option(None, help="frames.csv with what a person decided"),
    earlier: list[Path] = typer.Option([], help="table of keepers of an earlier episode to look in, again for each"),
    earlier_frames: list[Path] = typer.Option([], help="its frames table, in the same order"),
    earlier_shots: list[Path] = typer.Option([], help="its shots table, in the same order"),
    params: str = PARAMS,
) -> None:
    with ExitStack() as stack:
        own = read_episode(out.stem, in_frames, in_shots, None, stack)
        tables = zip(earlier, earlier_frames, earlier_shots, strict=True)
        before = [read_episode(keepers.stem, frames, shots, keepers, stack) for keepers, frames, shots in tables]
        decided = read_verdicts(corrections, len(own.frames)) if corrections else {}
        table = dedup(own, decided, params_of("dedup", Params, params), before)
    write_table(out, table, DEDUP)
    tell_drops(corrections, decided, table, name := f"{out.parent.name}/{out.stem}")
    summary(f"dedup {name}: {in_words(table)}")


if __name__ == "__main__":
    run(main)
