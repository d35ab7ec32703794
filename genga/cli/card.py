"""`genga card`: the model card of each run and merge, beside its model."""

from pathlib import Path
from typing import Annotated

import typer

from genga.jobs.script import summary

app = typer.Typer(add_completion=False)


@app.command()
def card(
    run: Annotated[list[str] | None, typer.Argument(help="runs and merges; default: all that are here")] = None,
) -> None:
    """Write models/NAME/README.md: data, parameters, models, figures and hashes, from the records of the jobs."""
    from genga.audit.card import NAME
    from genga.audit.card import card as card_of
    from genga.audit.model import merges, trained
    from genga.store.files import write_text
    from genga.workflow.records import read_records

    records = read_records()
    names = run or sorted({*trained(), *merges(records)})
    for name in names:
        write_text(Path("models", name, NAME), card_of(name, records))
    there = ", ".join(f"models/{name}/{NAME}" for name in names) or "none is made yet"
    summary(f"card: {len(names)} models: {there}")
