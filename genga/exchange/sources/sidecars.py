"""What lies beside images and says what they show, in the forms of the tools that write such.

- `image.txt`, `image.png.txt`: tags with commas between them, or one on each line as Hydrus writes them, with its
  namespaces (`character:akari`). A text that is a sentence is a caption.
- `image.caption`: a sentence.
- `image.json`, `image.png.json`: gallery-dl's (`tags_general`, Danbooru's `tag_string_general`, e621's tags by
  category), Hydrus' (its API's tags by service), or `{"tags": …, "caption": …}` as kohya's and others' scripts write.
- of a whole folder: kohya's metadata (`{"image": {"tags": …, "caption": …}}`), and Hugging Face's metadata.jsonl, .csv
  or .parquet with the column `file_name`.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl

from genga.errors import GengaError
from genga.vocabulary.text import tag_name, tokens

ENDINGS = (".txt", ".caption", ".json")  # of sidecars
TABLES = ("metadata.jsonl", "metadata.csv", "metadata.parquet")  # of a folder, Hugging Face's
GENERAL = "general"  # the category of tags that come without one

# What sites and tools call categories -> what they are called here.
_CATEGORIES = {
    "": GENERAL, "tag": GENERAL, "general": GENERAL, "character": "character", "copyright": "copyright",
    "series": "copyright", "artist": "artist", "creator": "artist", "meta": "meta", "metadata": "meta",
    "species": "species", "rating": "rating", "lore": "lore", "invalid": "invalid", "person": "character",
}  # fmt: skip
_RATINGS = {"g": "general", "s": "sensitive", "q": "questionable", "e": "explicit"}
_WORDS, _LETTERS = 6, 200  # in a piece between commas, from which it is no tag; no site's tags have so many letters
_MOST = 1 << 20  # bytes of what is said of one image
_SENTENCES = ("caption", "text", "description", "content_description")


@dataclass(frozen=True)
class Said:
    """What is said of an image."""

    tags: dict[str, list[str]] = field(default_factory=dict)  # by category, with underscores
    text: str = ""  # a caption in sentences
    rating: str = ""
    credited: str = ""  # where it is from

    def over(self, other: "Said") -> "Said":
        """Return this, and of the other what this does not say."""
        return Said(self.tags or other.tags, self.text or other.text, self.rating or other.rating,
                    self.credited or other.credited)  # fmt: skip


def by_category(tags: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return tags by category, each once, in order. tags: (category, tag) as people or sites wrote them."""
    found: dict[str, dict[str, None]] = {}
    for category, tag in tags:
        if 0 < len(name := tag_name(" ".join(str(tag).split()))) < _LETTERS:
            found.setdefault(_CATEGORIES.get(category.strip().lower(), category.strip().lower()), {})[name] = None
    return {category: list(names) for category, names in found.items()}


def of_text(text: str) -> Said:
    """Return what a text says: tags, or a sentence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    pieces = lines if len(lines) > 1 else tokens(text)
    if any(len(piece.split()) >= _WORDS or len(piece) >= _LETTERS or piece.endswith(".") and " " in piece
           for piece in pieces):  # fmt: skip
        return Said(text=" ".join(lines))
    return Said(by_category(_named(piece) for piece in pieces))


def _named(piece: str) -> tuple[str, str]:
    """A tag with Hydrus' namespace: (category, tag)."""
    category, colon, tag = piece.partition(":")
    return (category, tag) if colon and category.lower() in _CATEGORIES and tag.strip() else ("", piece)


def of_json(said: Any) -> Said:
    """Return what a JSON object says of an image."""
    if not isinstance(said, Mapping):
        return Said()
    rating = str(said.get("rating") or "")
    pages = (said.get("_url"), said.get("page_url"), said.get("post_url"), said.get("itemurl"), said.get("source"))
    return Said(
        by_category(_tags(said)),
        next((str(said[key]).strip() for key in _SENTENCES if isinstance(said.get(key), str)), ""),
        _RATINGS.get(rating, rating),
        next((str(page) for page in pages if isinstance(page, str) and page), ""),
    )


