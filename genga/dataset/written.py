"""What people wrote of images: `corrections/<series>/sentences.csv`, in place of what a model says of them.

Columns: still_or_crop, sentence, and optionally who, why. A line is about that image alone, a whole still or a crop; an
empty sentence says that nothing is to be said of it. Of two lines about one image the later one holds, and both are
named.
"""

import sys
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from genga.decisions.csv import KINDS, read
from genga.errors import GengaError

FILE = KINDS["sentences"].file

_STOPS = (".", "!", "?", "。", "！", "？", "…")


class Written(NamedTuple):
    """A line of the table."""

    file: str
    line: int  # in it
    sentence: str  # with its full stop; "": nothing is to be said


def read_sentences(files: Iterable[Path]) -> dict[str, Written]:
    """Return what the table among `files` says, by image; {} if there is none."""
    path = next((path for path in files if path.name == FILE), None)
    return read_table_of(path) if path else {}


def read_table_of(path: Path) -> dict[str, Written]:
    """Return what a table says, by image. Raises GengaError naming file and line."""
    found: dict[str, Written] = {}
    for one in read(path, "sentences"):
        image, said = one["still_or_crop"], one["sentence"]
        if not image:
            raise GengaError(f"{one.where}: names no still or crop")
        if (before := found.get(image)) is not None:
            told = f"says something of {image}, and so does line {before.line}"
            print(f"warning: {one.where}: {told}; the later one holds: take one of them out", file=sys.stderr)
        found[image] = Written(one.file, one.line, said if not said or said.endswith(_STOPS) else f"{said}.")
    return found


def without_effect(written: Mapping[str, Written], images: Collection[str]) -> list[str]:
    """Return a line for each that is about an image that there is not now. images: all that may be trained on."""
    gone = [(image, one) for image, one in written.items() if image not in images]
    near = {image: get_close_matches(image, [*images], 1, 0.8) for image, _ in gone}
    return [
        f"{one.file}:{one.line}: {image}: not placed, there is no such image now"
        + (f"; nearest: {near[image][0]}" if near[image] else "")
        for image, one in gone
    ]
