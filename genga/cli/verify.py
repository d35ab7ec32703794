"""`genga verify RUN KEY.pub`: is a run's folder what was signed?"""

from pathlib import Path
from typing import Annotated

import typer

from genga.jobs.script import summary

app = typer.Typer(add_completion=False)


@app.command()
def verify(
    run: Annotated[str, typer.Argument(help="the run, or merge: models/RUN against models/RUN.sig")],
    key: Annotated[Path, typer.Argument(help="public key, PEM, of who signed")],
) -> None:
    """Verify an OpenSSF model signature; exit status 1 if a byte, a file or the key is another."""
    from genga.audit import signing
    from genga.audit.model import published

    signing.verify(published(run), key)
    summary(f"verify {run}: models/{run} is what was signed with the key of {key}")
