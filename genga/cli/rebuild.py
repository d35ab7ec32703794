"""`genga rebuild PACKAGE`: the pictures of a package without pixels, from the videos."""

from pathlib import Path
from typing import Annotated

import typer

from genga.jobs.script import summary

app = typer.Typer(add_completion=False)


@app.command()
def rebuild(
    package: Annotated[Path, typer.Argument(help="folder that `genga package dataset --no-pixels` made")],
    videos: Annotated[Path, typer.Option(help="folder with the videos, whatever they are called; looked into deeply")],
    out: Annotated[Path | None, typer.Option(help="folder to make; default: PACKAGE-with-pixels")] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads")] = 2,
) -> None:
    """Make a package with its pictures from the videos, found by sha256: to the byte what was packed.

    Interrupted, it goes on with the next video.
    """
    from genga.exchange.package import read_package
    from genga.exchange.rebuild import rebuild as made_of

    target = out or package.absolute().with_name(f"{package.absolute().name}-with-pixels")
    images = made_of(read_package(package), videos, target, threads)
    summary(f"rebuild {package}: {images} images in {target}, each with the sha256 that it had")
