"""To Hydrus and back by folders, where no Client API is on: images with sidecars, as it imports and exports them.

Out goes what `genga export hydrus` writes. Back comes any folder that Hydrus exported with tags in sidecars, beside the
images and called after them (`x.png.txt`, `x.txt`, `x.png.json`, `x.json`), whatever the images are called: they are
known by their sha256.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from genga.errors import GengaError
from genga.exchange import tools
from genga.exchange.captions import Format
from genga.exchange.captions_read import text_of
from genga.exchange.hydrus_base import Sent, write_sent
from genga.exchange.hydrus_pull import Found, changed_tags, names_of
from genga.exchange.hydrus_push import Item
from genga.exchange.hydrus_tags import forms_of
from genga.exchange.writing import write_export
from genga.jobs.script import progress
from genga.store.files import sha256_of

SERVICE = "sidecars"  # what stands for a tag service in the notes of what was sent
_SIDECARS = (".txt", ".json")
_IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".jxl", ".avif")


def push(series: str, rows: pl.DataFrame, out: Path, format: Format, items: Sequence[Item], base: Path) -> None:
    """Write a folder for Hydrus to import, and note what is in it. rows: of the data set, with names.

    format: see genga.exchange.tools.hydrus.
    """
    write_export(series, out, rows, format, tools.hydrus_texts(rows, format))
    sent = [Sent(item.sha256, item.images, item.source, item.words, [], None, False) for item in items]
    write_sent(base, SERVICE, sent)


def pull(folder: Path, sent: Mapping[str, Sent]) -> Found:
    """Return what people changed, by a folder that Hydrus exported. Raises GengaError if it has no such images."""
    images = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _IMAGES and path.is_file())
    if not images:
        raise GengaError(f"{folder}: has no images; name the folder that Hydrus exported to, with sidecars beside them")
    found, names = Found(), names_of(sent.values())
    seen: set[str] = set()
    for image in progress(images, len(images), f"hydrus pull from {folder}", "files"):
        one, sidecar = sent.get(sha256_of(image)), _sidecar(image)
        if one is None:
            found.unknown += 1
            continue
        if sidecar is None:
            found.odd.append(f"{image}: has no sidecar beside it ({image.name}.txt or .json); export it with its tags")
            continue
        seen.add(one.sha256)
        found.files += 1
        there = frozenset(forms_of(_tags(sidecar)))
        for name in one.images:
            found.said += changed_tags(name, one, there, names, found.odd, f"in {sidecar.name}")
    if not seen and found.unknown:
        raise GengaError(f"{folder}: none of its {len(images)} images was sent from here; name the folder of an export")
    return found


def _sidecar(image: Path) -> Path | None:
    names = [f"{stem}{ending}" for ending in _SIDECARS for stem in (image.name, image.stem)]
    return next((path for path in map(image.with_name, names) if path.is_file()), None)


def _tags(sidecar: Path) -> list[str]:
    """The tags in a sidecar: a line each, or a list in JSON, alone or under a key `tags`, however deep."""
    text = text_of(sidecar.read_bytes(), str(sidecar))
    if sidecar.suffix == ".txt":
        return [line.strip() for line in text.splitlines() if line.strip()]
    try:
        said = json.loads(text)
    except ValueError as error:
        raise GengaError(f"{sidecar}: is no JSON ({error}); export it again") from error
    lists = [said] if isinstance(said, list) else [value for key, value in _inside(said) if key == "tags"]
    if len(lists) != 1 or not isinstance(lists[0], list) or not all(isinstance(tag, str) for tag in lists[0]):
        raise GengaError(f'{sidecar}: has not one list of tags, as {{"tags": ["…"]}}; export it with that key')
    return lists[0]


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key of an object and of those in it, with its value."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield key, one
            yield from _inside(one)
