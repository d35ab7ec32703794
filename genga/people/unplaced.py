"""The decisions about a series that take no effect now, of every kind, in one table."""

import sys
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import polars as pl

from genga.decisions import characters, frames, tags
from genga.decisions.csv import Open
from genga.decisions.placing import Scene
from genga.tables.characters import OPEN


def open_rows(
    names: Sequence[Open],
    warnings: Iterable[str],
    aliases: Sequence[Open],
    files: Sequence[Path],
    scene: Scene,
    crops: Collection[str],
) -> pl.DataFrame:
    """Return a row for each decision about a series that takes no effect (OPEN), by file and line.

    What there is to say of the names is said on stderr, too; of other decisions their own stages say it. names,
    warnings: of the table of names; aliases: of that of aliases. files: all tables of corrections of the series. crops:
    ids of all its crops.
    """
    rows: list[tuple[Path, Open]] = []
    for file in files:
        match file.name:
            case characters.FILE:
                for said in (*(f":{one}" for one in names), *(f": {warning}" for warning in warnings)):
                    print(f"{file}{said}", file=sys.stderr)
                rows += [(file, one) for one in names]
            case characters.ALIASES:
                for one in aliases:
                    print(f"{file}:{one}", file=sys.stderr)
                rows += [(file, one) for one in aliases]
            case tags.FILE:
                rows += [(file, one) for one in tags.without_effect(file, scene, crops)]
            case _:
                known = scene.episode(file.parent.name)
                rows += [(file, one) for one in (frames.without_effect(file, known.dedup) if known else ())]
    return pl.DataFrame(
        [(str(file), *one[:3], list(one.nearest)) for file, one in sorted(rows)], schema=dict(OPEN), orient="row"
    )
