"""`genga import`: what people changed in the captions of an export, as lines under corrections/."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from genga.decisions.csv import Decision, content_of, parse, path_of
from genga.decisions.writer import append, changed
from genga.exchange.edits import Line, edits_of
from genga.jobs.script import summary
from genga.store.files import replacing
from genga.vocabulary.text import tag_name

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def import_(
    folder: Annotated[Path, typer.Argument(help="folder of an export: kohya, hydrus, imagefolder, …")],
    who: Annotated[str, typer.Option(help="what stands in the column who of new lines")] = "",
    dry: Annotated[bool, typer.Option("--dry", help="say what would be written, and write nothing")] = False,
) -> None:
    """Turn what was changed by hand in an export's captions into lines of corrections/<series>/<episode>/tags.csv."""
    edits = edits_of(folder)
    for odd in edits.odd:
        print(f"{folder / odd}", file=sys.stderr)
    by_table: dict[str, list[Line]] = {}
    for line in edits.lines:
        series, episode, _ = line.image.split("/")
        by_table.setdefault(path_of("tags", series, episode), []).append(line)
    plans = {table: plan for table, lines in sorted(by_table.items()) if any(plan := _plan(table, lines, who))}
    for table, (other, new) in plans.items():
        if not dry:
            _write(Path(table), other, new)
            continue
        for values in [*({**was.values, **now} for was, now in other), *new]:
            print(f"{table}: {values['still_or_crop']} {values['decision']} {values['tag']}", file=sys.stderr)
    counts = {table: len(other) + len(new) for table, (other, new) in plans.items()}
    said = ", ".join(f"{count} line{'s' if count > 1 else ''} in {table}" for table, count in counts.items())
    odd = f"{len(edits.odd)} not understood{', and nothing is written' if dry else ''}"
    summary(f"import {folder}: {said or 'nothing new'}; {odd}")


Changed = list[tuple[Decision, dict[str, str]]]  # lines that are there, and what they are to say
New = list[dict[str, str]]  # lines to add


def _plan(table: str, lines: list[Line], who: str) -> tuple[Changed, New]:
    """Return what becomes of a table: nothing of what it says already."""
    there = parse(content_of(table), table, "tags") if Path(table).is_file() else []
    said = {(one["still_or_crop"], tag_name(one["tag"])): one for one in there if not one["box"]}
    other: Changed = []
    new: New = []
    for line in lines:
        before = said.get((line.image, line.tag))
        values = {"decision": line.decision, "who": who, "why": f"changed in {line.file}"}
        if before is None:
            new.append({"still_or_crop": line.image, "tag": line.tag, **values})
        elif before["decision"] != line.decision:
            other.append((before, values))
    return other, new


def _write(path: Path, other: Changed, new: New) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if other:
        content = changed(content_of(path), other)
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    append(path, "tags", new)
