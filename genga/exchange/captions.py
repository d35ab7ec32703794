"""What an export says of its captions, beside them, so that what people change can be told from what was written.

`genga-captions.json` in an export's folder names the format, and of every image its id, the tags of its caption as they
were written, how many names are in front, and which file holds them.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from genga.errors import GengaError
from genga.store.files import read_json
from genga.vocabulary.text import SEPARATOR, plain, tokens

FILE = "genga-captions.json"
MARK = "|||"  # sd-scripts' keep_tokens_separator: what stands after the first and before the second varies

Row = Mapping[str, Any]  # of folders.OF_DATASET, with names


def words_of(row: Row) -> list[str]:
    """Return names and tags of an image's caption, without the backslashes of prompts."""
    return plain(row["caption"]).split(SEPARATOR)


def words_in(text: str) -> list[str]:
    """Return names, tags and sentences of a `.txt`, of all its lines, each once; whole what is after a second mark."""
    found: dict[str, None] = {}
    for line in text.splitlines():
        parts = line.split(MARK)
        if len(parts) > 1:
            parts = [part.replace("{{", "{").replace("}}", "}") for part in parts]
        found |= dict.fromkeys([word for part in parts[:2] for word in tokens(part)])
        found |= dict.fromkeys([part.strip() for part in parts[2:] if part.strip()])
    return list(found)


@dataclass(frozen=True)
class Format:
    """Where an export puts an image and its caption, below its folder."""

    name: str  # as its command is called
    image: Callable[[Row], str]
    caption: Callable[[Row], str]
    words: Callable[[Row], list[str]] = words_of  # of the caption, names first
    names: Callable[[Row], int] = lambda row: row["keep_tokens"]  # how many of these are no tags


class Written(NamedTuple):
    """An image's caption as an export wrote it."""

    image: str  # its id: of a crop or a still
    caption: str  # file that holds it
    words: list[str]
    names: int


class Base(NamedTuple):
    """What an export wrote."""

    format: str
    images: dict[str, Written]  # by the image's file


def base_of(format: Format, rows: Iterable[Row]) -> dict[str, Any]:
    """Return what stands in FILE, of these images."""
    images = {
        format.image(row): Written(row["image"], format.caption(row), format.words(row), format.names(row))
        for row in rows
    }
    return {"format": format.name, "images": {file: list(of) for file, of in sorted(images.items())}}


def read_base(folder: Path, formats: Collection[str]) -> Base:
    """Return what an export wrote. Raises GengaError for a folder that is none, or of none of these formats."""
    path = folder / FILE
    if not path.is_file():
        raise GengaError(f"{folder}: is no export whose captions can be taken back ({FILE} is missing); export again")
    said = read_json(path)
    try:
        base = Base(said["format"], {str(file): Written(*of) for file, of in said["images"].items()})
    except (KeyError, TypeError, AttributeError) as error:
        raise GengaError(f"{path}: is not as an export writes it; export again") from error
    if base.format not in formats:
        raise GengaError(f"{path}: is not as an export writes it; export again")
    return base
