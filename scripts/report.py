"""Write the report of a run: one page that opens anywhere, and its figures as data."""

import json
from pathlib import Path

import typer

from genga.jobs.script import DATA, EPISODES, MODELS, PARAMS, TOGETHER, params_of, run, summary
from genga.models.registry import models_of
from genga.pages.report import read_tables, report, roles, showing
from genga.params.report import Params
from genga.store.files import read_json, write_json, write_text


def main(
    in_scores: Path = typer.Option(..., help="JSON of stage evaluate"),
    in_judged: Path = typer.Option(..., help="table of stage evaluate"),
    in_samples: Path = typer.Option(..., help="table of the run's samples"),
    in_losses: Path = typer.Option(..., help="table of the run's losses"),
    in_held_out: Path = typer.Option(..., help="table of its held-out losses"),
    in_dataset: list[Path] = typer.Option(..., help="table of the series' dataset; of several each"),
    in_data: Path = DATA,
    episodes: Path = EPISODES,
    issues: Path | None = typer.Option(None, help="JSON of tables of issues of its series, and what they say"),
    out_page: Path = typer.Option(..., help="the page, HTML"),
    out_figures: Path = typer.Option(..., help="every figure of the page, JSON"),
    parameters: str = typer.Option("{}", help="all sections of params.yaml as the run has them, JSON, to be shown"),
    models: str = MODELS,
    params: str = PARAMS,
    how: str = TOGETHER,
) -> None:
    values, registry = params_of("report", Params, params), models_of(models)
    tables = read_tables(
        in_scores, in_judged, in_samples, in_losses, in_held_out, in_data, read_json(episodes), in_dataset, how
    )
    with showing(tables.images, tables.samples) as read:
        made = report(
            tables,
            ", ".join(tables.series),
            roles(registry),
            json.loads(parameters),
            read,
            values,
            read_json(issues) if issues else {},
        )
    write_text(out_page, made.page)
    write_json(out_figures, made.figures)
    name, size = made.figures["run"], out_page.stat().st_size / 1e6
    summary(f"report {name}: {made.pictures} pictures, {size:.1f} MB, {out_page}. {registry.summary()}")


if __name__ == "__main__":
    run(main)
