"""`genga sign RUN KEY`: sign a run's folder, so that one changed byte in it shows."""

from pathlib import Path
from typing import Annotated

import typer

from genga.jobs.script import summary

app = typer.Typer(add_completion=False)


@app.command()
def sign(
    run: Annotated[str, typer.Argument(help="the run, or merge: every file in models/RUN is signed")],
    key: Annotated[Path, typer.Argument(help="private key, PEM; keep it out of git")],
    new_key: Annotated[bool, typer.Option(help="make the key first, and KEY.pub beside it to give away")] = False,
) -> None:
    """Write models/RUN.sig, an OpenSSF model signature (model-signing) with a key of one's own.

    Signed with the run is its part of records.jsonl, as models/RUN/records.jsonl: what is behind it can be held to it.
    """
    from genga.audit import signing
    from genga.audit.model import published
    from genga.audit.roots import keep_records
    from genga.workflow.records import read_records

    folder = published(run)
    jobs = keep_records(run, read_records())
    if new_key:
        signing.make_key(key)
    made = signing.sign(folder, key)
    summary(
        f"sign {run}: {made}, with the records of {jobs} jobs; who has {key}.pub checks the run with: "
        f"genga verify {run} {key}.pub, and all behind it with: genga audit MODEL --against {made} --key {key}.pub"
    )
