"""Cut people out of the stills of an episode: full body, half body, head, with coordinates and tags."""

from pathlib import Path

import typer

from genga.decisions.tags import placed_lines, table_in
from genga.drawings.aesthetic import judge_of
from genga.jobs.script import MODELS, PARAMS, params_of, run, summary
from genga.params.crop import Params
from genga.people.crop import OF_DETECT, OF_QUALITY, OF_STILLS, OF_TAG, correct, crop, in_words, written
from genga.store.parquet import read_table, write_table
from genga.store.shards import writing_shard
from genga.tables.crop import CROP


def main(
    in_stills: Path = typer.Option(..., help="stills table of the episode"),
    in_detect: Path = typer.Option(..., help="detect table of the episode"),
    in_tag: Path = typer.Option(..., help="tag table of the episode"),
    in_quality: Path = typer.Option(..., help="quality table of the episode: where its stills have burnt-in text"),
    in_dedup: Path = typer.Option(..., help="table of keepers of the episode"),
    out: Path = typer.Option(..., help="table of crops"),
    out_shard: Path = typer.Option(..., help="the crops, a tar"),
    corrections: list[Path] = typer.Option([], help="tags.csv; and JSON of other episodes' lines about its drawings"),
    params: str = PARAMS,
    models: str = MODELS,
) -> None:
    values, name = params_of("crop", Params, params), f"crop {out.parent.name}/{out.stem}"
    stills, boxes = read_table(in_stills, OF_STILLS), read_table(in_detect, OF_DETECT)
    planned = crop(stills, boxes, read_table(in_tag, OF_TAG), values, read_table(in_quality, OF_QUALITY))
    decided = placed_lines(corrections, out, (in_dedup, in_stills, in_detect), planned["crop"].to_list())
    with writing_shard(out_shard) as shard:
        table = written(correct(planned, decided, table_in(corrections)), stills, shard, name, judge_of(models))
    write_table(out, table, CROP)
    summary(f"{name}: {in_words(table)}")


if __name__ == "__main__":
    run(main)
