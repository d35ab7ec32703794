"""`genga trace FRAME`: what every stage made of a frame, and which checkpoints saw it; or what a sample is near to."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def trace(
    frame: Annotated[
        str,
        typer.Argument(
            help="series/episode/number, or the id of a still, crop or training image; or run/step-prompt-seed"
        ),
    ],
    json: Annotated[Path | None, typer.Option(help="write everything there as JSON")] = None,
) -> None:
    """Say what every stage made of a frame and why, and which checkpoints saw it at which steps.

    Of a sample: by which checkpoint it was drawn, and which training images and clips it is near to.
    """
    from genga.audit.sampled import is_sample, sampled
    from genga.audit.trace import trace as trace_of
    from genga.audit.tracetext import lines, lines_of_sample
    from genga.store.files import write_json

    found = sampled(frame) if is_sample(frame) else trace_of(frame)
    for line in lines_of_sample(found) if is_sample(frame) else lines(found):
        print(line)
    if json is not None:
        write_json(json, found)
