"""Write the report of a run: one page that opens anywhere, and its figures as data."""

import json
from pathlib import Path
from typing import Any

import typer

from genga.jobs.script import EPISODES, MODELS, PARAMS, params_of, run, summary
from genga.models.registry import models_of
from genga.pages.report import read_tables, report, roles, showing
from genga.params.report import Params
from genga.store.files import read_json, write_json, write_text


def of_episodes(what: str) -> Any:
    return typer.Option(..., help=f"folder of the series' {what}, a file for each episode")


def main(
    in_scores: Path = typer.Option(..., help="JSON of stage evaluate"),
    in_judged: Path = typer.Option(..., help="table of stage evaluate"),
    in_samples: Path = typer.Option(..., help="table of the run's samples"),
    in_losses: Path = typer.Option(..., help="table of the run's losses"),
    in_held_out: Path = typer.Option(..., help="table of its held-out losses"),
    in_characters: Path = typer.Option(..., help="table of who is who in the series"),
    in_open: Path = typer.Option(..., help="table of decisions about it that take no effect"),
    in_dataset: Path = typer.Option(..., help="table of the series' dataset"),
    in_left_out: Path = typer.Option(..., help="table of what is not in it"),
    in_probe: Path = of_episodes("facts of stage probe"),
    in_shots: Path = of_episodes("tables of stage shots"),
    in_dedup: Path = of_episodes("tables of stage dedup"),
    in_stills: Path = of_episodes("tables of stage stills"),
    in_detect: Path = of_episodes("tables of stage detect"),
    in_quality: Path = of_episodes("tables of stage quality"),
    in_tag: Path = of_episodes("tables of stage tag"),
    in_crop: Path = of_episodes("tables of stage crop"),
    series: str = typer.Option(..., help="the series the run learned from"),
    episodes: Path = EPISODES,
    out_page: Path = typer.Option(..., help="the page, HTML"),
    out_figures: Path = typer.Option(..., help="every figure of the page, JSON"),
    parameters: str = typer.Option("{}", help="all sections of params.yaml as the run has them, JSON, to be shown"),
    models: str = MODELS,
    params: str = PARAMS,
) -> None:
    values, registry, names = params_of("report", Params, params), models_of(models), read_json(episodes)
    of_series = {"characters": in_characters, "dataset": in_dataset, "dataset/left-out": in_left_out, "open": in_open}
    folders = {"probe": in_probe, "shots": in_shots, "dedup": in_dedup, "stills": in_stills}
    folders |= {"detect": in_detect, "quality": in_quality, "tag": in_tag, "crop": in_crop}
    of_run = (in_scores, in_judged, in_samples, in_losses, in_held_out)
    tables = read_tables(*of_run, of_series, folders, series, names)
    with showing(tables.images, tables.samples) as read:
        made = report(tables, series, roles(registry), json.loads(parameters), read, values)
    write_text(out_page, made.page)
    write_json(out_figures, made.figures)
    name, size = made.figures["run"], out_page.stat().st_size / 1e6
    summary(f"report {name}: {made.pictures} pictures, {size:.1f} MB, {out_page}. {registry.summary()}")


if __name__ == "__main__":
    run(main)
