"""Write the page of a series: its episodes beside each other, and its closest decisions."""

from pathlib import Path

import typer

from genga.command import PARAMS_HELP, params_of, run, summary
from genga.files import read_json, write_text
from genga.overview import overview
from genga.params.overview import Params


def main(
    in_review: list[Path] = typer.Option(..., help="figures of stage review, JSON, again for each episode"),
    out: Path = typer.Option(..., help="the page, HTML"),
    params: str = typer.Option("", help=PARAMS_HELP),
) -> None:
    """Write the page of a series: its episodes beside each other, and its closest decisions."""
    values = params_of("overview", Params, params)
    episodes = [read_json(path) for path in in_review]
    write_text(out, overview(out.stem, episodes, values))
    drawings = sum(figures["drawings"] for figures in episodes)
    summary(f"overview {out.stem}: {drawings} drawings in {len(episodes)} episodes, {out}")


if __name__ == "__main__":
    run(main)
