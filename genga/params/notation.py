"""YAML 1.2 as people and DVC write it: the file says what is meant, however it is written.

5e-05 is a number, `off` and `yes` are text. Keys are text, and none may be there twice.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unicodedata import normalize

import yaml

from genga.errors import GengaError


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
