"""A section of params.yaml: frozen, no key that is not known, and one line that says which key is wrong.

What a value means its field says: 16 is 16.0 where a fraction may stand, 86 is text where a name is wanted. The whole
file is checked by genga.params.check.
"""

import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from genga.errors import GengaError


class Section(BaseModel):
    """A section of params.yaml. Unknown and missing keys are errors; numbers are not made of text in quotes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


P = TypeVar("P", bound=Section)


def read_params(path: str | Path) -> dict[str, Any]:
    """Return params.yaml as a dict of sections, as written. Raises GengaError if missing or not a YAML mapping."""
    from genga.params.notation import read_yaml  # not for a command that is given its values

    values = read_yaml(path)
    if not isinstance(values, dict):
        raise GengaError(f"{path}: must be a mapping of sections, got {type(values).__name__}")
    return values


def section_of_file(path: str | Path, section: str) -> Any:
    """Return one section of a parameter file, as written; `train:hana` is section train as run hana has it."""
    values = read_params(path)
    name, _, run = section.partition(":")
    if name not in values:
        raise GengaError(f"{path}: section {name} is missing")
    return section_of_run(values, run, name, Path(path).parent) if run else values[name]


def section_of_run(values: dict[str, Any], run: str, section: str, root: Path | None = None) -> dict[str, Any]:
    """Return `section` with what the recipe of run `run` and the run change in it, in this order.

    root: the project's folder, which has the recipes; None where what they say is in the run's sections already, as in
    params that were checked. Raises GengaError for an unknown run or recipe.
    """
    if run not in (values.get("runs") or {}):
        raise GengaError(f"params.yaml:runs.{run} is missing; add a section of that name")
    own, recipe = values["runs"][run], {}
    if root is not None and (name := own.get("recipe")):
        # By a computed name: what a recipe says is in a job's parameters, and how it is read in no job's code.
        recipe = importlib.import_module("genga.params." + "recipes").read_recipe(root, name).of(section)
    return {**values[section], **recipe, **(own.get(section) or {})}


def parse_section(section: str, kind: type[P], values: Any) -> P:
    """Return `values` as a section of class `kind`. Raises GengaError that names key, range and value."""
    if not isinstance(values, dict):
        raise GengaError(f"params.yaml:{section} must be a mapping of keys, got {values!r}")
    try:
        return kind.model_validate_json(json.dumps(as_meant(kind, values)))
    except ValidationError as error:
        raise GengaError("; ".join(_explain(section, kind, problem) for problem in error.errors())) from error


def params_of(section: str, kind: type[P], text: str) -> P:
    """Return a stage's parameters from `--params` JSON, or from params.yaml in this folder when `text` is empty."""
    try:
        values: Any = json.loads(text) if text else section_of_file("params.yaml", section)
    except ValueError as error:
        raise GengaError(f"--params: is not JSON ({error}): {text!r}") from error
    return parse_section(section, kind, values)


def as_meant(wanted: Any, value: Any) -> Any:
    """Return a value as a field of this type has it: 86 as text where text alone may stand, 600.0 as a whole number."""
    kinds = list(_alternatives(wanted))
    if isinstance(value, Mapping):
        fields = next((kind.model_fields for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)), {})
        return {key: as_meant(fields[key].annotation if key in fields else Any, one) for key, one in value.items()}
    if isinstance(value, list):
        of = next((get_args(kind)[0] for kind in kinds if get_origin(kind) is list), Any)
        return [as_meant(of, one) for one in value]
    if isinstance(value, int | float) and not isinstance(value, bool) and str in kinds and not {int, float} & {*kinds}:
        return str(value) if str(value) == getattr(value, "written", str(value)) else value  # 007 is 7 to DVC
    return int(value) if isinstance(value, float) and int in kinds and value.is_integer() else value


def _alternatives(wanted: Any) -> Iterator[Any]:
    """Yield the types that a field may have; a Literal is of its words' types."""
    match get_origin(wanted):
        case origin if origin is Annotated:
            yield from _alternatives(get_args(wanted)[0])
        case origin if origin in (Union, UnionType):
            for one in get_args(wanted):
                yield from _alternatives(one)
        case origin if origin is Literal:
            yield from map(type, get_args(wanted))
        case origin:
            yield dict if origin is dict else wanted


_PLAINLY = {"bool_type": "true or false", "string_type": "text, in quotes if it looks like something else"}


def _explain(section: str, kind: type[Section], problem: Any) -> str:
    """One problem as `params.yaml:dedup.threshold must be 0..255, got -3`."""
    name = ".".join([f"params.yaml:{section}", *map(str, problem["loc"])])
    if problem["type"] == "value_error":  # of a section's own check, which names its keys
        return f"{name}: {problem['ctx']['error']}"
    if problem["type"] == "extra_forbidden":
        return f"{name} is not a known key (known: {', '.join(_within(kind, problem['loc'][:-1]).model_fields)})"
    if problem["type"] == "missing":
        return f"{name} is missing"
    field = kind.model_fields.get(str(problem["loc"][0])) if problem["loc"] else None
    if field is not None and "than" in problem["type"] and (bounds := _range(field)):
        return f"{name} must be {bounds}, got {problem['input']!r}"
    if said := _PLAINLY.get(problem["type"]):
        return f"{name} must be {said}, got {json.dumps(problem['input'], ensure_ascii=False)}"
    return f"{name}: {problem['msg'].lower()}, got {problem['input']!r}"


def _within(kind: type[Section], loc: Sequence[int | str]) -> type[Section]:
    """Return the class of a section's part, or of the section where the part has none of its own."""
    for key in loc:
        if key in kind.model_fields:
            kind = next(_sections(kind.model_fields[str(key)].annotation), kind)
    return kind


def _sections(wanted: Any) -> Iterator[type[Section]]:
    if isinstance(wanted, type) and issubclass(wanted, Section):
        yield wanted
    for one in get_args(wanted):
        yield from _sections(one)


def _range(field: Any) -> str | None:
    """A numeric field's range as `0..255`, `above 0..1` or `at least 1`."""
    low = high = None
    for limit in field.metadata:
        for name, word in (("ge", ""), ("gt", "above ")):
            if (value := getattr(limit, name, None)) is not None:
                low = f"{word}{value}"
        for name, word in (("le", ""), ("lt", "below ")):
            if (value := getattr(limit, name, None)) is not None:
                high = f"{word}{value}"
    if low is not None and high is not None:
        return f"{low}..{high}"
    return f"at least {low}" if low is not None else (f"at most {high}" if high is not None else None)
