"""Write the page of a series: its episodes beside each other, and its closest decisions."""

from pathlib import Path

import typer

from genga.jobs.script import DATA, EPISODES, PARAMS, params_of, run, summary
from genga.pages.overview import in_words, overview, read_figures
from genga.params.overview import Params
from genga.store.files import read_json, write_text


def main(
    in_data: Path = DATA,
    episodes: Path = EPISODES,
    out: Path = typer.Option(..., help="the page of the series, HTML, by whose name it is called"),
    params: str = PARAMS,
) -> None:
    values = params_of("overview", Params, params)
    found = read_figures(in_data / "review" / out.stem, read_json(episodes))
    write_text(out, overview(out.stem, found, values))
    summary(f"overview {out.stem}: {in_words(found)}, {out}")


if __name__ == "__main__":
    run(main)
