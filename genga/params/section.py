"""A section of params.yaml: frozen, no key that is not known, and one line that says which key is wrong.

The whole file is checked by genga.params.check.
"""

import json
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from genga.errors import GengaError


class Section(BaseModel):
    """A section of params.yaml. Unknown and missing keys are errors; numbers are not made of strings."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


P = TypeVar("P", bound=Section)


def read_params(path: str | Path) -> dict[str, Any]:
    """Return params.yaml as a dict of sections, as written. Raises GengaError if missing or not a YAML mapping."""
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise GengaError(f"{path}: cannot be read ({error.strerror})") from error
    except yaml.YAMLError as error:
        raise GengaError(f"{path}: is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise GengaError(f"{path}: must be a mapping of sections, got {type(values).__name__}")
    return values


def section_of_file(path: str | Path, section: str) -> Any:
    """Return one section of a parameter file, as written; `train:hana` is section train as run hana has it."""
    values = read_params(path)
    name, _, run = section.partition(":")
    if name not in values:
        raise GengaError(f"{path}: section {name} is missing")
    return section_of_run(values, run, name) if run else values[name]


def section_of_run(values: dict[str, Any], run: str, section: str) -> dict[str, Any]:
    """Return `section` with what run `run` changes in it. Raises GengaError for an unknown run."""
    if run not in (values.get("runs") or {}):
        raise GengaError(f"params.yaml:runs.{run} is missing; add a section of that name")
    return {**values[section], **(values["runs"][run].get(section) or {})}


def parse_section(section: str, kind: type[P], values: Any) -> P:
    """Return `values` as a section of class `kind`. Raises GengaError that names key, range and value."""
    if not isinstance(values, dict):
        raise GengaError(f"params.yaml:{section} must be a mapping of keys, got {values!r}")
    try:
        return kind.model_validate_json(json.dumps(values))
    except ValidationError as error:
        raise GengaError("; ".join(_explain(section, kind, problem) for problem in error.errors())) from error


def params_of(section: str, kind: type[P], text: str) -> P:
    """Return a stage's parameters from `--params` JSON, or from params.yaml in this folder when `text` is empty."""
    values: Any = json.loads(text) if text else section_of_file("params.yaml", section)
    return parse_section(section, kind, values)


def _explain(section: str, kind: type[Section], problem: Any) -> str:
    """One problem as `params.yaml:dedup.threshold must be 0..255, got -3`."""
    key = ".".join(str(part) for part in problem["loc"])
    name = f"params.yaml:{section}.{key}" if key else f"params.yaml:{section}"
    if problem["type"] == "extra_forbidden":
        return f"{name} is not a known key (known: {', '.join(kind.model_fields)})"
    if problem["type"] == "missing":
        return f"{name} is missing"
    field = kind.model_fields.get(str(problem["loc"][0])) if problem["loc"] else None
    bounds = _range(field) if field is not None and "than" in problem["type"] else None
    if bounds:
        return f"{name} must be {bounds}, got {problem['input']!r}"
    return f"{name}: {problem['msg'].lower()}, got {problem['input']!r}"


def _range(field: Any) -> str | None:
    """A numeric field's range as `0..255`, `above 0..1` or `at least 1`."""
    low = high = None
    for limit in field.metadata:
        for name in ("ge", "gt"):
            if (value := getattr(limit, name, None)) is not None:
                low = f"{value}" if name == "ge" else f"above {value}"
        for name in ("le", "lt"):
            if (value := getattr(limit, name, None)) is not None:
                high = f"{value}" if name == "le" else f"below {value}"
    if low is not None and high is not None:
        return f"{low}..{high}"
    return f"at least {low}" if low is not None else (f"at most {high}" if high is not None else None)
