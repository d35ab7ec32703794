"""Recipes: processes of training as data, a file each under `recipes/`; a run names one and may overrule it.

    about: what it is, in a line
    family: sd15
    values:
      - from: where these values are from
        train: {epochs: 15, ...}
        sample: {...}

A value stands once in a file, under the source that it is from. `on: NAME` takes all of another recipe first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genga.errors import GengaError
from genga.params.notation import read_yaml

FOLDER = Path("recipes")
SECTIONS = ("train", "sample", "evaluate", "report")  # that a recipe may have values of


@dataclass(frozen=True)
class Value:
    section: str
    key: str
    value: Any
    source: str  # where it is from


@dataclass(frozen=True)
class Recipe:
    name: str
    about: str
    family: str  # of the base that it is for
    values: tuple[Value, ...]

    def of(self, section: str) -> dict[str, Any]:
        """Return what it says of a section, as written."""
        return {value.key: value.value for value in self.values if value.section == section}


def names_of_recipes(root: Path) -> list[str]:
    """Return the recipes of a project, sorted."""
    return sorted(path.stem for path in (root / FOLDER).glob("*.yaml"))


def read_recipe(root: Path, name: str, above: tuple[str, ...] = ()) -> Recipe:
    """Return a recipe of a project. Raises GengaError that names file and key if it is not there, or is none.

    above: recipes that are built on it.
    """
    file = FOLDER / f"{name}.yaml"
    if name not in (known := names_of_recipes(root)):
        raise GengaError(f"{file}: there is no such recipe (recipes: {', '.join(known) or 'none'})")
    said = read_yaml(root / file)
    _check(file, "", said, dict, required=("about", "family", "values"), known=("about", "family", "on", "values"))
    for key in ("about", "family", "on"):
        _check(file, key, said.get(key, ""), str)
    _check(file, "values", said["values"], list)
    below: tuple[Value, ...] = ()
    if "on" in said:
        if said["on"] in (on := (*above, name)):
            raise GengaError(f"{file}: on {said['on']} leads back to itself; take one `on` away")
        below = read_recipe(root, said["on"], on).values
    values: dict[tuple[str, str], Value] = {}
    for number, part in enumerate(said["values"]):
        for value in _values(file, f"values.{number}", part):
            if (value.section, value.key) in values:
                raise GengaError(f"{file}: {value.section}.{value.key} is there twice; keep one of them")
            values[value.section, value.key] = value
    under = {(value.section, value.key): value for value in below}
    return Recipe(name, said["about"], said["family"], tuple({**under, **values}.values()))


def _values(file: Path, where: str, part: Any) -> Iterator[Value]:
    _check(file, where, part, dict, required=("from",), known=("from", *SECTIONS))
    _check(file, f"{where}.from", part["from"], str)
    for section, said in part.items():
        if section != "from":
            _check(file, f"{where}.{section}", said, dict)
            yield from (Value(section, key, value, part["from"]) for key, value in said.items())


_CALLED: dict[type, str] = {dict: "a mapping of keys", list: "a list", str: "text"}


def _check(
    file: Path, key: str, value: Any, kind: type, required: tuple[str, ...] = (), known: tuple[str, ...] = ()
) -> None:
    name = f"{file}: {key}" if key else str(file)
    if not isinstance(value, kind):
        raise GengaError(f"{name} must be {_CALLED[kind]}, got {value!r}")
    if not isinstance(value, Mapping):
        return
    for missing in (one for one in required if one not in value):
        raise GengaError(f"{name}{'.' if key else ': '}{missing} is missing")
    for other in (one for one in value if known and one not in known):
        raise GengaError(f"{name}{'.' if key else ': '}{other} is not a known key (known: {', '.join(known)})")
