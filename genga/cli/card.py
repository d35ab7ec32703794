"""`genga card`: the model card of each run, beside its checkpoints."""

from pathlib import Path
from typing import Annotated

import typer

from genga.jobs.script import summary

app = typer.Typer(add_completion=False)


@app.command()
def card(
    run: Annotated[list[str] | None, typer.Argument(help="runs; default: all that have checkpoints")] = None,
) -> None:
    """Write models/RUN/README.md: data, parameters, models, figures and hashes, from the records of the jobs."""
    from genga.audit.card import NAME
    from genga.audit.card import card as card_of
    from genga.store.files import write_text
    from genga.workflow.records import read_records

    records = read_records()
    runs = run or sorted(path.parent.name for path in Path("models").glob("*/checkpoints.json"))
    for name in runs:
        write_text(Path("models", name, NAME), card_of(name, records))
    summary(f"card: {len(runs)} runs: {', '.join(f'models/{name}/{NAME}' for name in runs) or 'none is trained yet'}")
