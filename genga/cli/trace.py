"""`genga trace FRAME`: what every stage made of a frame, and which checkpoints saw it."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def trace(
    frame: Annotated[str, typer.Argument(help="series/episode/number, or the id of a still, crop or training image")],
    json: Annotated[Path | None, typer.Option(help="write everything there as JSON")] = None,
) -> None:
    """Say what every stage made of a frame and why, and which checkpoints saw it at which steps."""
    from genga.audit.trace import trace as trace_of
    from genga.audit.tracetext import lines
    from genga.store.files import write_json

    found = trace_of(frame)
    for line in lines(found):
        print(line)
    if json is not None:
        write_json(json, found)