def _tags(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every (category, tag) of an object: of its keys by category where there are such, else of `tags`."""
    keys = [key for key in said if re.fullmatch(r"tags?_(string_)?[a-z]+", key) and key != "tag_string" and said[key]]
    of = {re.sub(r"tags?_(string_)?", "", key): said[key] for key in keys}
    of = {category: tags for category, tags in of.items() if category in _CATEGORIES}
    for category, tags in of.items() if of else _plain_tags(said.get("tags", said.get("tag_string"))):
        yield from (
            (category, tag) for tag in (tags.split() if isinstance(tags, str) else tags) if isinstance(tag, str)
        )


def _plain_tags(tags: Any) -> Iterator[tuple[str, list[str]]]:
    """What stands under `tags`: a text, a list, or an object by category, or by service as Hydrus has it."""
    if isinstance(tags, str):
        yield "", tokens(tags) if "," in tags else tags.split()
    elif isinstance(tags, list):
        for tag in tags:
            category, name = _named(tag) if isinstance(tag, str) else ("", str(dict(tag).get("name", "")))
            yield category, [name]
    elif isinstance(tags, Mapping):
        for category, names in tags.items():
            if isinstance(names, Mapping):  # a service of Hydrus: statuses, of which 0 is current
                shown = names.get("display_tags") or names.get("storage_tags") or names
                yield from _plain_tags([tag for tag in shown.get("0", []) if isinstance(tag, str)])
            elif isinstance(names, list):
                yield str(category), [name for name in names if isinstance(name, str)]


def of_file(path: Path) -> Said:
    """Return what a sidecar says. Raises GengaError if it cannot be read."""
    try:
        if path.stat().st_size > _MOST:
            raise GengaError(f"{path.name}: is too long for what is said of an image ({path.stat().st_size} bytes)")
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".json":
            return of_json(json.loads(text))
    except (OSError, ValueError, RecursionError) as error:
        raise GengaError(f"{path.name}: cannot be read as what is said of an image ({error})") from error
    return Said(text=" ".join(text.split())) if path.suffix.lower() == ".caption" else of_text(text)


def beside(name: str, names: Collection[str]) -> list[str]:
    """Return which of `names` are sidecars of an image: `image.png.json` and `image.json`, and so on."""
    stem = str(PurePosixPath(name).with_suffix(""))
    return [one for ending in (".json", ".txt", ".caption") for one in (name + ending, stem + ending) if one in names]


def of_table(path: Path, name: str) -> dict[str, Said]:
    """Return what a data set's own table says of its images, by their names in it; {} if it is no such table.

    name: what the file is called in the data set. Raises GengaError if it cannot be read.
    """
    try:
        if name not in TABLES:
            said = json.loads(path.read_text(encoding="utf-8-sig"))
            rows = said.items() if isinstance(said, dict) else ()
            return {
                image: of_json(of) for image, of in rows if isinstance(of, dict) and {"tags", "caption"} & of.keys()
            }
        table = _read(path, Path(name).suffix)
    except (OSError, ValueError, RecursionError, pl.exceptions.PolarsError) as error:
        raise GengaError(f"{name}: cannot be read as the table of a data set ({error})") from error
    if "file_name" not in table.columns:
        return {}
    return {str(row.pop("file_name")): of_row(row) for row in table.to_dicts()}


def _read(path: Path, kind: str) -> pl.DataFrame:
    match kind:
        case ".jsonl":
            return pl.read_ndjson(path)
        case ".csv":
            return pl.read_csv(path)
        case _:
            return pl.read_parquet(path)


def of_row(row: dict[str, Any]) -> Said:
    """A row of Hugging Face's: its column `text` holds tags as often as a sentence."""
    found = of_json({key: value for key, value in row.items() if key != "text"})
    return found.over(of_text(row["text"])) if isinstance(row.get("text"), str) else found


def in_table(tables: Mapping[str, Said], name: str) -> Said:
    """Return what tables say of an image; kohya's keys may be whole paths, with endings or without."""
    path = PurePosixPath(name)
    for key in (name, str(path.with_suffix("")), path.name, path.stem):
        if key in tables:
            return tables[key]
    return Said()
