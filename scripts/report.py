"""Write the report of a run: one page that opens anywhere, and its figures as data."""

import json
from pathlib import Path

import polars as pl
import typer

from genga.command import PARAMS_HELP, params_of, run, summary
from genga.counts import count, read_tables
from genga.files import in_project, read_facts, read_json, sha256_of, write_json, write_text
from genga.params.models import Params as Models
from genga.params.report import Params
from genga.registry import load
from genga.report import pictures_of, report, rows_of
from genga.report_figures import OF_CROP, OF_DATASET, OF_LOSSES, OF_SAMPLE, OF_STILLS, Source, compose, origins, roles
from genga.report_pictures import read_pictures
from genga.shards import ShardReader
from genga.store.parquet import read_episodes, read_table
from genga.tables.evaluate import EVALUATE as JUDGED
from genga.tables.shard import SHARD


def main(
    in_scores: Path = typer.Option(..., help="JSON of stage evaluate"),
    in_judged: Path = typer.Option(..., help="table of stage evaluate"),
    in_samples: Path = typer.Option(..., help="table of the run's samples"),
    in_dataset: Path = typer.Option(..., help="table of the series' dataset"),
    in_losses: Path = typer.Option(..., help="table of the run's losses"),
    in_data: Path = typer.Option(Path("data"), help="folder of the episodes' tables, by stage and series"),
    series: str = typer.Option(..., help="the series the run learned from"),
    episodes: Path = typer.Option(..., help="file that names its episodes, a JSON list"),
    out_page: Path = typer.Option(..., help="the page, HTML"),
    out_figures: Path = typer.Option(..., help="every figure of the page, JSON"),
    parameters: str = typer.Option("{}", help="all sections of params.yaml as the run has them, JSON, to be shown"),
    models: str = typer.Option("", help="section models as JSON"),
    params: str = typer.Option("", help=PARAMS_HELP),
) -> None:
    """Write the report of a run: one page that opens anywhere, and its figures as data."""
    values = params_of("report", Params, params)
    registry = load(params_of("models", Models, models))
    scores = read_facts(in_scores)
    names: list[str] = read_json(episodes)
    samples, dataset = (
        read_table(path, {**schema, **SHARD}) for path, schema in ((in_samples, OF_SAMPLE), (in_dataset, OF_DATASET))
    )
    crops = read_episodes(in_data / "crop" / series, names, OF_CROP)
    stills = read_episodes(in_data / "stills" / series, names, OF_STILLS)
    figures = compose(
        scores,
        read_table(in_judged, JUDGED),
        samples.select(list(OF_SAMPLE)),
        origins(dataset.select(list(OF_DATASET)), crops, stills),
        read_table(in_losses, OF_LOSSES),
        series,
        {name: count(read_tables(in_data, series, name)) for name in names},
        roles(registry),
        json.loads(parameters),
        [
            *(Source("video", f"{series}/{name}", video(in_data, series, name)) for name in names),
            *(Source("table", in_project(path), sha256_of(path)) for path in (in_dataset, in_samples, in_judged)),
            Source("selected checkpoint", scores["selection"]["file"], scores["selection"]["sha256"]),
        ],
    )
    index = pl.concat([table.select(pl.nth(0).alias("name"), *SHARD) for table in (samples, dataset)])
    with ShardReader() as shards:
        rows, pictures = read_pictures(map(pictures_of, rows_of(figures)), index, shards, values)
    write_text(out_page, report(figures, pictures, rows))
    write_json(out_figures, figures)
    size = out_page.stat().st_size / 1e6
    summary(f"report {figures['run']}: {len(pictures)} pictures, {size:.1f} MB, {out_page}. {registry.summary()}")


def video(data: Path, series: str, episode: str) -> str:
    """Return the sha256 of an episode's video, as stage probe recorded it."""
    return str(read_facts(data / "probe" / series / f"{episode}.json")["sha256"])


if __name__ == "__main__":
    run(main)
