"""Tag the stills of an episode and everybody in them: taggers averaged, held against the boxes, corrected by people."""

from pathlib import Path

import typer

from genga.images.reading import prepared
from genga.jobs.script import MODELS, PARAMS, THREADS, params_of, run, summary
from genga.models.registry import models_of
from genga.params.tag import Params
from genga.people.calibration import open_calibrated
from genga.people.deciding import OF_QUALITY, OF_STILLS, decide, read_said
from genga.people.tag import in_words, tag, views
from genga.store.parquet import read_table, write_table
from genga.tables.detect import BOXES
from genga.tables.tag import TAG


def main(
    in_stills: Path = typer.Option(..., help="stills table of the episode"),
    in_detect: Path = typer.Option(..., help="detect table of the episode"),
    in_quality: Path = typer.Option(..., help="quality table of the episode: what was read in its stills"),
    in_dedup: Path = typer.Option(..., help="table of keepers of the episode"),
    out: Path = typer.Option(..., help="table of tags"),
    corrections: list[Path] = typer.Option([], help="tags.csv, tag_rules.csv, JSON of others' lines about it"),
    params: str = PARAMS,
    models: str = MODELS,
    threads: int = THREADS,
) -> None:
    values, registry, name = params_of("tag", Params, params), models_of(models), f"tag {out.parent.name}/{out.stem}"
    said, boxes = read_said(corrections, out, (in_dedup, in_stills, in_detect)), read_table(in_detect, BOXES)
    taggers, stills = open_calibrated(registry, threads, values), read_table(in_stills, OF_STILLS)
    few, of, read = registry.section.batch, views(boxes, values.pad), read_table(in_quality, OF_QUALITY)
    table = tag(prepared(stills, "still", name, taggers.models(), few, threads, of), boxes, taggers, values, few)
    write_table(out, table := decide(table, stills, boxes, values, said, taggers.column, read), TAG)
    summary(f"{name}: {len(stills)} stills and {in_words(table, len(said.lines), taggers.name)}")


if __name__ == "__main__":
    run(main)
