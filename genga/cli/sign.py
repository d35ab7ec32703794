"""`genga sign RUN KEY`: sign a run's folder, so that one changed byte in it shows."""

from pathlib import Path
from typing import Annotated

import typer

from genga.jobs.script import summary

app = typer.Typer(add_completion=False)


@app.command()
def sign(
    run: Annotated[str, typer.Argument(help="the run: every file in models/RUN is signed")],
    key: Annotated[Path, typer.Argument(help="private key, PEM; keep it out of git")],
    new_key: Annotated[bool, typer.Option(help="make the key first, and KEY.pub beside it to give away")] = False,
) -> None:
    """Write models/RUN.sig, an OpenSSF model signature (model-signing) with a key of one's own."""
    from genga.audit import signing

    if new_key:
        signing.make_key(key)
    made = signing.sign(Path("models", run), key)
    summary(f"sign {run}: {made}; who has {key}.pub checks it with: genga verify {run} {key}.pub")
