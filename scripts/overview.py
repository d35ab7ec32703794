"""Write the page of a series: its episodes beside each other, and its closest decisions."""

from pathlib import Path

import typer

from genga.command import PARAMS_HELP, params_of, run, summary
from genga.files import read_json, write_text
from genga.overview import overview
from genga.params.overview import Params


def main(
    in_review: Path = typer.Option(..., help="folder of the episodes' figures of stage review, JSON"),
    episodes: Path = typer.Option(..., help="file that names the episodes, a JSON list"),
    out: Path = typer.Option(..., help="the page, HTML"),
    params: str = typer.Option("", help=PARAMS_HELP),
) -> None:
    """Write the page of a series: its episodes beside each other, and its closest decisions."""
    values = params_of("overview", Params, params)
    found = [read_json(in_review / f"{episode}.json") for episode in read_json(episodes)]
    write_text(out, overview(out.stem, found, values))
    drawings = sum(figures["drawings"] for figures in found)
    summary(f"overview {out.stem}: {drawings} drawings in {len(found)} episodes, {out}")


if __name__ == "__main__":
    run(main)
