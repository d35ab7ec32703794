"""`genga calibrate`: what taggers' scores mean, by what people said of their tags."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import polars as pl
import typer

from genga.errors import GengaError
from genga.images.reading import reading
from genga.jobs.script import summary
from genga.models.registry import models_of
from genga.params.section import params_of
from genga.params.tag import VOCABULARY, Params
from genga.people.calibrating import OF_TAG, Labels, as_text, in_words, learnt, looked_through
from genga.people.sharing import OF_STILLS
from genga.people.tag import views
from genga.people.tagger import Tagger, open_taggers
from genga.store.files import write_text
from genga.store.parquet import read_table
from genga.tables.detect import DETECT
from genga.tables.places import path_of

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def calibrate(
    name: Annotated[str, typer.Argument(help="file to write in vocabulary/, for tag.calibration")] = "calibration.csv",
    least: Annotated[int, typer.Option(min=2, help="lines about a tag from which it is calibrated")] = 20,
    by: Annotated[Literal["isotonic", "platt"], typer.Option(help="platt: some dozens; isotonic: many")] = "platt",
    threads: Annotated[int, typer.Option(min=1, help="CPU threads")] = 2,
) -> None:
    """Learn from all tags.csv how likely a tagger's tag is right at a score: vocabulary/NAME.

    The tables of the stage tag have to be made, with the lines in them: run snakemake before.
    """
    if Path(name).name != name:
        raise GengaError(f"{name}: must be the name of a file in {VOCABULARY}/, without a folder")
    values, registry, labels = params_of("tag", Params, ""), models_of(""), Labels()
    taggers = open_taggers(registry, threads)
    for episode in episodes():
        gather(episode, taggers, values.pad, labels)
    if not labels.said:
        raise GengaError("no table of data/tag has a line of tags.csv in it; write some, run snakemake, and again")
    found = learnt(taggers, labels, least, by)
    for tag, why in found.without.items():
        print(f"note: {tag} is not calibrated: {why}", file=sys.stderr)
    write_text(Path(VOCABULARY, name), as_text(found.rows))
    summary(f"calibrate: {in_words(found, labels)}; write calibration: {name} into section tag of params.yaml")


def episodes() -> Iterator[str]:
    """Yield series/episode of each table of stage tag, in order."""
    for path in sorted(Path(path_of("tag")).glob("*/*.parquet")):
        yield f"{path.parent.name}/{path.stem}"


def gather(episode: str, taggers: list[Tagger], pad: float, labels: Labels) -> None:
    """Put to the labels what taggers and people say of the pictures of an episode that have lines."""
    said = looked_through(read_table(path_of("tag", episode), OF_TAG))
    if not said:
        return
    stills = read_table(path_of("stills", episode), OF_STILLS).filter(
        pl.col("still").is_in([still for still, _ in said])
    )
    boxes = read_table(path_of("detect", episode), DETECT)
    numbered = boxes.filter(kind="person").sort("still", "box")
    of_still = views(boxes, pad)
    with reading(stills, "still") as read:
        for still in stills["still"]:
            units = [None, *numbered.filter(still=still)["box"].to_list()]
            pictures = dict(zip(units, of_still(still, read(still)), strict=True))
            asked = [box for box in units if (still, box) in said]
            labels.add(taggers, [pictures[box] for box in asked], [said[still, box] for box in asked])
