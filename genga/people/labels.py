"""What the columns of a tagger's answer stand for: the label files of published taggers, each in its own form.

csv         selected_tags.csv (SmilingWolf, deepghs, animetimm): tag_id,name,category,count; a column `best_threshold`
            has each tag's own threshold, a column `ips` (PixAI) the works that a character is of, as a JSON list.
tags        tags.json (PixAI v1.0): num_classes, and categories of name, offset, count and tags.
mapping     tag_mapping.json (CL v1): "0": {"tag", "category"} and so on.
vocabulary  model_vocabulary.json (CL v2): idx_to_tag, and tag_to_category.

Names are as booru sites write them, with underscores.
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from genga.errors import GengaError
from genga.store.files import read_json

# Danbooru's category numbers; 9, which the WD family gave its ratings; 6 and 7 of WD's successors, 10 of Camie.
CATEGORIES = {
    0: "general", 1: "artist", 3: "copyright", 4: "character", 5: "meta", 6: "quality", 7: "model", 9: "rating",
    10: "year",
}  # fmt: skip
_NAMED = {name: name for name in CATEGORIES.values()} | {"style": "artist"}  # as PixAI calls whose hand it is
_RATINGS = {name[0]: name for name in ("general", "sensitive", "questionable", "explicit")}

FETCH = "fetch it: genga models pull"


class Tag(NamedTuple):
    name: str  # as booru sites write it, with underscores; "": a column that stands for nothing
    category: str  # a value of CATEGORIES


@dataclass(frozen=True)
class Labels:
    tags: list[Tag]  # of each column
    counts: list[int]  # images in training; 0 where the file does not say
    best: list[float] | None = None  # each tag's own threshold
    works: dict[str, list[str]] = field(default_factory=dict)  # character -> those it is of


def read_labels(path: str | Path, form: str = "csv") -> Labels:
    """Return the labels in a file of this form. Raises GengaError that names the file and what is wrong in it."""
    if form == "csv":
        return _of_csv(path)
    said = read_json(path)
    try:
        tags = list(_OF_JSON[form](said))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
        raise GengaError(f"{path}: is no label file of the form {form} ({why}); name its form, or {FETCH}") from error
    if not tags:
        raise GengaError(f"{path}: has no tags")
    return Labels(tags, [0] * len(tags))


def read_thresholds(path: str | Path, mode: str) -> dict[str, float]:
    """Return the threshold of each category in a mode, from Camie's `threshold.json`: category, mode, `threshold`.

    Raises GengaError that names the file if it does not say so.
    """
    said = read_json(path)
    try:
        found = {_NAMED[name]: float(of[mode]["threshold"]) for name, of in said.items() if name in _NAMED}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise GengaError(f"{path}: has no thresholds for the mode {mode}; name one that it has, or {FETCH}") from error
    if not found or not all(0 < value < 1 for value in found.values()):
        raise GengaError(f"{path}: thresholds of the mode {mode} are {found}, not between 0 and 1; {FETCH}")
    return found


def _of_csv(path: str | Path) -> Labels:
    """Numbers may be written as floats, as some tools do that went over the file: 1589178.0."""
    tags: list[Tag] = []
    counts: list[int] = []
    best: list[float] = []
    works: dict[str, list[str]] = {}
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            for row in reader:
                try:
                    tags.append(Tag(_name(row), _category(row)))
                    counts.append(_whole(row, "count"))
                    if "best_threshold" in row:
                        best.append(_share(row, "best_threshold"))
                    if of := _works(row):
                        works[tags[-1].name] = of
                except ValueError as error:
                    line = f"line {reader.line_num} is not tag_id,name,category,count"
                    other = "" if "name" in row else "name its form in models.yaml (contract.labels), or "
                    raise GengaError(f"{path}: {line}: {error}; {other}{FETCH}") from error
    except OSError as error:
        raise GengaError(f"{path}: cannot be read ({error.strerror}); {FETCH}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise GengaError(f"{path}: is no CSV in UTF-8 ({error}); {FETCH}") from error
    if not tags:
        raise GengaError(f"{path}: has no tags")
    return Labels(tags, counts, best or None, works)


def _field(row: Mapping[str, str | None], name: str) -> str:
    """A field's text. Raises ValueError if it is missing or empty."""
    if not (text := row.get(name)):
        raise ValueError(f"it has no {name}")
    return text


