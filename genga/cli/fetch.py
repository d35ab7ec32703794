"""`genga fetch`: pictures and videos from the sources in params.yaml into data/raw, each with where it came from."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from genga.errors import GengaError
from genga.jobs.script import summary
from genga.params.section import read_params
from genga.params.sources import Folder, Source, sources_of

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def fetch(
    names: Annotated[
        list[str] | None, typer.Argument(help="entries of params.yaml:sources; default: every one")
    ] = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="say what would be fetched, and place nothing")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="believe which episode each release is, unasked")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="of one source of kind folder: look again and again")] = False,
) -> None:
    """Fetch pictures and videos from the sources in params.yaml into data/raw; snakemake itself fetches nothing.

    Still images become albums, which are episodes; animations and videos are files of their own.

    Where each came from, when, and its sha256 go on record in sources.jsonl, which belongs into git.

    Nothing is fetched twice. Releases are shown with the episodes that their names say before one is placed.

    What fails is said in a line, and the rest goes on. Run it again to go on where it was: docs/sources.md.
    """
    from genga.exchange.sources.fetch import Done, fetch
    from genga.exchange.sources.fetch import watch as watched

    chosen = _chosen(sources_of(read_params(Path("params.yaml"))), names or [])
    ask = _believed if yes else _asked

    def told(name: str, done: Done) -> None:
        for line in done.would:
            print(f"  {line}")
        summary(done.in_words(name))

    if watch:
        ((name, source), *others) = chosen.items()
        if others or not isinstance(source, Folder):
            raise GengaError("--watch is for one source of kind folder: name it, genga fetch --watch NAME")
        try:
            watched(name, source, _say, ask, lambda done: told(name, done) if done.albums or done.files else None)
        except KeyboardInterrupt:
            return
    failed = False
    for name, source in chosen.items():
        try:
            told(name, fetch(name, source, _say, ask, dry))
        except GengaError as error:  # the others go on
            failed = True
            print(f"error: fetch {name}: {error}", file=sys.stderr)
    if failed:
        raise typer.Exit(1)


def _chosen(sources: dict[str, Source], names: list[str]) -> dict[str, Source]:
    """The sources of these names, or all. Raises GengaError for one that is not there, and where there is none."""
    there = ", ".join(sources) or "none"
    for name in names:
        if name not in sources:
            raise GengaError(f"params.yaml:sources.{name} is missing; its sources: {there}")
    if not sources:
        raise GengaError("params.yaml:sources names nothing to fetch; add an entry (docs/sources.md)")
    return {name: sources[name] for name in names or sources}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _believed(lines: list[str]) -> bool:
    print("\n".join(lines))
    return True


def _asked(lines: list[str]) -> bool:
    """Show which episode each release is to be, and ask; without somebody to ask nothing is believed."""
    print("\n".join(lines), flush=True)
    if not sys.stdin.isatty():
        _say("nobody to ask: none of these is placed; --yes believes them, episodes in params.yaml corrects them")
        return False
    return typer.confirm("Place them so?")
