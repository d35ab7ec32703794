"""`genga forget SERIES`: take off the records and the disk what was made of a series whose videos are gone."""

from typing import Annotated

import typer

from genga.jobs.script import summary

app = typer.Typer(add_completion=False)


@app.command()
def forget(series: Annotated[str, typer.Argument(help="the series, as its folder in data/raw was called")]) -> None:
    """Take off records.jsonl, and delete, what was made of a series whose videos are gone.

    Models and reports that learnt from it stay, and so do decisions under corrections/; of latents and drawings made
    larger under .cache/ those that another series has, too. A clone that has it on record
    in git has it back by `git checkout records.jsonl` and `dvc pull`.
    """
    from genga.workflow import forgotten

    jobs, files, kept = forgotten.forget(series)
    summary(
        f"forget {series}: {jobs} jobs are off records.jsonl, and {files} files deleted, {kept} latents and enlarged"
        " drawings beside; commit it, and `dvc commit`"
    )