def _name(row: Mapping[str, str | None]) -> str:
    """A tag's name; PixAI's file has a line without one, which stands for nothing."""
    return "" if "ips" in row and row.get("name") == "" else _field(row, "name")


def _category(row: Mapping[str, str | None]) -> str:
    """The category's name. Raises ValueError if it is none that is known."""
    if (number := _whole(row, "category")) not in CATEGORIES:
        raise ValueError(f"category is {number}, none of {', '.join(map(str, CATEGORIES))}")
    return CATEGORIES[number]


def _whole(row: Mapping[str, str | None], name: str) -> int:
    """A field that is a whole number, 0 or more. Raises ValueError if it is none."""
    text = _field(row, name)
    if (number := _number(text)) is None or number < 0 or not number.is_integer():
        raise ValueError(f"{name} is {text!r}, no whole number")
    return int(number)


def _share(row: Mapping[str, str | None], name: str) -> float:
    text = _field(row, name)
    if (number := _number(text)) is None or not 0 < number < 1:
        raise ValueError(f"{name} is {text!r}, not between 0 and 1")
    return number


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _works(row: Mapping[str, str | None]) -> list[str]:
    if not (text := row.get("ips")):
        return []
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if not isinstance(said, list) or not all(isinstance(name, str) and name for name in said):
        raise ValueError(f"ips is {text!r}, no list of names in JSON")
    return said


def _of_groups(said: Any) -> Iterable[Tag]:
    """tags.json: the columns of a category begin at its offset."""
    end = 0
    for group in sorted(said["categories"], key=lambda group: group["offset"]):
        names = group["tags"]
        if group["offset"] != end or group["count"] != len(names):
            raise ValueError(
                f"{group['name']} has {len(names)} tags from {group['offset']}: not {group['count']} from {end}"
            )
        end += len(names)
        yield from (_tag(name, group["name"]) for name in names)
    if end != said["num_classes"]:
        raise ValueError(f"{end} tags, and num_classes is {said['num_classes']}")


def _of_mapping(said: Any) -> Iterable[Tag]:
    """tag_mapping.json: by the number of the column, as text."""
    return [_tag(of["tag"], of["category"]) for of in _in_order(said)]


def _of_vocabulary(said: Any) -> Iterable[Tag]:
    """model_vocabulary.json: idx_to_tag by number, as text, or a list; tag_to_category by name."""
    names, category = said["idx_to_tag"], said["tag_to_category"]
    return [_tag(name, category[name]) for name in (names if isinstance(names, list) else _in_order(names))]


def _in_order(numbered: Mapping[str, Any]) -> Sequence[Any]:
    found = {int(number): of for number, of in numbered.items()}
    if missing := set(range(len(found))) - found.keys():
        raise ValueError(f"column {min(missing)} has no tag")
    return [found[number] for number in range(len(found))]


def _tag(name: Any, category: Any) -> Tag:
    kind = _NAMED.get(str(category).lower())
    if not isinstance(name, str) or not name or kind is None:
        raise ValueError(f"{name!r} of the category {category!r} is no tag")
    written = name.replace(" ", "_")
    if kind == "rating":  # PixAI's are rating:g and so on
        written = written.removeprefix("rating:")
        written = _RATINGS.get(written, written)
    return Tag(written, kind)


_OF_JSON = {"tags": _of_groups, "mapping": _of_mapping, "vocabulary": _of_vocabulary}
