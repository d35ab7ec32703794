"""`genga verify RUN KEY.pub`: is a run's folder what was signed?"""

from pathlib import Path
from typing import Annotated

import typer

from genga.jobs.script import summary

app = typer.Typer(add_completion=False)


@app.command()
def verify(
    run: Annotated[str, typer.Argument(help="the run, or merge: models/RUN; or the folder of a package")],
    key: Annotated[Path, typer.Argument(help="public key, PEM, of who signed")],
) -> None:
    """Verify an OpenSSF model signature; exit status 1 if a byte, a file or the key is another."""
    from genga.audit import signing
    from genga.audit.model import published
    from genga.audit.model_package import GIT, SIGNATURE
    from genga.exchange.package import NOTE

    if Path(run, NOTE).is_file():
        signing.verify(folder := Path(run).absolute(), key, passing=(SIGNATURE, GIT))
    else:
        signing.verify(folder := published(run), key)
    summary(f"verify {run}: {folder} is what was signed with the key of {key}")
