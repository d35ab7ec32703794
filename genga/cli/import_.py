"""`genga import`: what people changed in the captions of an export, as lines under corrections/."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from genga.exchange.corrections import about_tag, in_words, plans_of, settle
from genga.exchange.edits import edits_of
from genga.jobs.script import summary

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def import_(
    folder: Annotated[Path, typer.Argument(help="folder of an export: kohya, hydrus, imagefolder, …")],
    who: Annotated[str, typer.Option(help="what stands in the column who of new lines")] = "",
    dry: Annotated[bool, typer.Option("--dry", help="say what would be written, and write nothing")] = False,
) -> None:
    """Turn what was changed by hand in an export's captions into lines of corrections/<series>/<episode>/tags.csv."""
    edits = edits_of(folder)
    for odd in edits.odd:
        print(f"{folder / odd}", file=sys.stderr)
    told = (about_tag(line.image, line.tag, line.decision, f"changed in {line.file}") for line in edits.lines)
    plans = plans_of(told, who)
    for table, values in settle(plans, dry):
        print(f"{table}: {values['still_or_crop']} {values['decision']} {values['tag']}", file=sys.stderr)
    odd = f"{len(edits.odd)} not understood{', and nothing is written' if dry else ''}"
    summary(f"import {folder}: {in_words(plans) or 'nothing new'}; {odd}")
