"""What people changed in the captions of an export, as lines about tags.

Compared are the tags that the export wrote with those that are in its files now: by image, as sets, for their order is
the trainer's. What is no tag (a name, a sentence, a weight) is said and decides nothing.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from genga.exchange.captions import FILE, Written, read_base
from genga.exchange.captions_read import READERS
from genga.store.files import read_json
from genga.vocabulary.text import tag_name

_WORDS = 6  # more than any tag has
_NAMESPACE = re.compile(r"(series|episode|scene|character|outfit|creator|person|title|meta|rating):\S")
_WEIGHT = re.compile(r"[(\[{].*:\s*-?[\d.]+\s*[)\]}]|<.*:.*>")


class Line(NamedTuple):
    """A decision about an image's tag."""

    image: str  # id of a still or a crop
    tag: str
    decision: str  # add or remove
    file: str  # in which it was changed


class Edits(NamedTuple):
    lines: list[Line]
    odd: list[str]  # what could not be understood: file, line if it has several, why


def edits_of(folder: Path) -> Edits:
    """Return what was changed in an export since it was written.

    Raises GengaError for a folder that is none, and for a file that cannot be read.
    """
    base = read_base(folder, READERS)
    lines: list[Line] = []
    odd: list[str] = []
    known = {(written.caption, file): written for file, written in base.images.items()}
    seen: set[str] = set()
    for where, file, words in READERS[base.format](folder, base, odd):
        caption = where.partition(":")[0]
        written = known.get((caption, file))
        if written is None or file in seen:
            odd.append(f"{where}: {f'{file} is there twice' if file in seen else f'{file} is no image of this export'}")
            continue
        seen.add(file)
        lines += _compared(where, written, words, odd)
    gone = (file for file in base.images if file not in seen)
    odd += [f"{base.images[file].caption}: the caption of {file} is not there any more" for file in gone]
    return Edits(sorted(_on_stills(lines, folder), key=lambda line: line.image), sorted(odd))


def _on_stills(lines: Iterable[Line], folder: Path) -> Iterator[Line]:
    """Lines about a clip as lines about each of its drawings: a clip has the tags that its drawings have."""
    stills = read_json(folder / FILE).get("stills", {})
    for line in lines:
        yield from (line._replace(image=image) for image in stills.get(line.image, [line.image]))


def _compared(where: str, written: Written, words: list[str], odd: list[str]) -> Iterator[Line]:
    """The lines about one image. words: what its caption has now."""
    now = {word.casefold() for word in words}
    names = written.words[: written.names]
    rest = written.words[written.names :]
    before = {tag_name(word) for word in rest if not no_tag(word)}
    told = [word for word in rest if no_tag(word)]
    odd += [f"{where}: {word!r} was changed or taken out, and is no tag" for word in told if word.casefold() not in now]
    if not words:
        odd.append(f"{where}: is empty; take tags out one by one, or leave the image out by its kind or quality")
        return
    gone = (name for name in names if name.casefold() not in now)
    odd += [f"{where}: {name!r} was taken out; who is who says characters.csv" for name in gone]
    kept, known = set[str](), {name.casefold() for name in (*names, *told)}
    for word in words:
        if word.casefold() in known:
            continue
        tag = tag_name(word)
        if tag not in before and (why := no_tag(word)):
            odd.append(f"{where}: {word!r} {why}")
            continue
        kept.add(tag)
    file = where.partition(":")[0]
    yield from (Line(written.image, tag, "remove", file) for tag in sorted(before - kept))
    yield from (Line(written.image, tag, "add", file) for tag in sorted(kept - before))


def no_tag(word: str) -> str:
    """Why a text cannot be a tag; "" if it can."""
    if word.startswith("tier:"):
        return "is a tier, which says tiers.csv"
    if _NAMESPACE.match(word):
        return "is a name, which says characters.csv"
    if _WEIGHT.fullmatch(word.strip()):
        return "has a weight, which no tag has"
    if len(word.split()) > _WORDS or re.search(r"[.!?]$", word) and len(word.split()) > 2:
        return "is a sentence, and no tag"
    return "has a control character in it" if re.search(r"[\x00-\x1f]", word) else ""
