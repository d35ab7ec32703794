"""Write the page of an episode for a person to check: its drawings, when they are on screen, close decisions."""

from pathlib import Path

import typer

from genga.jobs.script import PARAMS, THREADS, params_of, run, summary
from genga.pages.review import read_tables, review
from genga.params.review import Params
from genga.store.files import write_json, write_text


def main(
    in_frames: Path = typer.Option(..., help="frames table of the episode"),
    in_shots: Path = typer.Option(..., help="shots table of the episode"),
    in_dedup: Path = typer.Option(..., help="dedup table of the episode"),
    in_stills: Path = typer.Option(..., help="stills table of the episode"),
    out_page: Path = typer.Option(..., help="the page, HTML"),
    out_figures: Path = typer.Option(..., help="its figures, JSON"),
    params: str = PARAMS,
    threads: int = THREADS,
) -> None:
    tables, name = read_tables(in_frames, in_shots, in_dedup, in_stills), f"{out_page.parent.name}/{out_page.stem}"
    made = review(name, tables, params_of("review", Params, params), threads)
    write_text(out_page, made.page)
    write_json(out_figures, made.figures)
    close, size = len(made.figures["closest"]), len(made.page.encode()) / 1e6
    summary(f"review {name}: {len(tables.stills)} drawings, {close} close decisions, {size:.1f} MB, {out_page}")


if __name__ == "__main__":
    run(main)
