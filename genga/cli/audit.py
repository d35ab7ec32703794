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
    against: Annotated[
        str | None, typer.Option(metavar="COMMIT|SIGNATURE", help="hold it against these records, not those here")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="public key, PEM, of who made the signature")] = None,
    uncommitted: Annotated[bool, typer.Option(help="exit 0 if no commit has the records, or DVC other files")] = False,
    unrecorded: Annotated[bool, typer.Option(help="exit 0 if nothing is on record of some files")] = False,
) -> None:
    """Walk from a model to the raw videos, and hold all that is met against its sha256 on record.

    Exit status 1 if something is not what is on record, or by DVC's own sums not what was committed; if nothing is on
    record of what is here; if the records are in no commit. What is absent here is said and is no failure.
    """
    from genga.audit.as_text import lines, verdict
    from genga.audit.page import page as page_of
    from genga.audit.roots import root_of
    from genga.audit.verify import audit as walk
    from genga.store.files import write_json, write_text
    from genga.workflow.records import read_records

    found = walk(model, read_records(), against=root_of(against, key) if against else None)
    for line in lines(found, images):
        print(line)
    if json is not None:
        write_json(json, found)
    if page:
        write_text(Path("reports", found["run"], "audit.html"), page_of(found))
    summary(verdict(found))
    accepted = ("uncommitted", "contradicted") * uncommitted + ("unrecorded",) * unrecorded
    if not found["verified"] and found["verdict"] not in accepted:
        raise typer.Exit(1)
