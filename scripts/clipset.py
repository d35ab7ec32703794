"""Compose the clips of a series that moving pictures are learnt from: which, with which caption, on which side."""

from pathlib import Path

import typer

from genga.dataset.clipset import clipset, in_words, read_tables, videos_of
from genga.dataset.styles import read_style
from genga.jobs.script import DATA, EPISODES, PARAMS, params_of, run, summary
from genga.params.clips import Params as Clips
from genga.params.clipset import Params
from genga.params.dataset import Params as Dataset
from genga.store.files import read_json
from genga.store.parquet import write_table
from genga.tables.clips_left_out import CLIPS_LEFT_OUT
from genga.tables.clipset import CLIPSET


def main(
    in_data: Path = DATA,
    episodes: Path = EPISODES,
    videos: Path = typer.Option(..., help="file that names the video of each episode, JSON"),
    out: Path = typer.Option(..., help="table of clips of the series, by whose name it is called"),
    out_left_out: Path = typer.Option(..., help="table of the clips that are not in it, with the reason"),
    params: str = PARAMS,
    dataset: str = typer.Option("", help="section dataset as JSON; without it it is read from params.yaml"),
    clips: str = typer.Option("", help="section clips likewise"),
) -> None:
    values, shared = params_of("clipset", Params, params), params_of("dataset", Dataset, dataset)
    style = read_style(Path(), shared)
    places = videos_of(in_data, out.stem, read_json(videos))
    tables = read_tables(in_data, out.stem, read_json(episodes))
    (made := clipset(tables, places, values, shared, style, params_of("clips", Clips, clips).upscale)).tell()
    write_table(out_left_out, made.left_out, CLIPS_LEFT_OUT)
    write_table(out, made.table, CLIPSET)
    summary(f"clipset {out.stem}: {in_words(made)}")


if __name__ == "__main__":
    run(main)
