"""`genga diff RUN RUN`: which data, parameters and code differ between two runs, or merges."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def diff(
    first: Annotated[str, typer.Argument(help="a run that was trained, or a merge that was made")],
    second: Annotated[str, typer.Argument(help="another")],
    json: Annotated[Path | None, typer.Option(help="write everything there as JSON")] = None,
) -> None:
    """Say which images, corrections, inputs, parameters, models, code and software differ between two of them."""
    from genga.audit.diff import diff as diff_of
    from genga.audit.diff import lines
    from genga.store.files import write_json
    from genga.workflow.records import read_records

    found = diff_of(first, second, read_records())
    for line in lines(found):
        print(line)
    if json is not None:
        write_json(json, found)
