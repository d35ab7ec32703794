"""`genga audit MODEL`: which data produced a model, and is all of it still what it was."""

from pathlib import Path
from typing import Annotated

import typer

from genga.jobs.script import summary

app = typer.Typer(add_completion=False)


@app.command()
def audit(
    model: Annotated[
        Path, typer.Argument(help="a checkpoint: models/RUN/checkpoints/*.safetensors, or any copy of it")
    ],
    json: Annotated[Path | None, typer.Option(help="write everything there as JSON")] = None,
    page: Annotated[bool, typer.Option(help="write reports/RUN/audit.html, beside the report")] = False,
    images: Annotated[bool, typer.Option(help="print every training image, not their number alone")] = False,
) -> None:
    """Walk from a model to the raw videos, and hold all that is met against its sha256 on record.

    Exit status 1 if something is not what is on record; what is absent here is said and is no failure.
    """
    from genga.audit.as_text import lines, verdict
    from genga.audit.page import page as page_of
    from genga.audit.verify import audit as walk
    from genga.store.files import write_json, write_text
    from genga.workflow.records import read_records

    found = walk(model, read_records())
    for line in lines(found, images):
        print(line)
    if json is not None:
        write_json(json, found)
    if page:
        write_text(Path("reports", found["run"], "audit.html"), page_of(found))
    summary(verdict(found))
    if not found["verified"]:
        raise typer.Exit(1)
