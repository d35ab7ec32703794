"""Divide an episode into clips, and say of each how it moves, what is on it, and whether it is worth learning."""

from pathlib import Path

import typer

from genga.dataset.clips import clips, in_words, read_episode
from genga.jobs.script import DATA, PARAMS, params_of, run, summary
from genga.params.clips import Params
from genga.store.files import read_facts
from genga.store.parquet import write_table
from genga.tables.clips import CLIPS


def main(
    in_data: Path = DATA,
    in_probe: Path = typer.Option(..., help="what probe found"),
    out: Path = typer.Option(..., help="table of clips of the episode, by whose name and folder it is called"),
    params: str = PARAMS,
) -> None:
    values, name = params_of("clips", Params, params), f"{out.parent.name}/{out.stem}"
    table = clips(read_episode(in_data, name, read_facts(in_probe)), values)
    write_table(out, table, CLIPS)
    summary(f"clips {name}: {in_words(table)}")


if __name__ == "__main__":
    run(main)
