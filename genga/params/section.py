"""A section of params.yaml: frozen, no key that is not known, and one line that says which key is wrong.

A file is read by the core schema of YAML 1.2, as DVC reads it: `5e-05` is a number, `off` and `yes` are text. Keys are
text, and none may be there twice. What a value means its field says: 16 is 16.0 where a fraction may stand, 86 is text
where a name is wanted. The whole file is checked by genga.params.check.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin
from unicodedata import normalize

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from genga.errors import GengaError


class Section(BaseModel):
    """A section of params.yaml. Unknown and missing keys are errors; numbers are not made of text in quotes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


P = TypeVar("P", bound=Section)


class Whole(int):
    """A whole number that knows how it was written: 86 may stand for a name, 007 may not."""

    written: str


class Fraction(float):
    """Likewise a number with a point or an exponent, as 1e3."""

    written: str


class _Reader(yaml.SafeLoader):
    """YAML 1.2's core schema, with keys that are text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # filled below
    yaml_constructors: Any = {
        f"tag:yaml.org,2002:{name}": yaml.SafeLoader.yaml_constructors[f"tag:yaml.org,2002:{name}"]
        for name in ("null", "bool", "str", "seq")
    } | {None: yaml.SafeLoader.construct_undefined, "tag:yaml.org,2002:merge": yaml.SafeLoader.construct_yaml_str}


def _number(reader: _Reader, node: yaml.ScalarNode) -> Whole | Fraction:
    text = node.value.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan")
    base = {"0o": 8, "0x": 16, "0b": 2}.get(text.lstrip("+-")[:2], 10)
    number = Whole(text, base) if node.tag.endswith(":int") else Fraction(text)
    number.written = node.value
    return number


def _mapping(reader: _Reader, node: yaml.MappingNode) -> dict[str, Any]:
    reader.flatten_mapping(node)  # what `<<` brings, first
    return {normalize("NFC", key.value): reader.construct_object(value, deep=True) for key, value in node.value}


_TAG = "tag:yaml.org,2002:"
_DIGITS = "-+0123456789"
for _kind, _pattern, _first in (
    ("merge", r"<<", "<"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)", _DIGITS),
    ("float", r"[-+]?(\.[0-9][0-9_]*|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
     [*_DIGITS, "."]),
):  # fmt: skip
    _Reader.add_implicit_resolver(_TAG + _kind, re.compile(rf"(?:{_pattern})\Z"), list(_first))
for _kind, _construct in (("int", _number), ("float", _number), ("map", _mapping)):
    _Reader.add_constructor(_TAG + _kind, _construct)


def read_yaml(path: str | Path) -> Any:
    """Return what a YAML file says. Raises GengaError if it cannot be read, or a mapping has a key twice."""
    try:
        return _parse(Path(path).read_text(encoding="utf-8"), path)
    except OSError as error:
        raise GengaError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise GengaError(f"{path}: is not UTF-8 ({error.reason}); save the file as UTF-8") from error


def _parse(text: str, path: str | Path) -> Any:
    if text.startswith("\ufeff"):  # to DVC it is part of the first key
        raise GengaError(f"{path}: begins with a byte order mark; save the file as UTF-8 without one")
    try:
        reader = _Reader(text)
        node = reader.get_single_node()
        if node is None:
            return None
        for line, wrong in _wrong_keys(node, "", []):
            raise GengaError(f"{path}:{line}: {wrong}")
        return reader.construct_document(node)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a ValueError: `!!int x`
        raise GengaError(f"{path}: is not valid YAML: {' '.join(str(error).split())}") from error


def plain(text: str) -> Any:
    """Return what text without quotes means in YAML: a number, true, false, null, or itself."""
    reader = _Reader("")
    return reader.construct_object(yaml.ScalarNode(reader.resolve(yaml.ScalarNode, text, (True, False)), text))


def _wrong_keys(node: yaml.Node, within: str, above: list[yaml.Node]) -> Iterator[tuple[int, str]]:
    """Yield (line, what is wrong) for every key, at any depth, that is there a second time or no text to DVC."""
    if node in above:
        raise yaml.constructor.ConstructorError(None, None, "a value holds itself", node.start_mark)
    if isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _wrong_keys(value, within, [*above, node])
    if not isinstance(node, yaml.MappingNode):
        return
    seen: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be text", key.start_mark)
        name, line = f"{within}{normalize('NFC', key.value)}", key.start_mark.line + 1
        if (before := seen.setdefault(name, key)) is not key:
            yield line, f"{name} is on line {before.start_mark.line + 1} already; keep one of them"
        elif key.tag not in (f"{_TAG}str", f"{_TAG}merge"):
            yield line, f"{name} is no name as it is written, but a number, true, false or nothing; put it in quotes"
        yield from _wrong_keys(value, f"{name}.", [*above, node])


def read_params(path: str | Path) -> dict[str, Any]:
    """Return params.yaml as a dict of sections, as written. Raises GengaError if missing or not a YAML mapping."""
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
