"""Draw the house from the code: its rooms with their modules, and which room imports which, as SVG.

Rooms stand bottom to top. To the right a square for each room (line) that imports another (column): none lies above
the diagonal, since a room knows only those below it. Modules that hold a stage are marked with its place in the line.
"""

import ast
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

from genga.stages import LINE, ROOMS
from genga.workflow.code_hash import imported_names

_LINE, _LEFT, _GRID, _CELL, _LETTER = 34, 96, 700, 13, 5.6  # px: height of a room, where its text, the grid begins
_INK, _PALE, _MARK = "#1c2530", "#eef1f4", "#b3412f"


def modules_of(root: Path) -> dict[str, list[str]]:
    """Return the public modules of each room, sorted; a room that is one module has none."""
    found = {}
    for room in ROOMS:
        inside = sorted((root / "genga" / room).glob("*"))
        names = [path.stem for path in inside if path.suffix == ".py" or (path / "__init__.py").is_file()]
        found[room] = [name for name in names if not name.startswith("_")]
    return found


def imports_of(root: Path) -> dict[str, set[str]]:
    """Return for each room the other rooms that its modules import."""
    found: dict[str, set[str]] = {room: set() for room in ROOMS}
    for room in ROOMS:
        paths = [root / f"genga/{room}.py", *(root / "genga" / room).rglob("*.py")]
        for path in (path for path in paths if path.is_file()):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names = (name.split(".") for name in imported_names(tree, f"genga.{room}"))
            found[room] |= {parts[1] for parts in names if parts[0] == "genga" and len(parts) > 1} & set(ROOMS)
        found[room].discard(room)
    return found


def house(root: Path) -> str:
    """Return the picture; equal code gives equal bytes."""
    modules, imports = modules_of(root), imports_of(root)
    height = _LINE * len(ROOMS) + 70
    width = _GRID + _CELL * len(ROOMS) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'role="img" aria-label="The rooms of genga, bottom to top, and which imports which">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for place, room in enumerate(ROOMS):
        top = _LINE * (len(ROOMS) - 1 - place) + 4
        parts += _room(room, modules[room], top)
        parts += _row(room, imports[room], top)
    return "\n".join([*parts, *_columns(_LINE * len(ROOMS) + 4), "</svg>"]) + "\n"


def _room(room: str, modules: Iterable[str], top: int) -> list[str]:
    """A room's bar: its name, and its modules on one line or two."""
    stages = {stage.name: number for number, stage in enumerate(LINE, 1) if stage.room == room}
    lines = _wrapped([_word(name, stages) for name in modules], (_GRID - _LEFT - 24) / _LETTER)
    first = top + (20 if len(lines) < 2 else 14)
    return [
        f'<rect x="4" y="{top}" width="{_GRID - 16}" height="{_LINE - 4}" rx="3" fill="{_PALE}"/>',
        f'<text x="12" y="{top + 20}" font-size="13" font-weight="600" fill="{_INK}">{room}</text>',
        *(
            f'<text x="{_LEFT}" y="{first + 12 * number}" font-size="10.5" fill="{_INK}">{", ".join(words)}</text>'
            for number, words in enumerate(lines)
        ),
    ]


def _word(name: str, stages: Mapping[str, int]) -> str:
    if name not in stages:
        return escape(name)
    return f'<tspan fill="{_MARK}" font-weight="600">{stages[name]}\N{NO-BREAK SPACE}{escape(name)}</tspan>'


def _wrapped(words: list[str], most: float) -> list[list[str]]:
    """Words on lines of at most so many letters; tags do not count."""
    lines: list[list[str]] = []
    length = most
    for word in words:
        letters = len(word.partition(">")[2].partition("<")[0] or word) + 2
        if length + letters > most:
            lines.append([])
            length = 0
        lines[-1].append(word)
        length += letters
    return lines


def _row(room: str, others: Iterable[str], top: int) -> list[str]:
    """The squares of what a room imports, and the diagonal's."""
    own = ROOMS.index(room)
    marks = [(ROOMS.index(other), _INK) for other in sorted(others)] + [(own, "#c9d1d9")]
    y = top + (_LINE - 4 - _CELL) // 2
    return [
        f'<rect x="{_GRID + _CELL * column}" y="{y}" width="{_CELL - 2}" height="{_CELL - 2}" fill="{colour}"/>'
        for column, colour in marks
    ]


def _columns(top: int) -> list[str]:
    """The names of the columns, upright."""
    return [
        f'<text transform="translate({_GRID + _CELL * column + 9} {top + 4}) rotate(90)" font-size="10" '
        f'fill="{_INK}">{room}</text>'
        for column, room in enumerate(ROOMS)
    ]
