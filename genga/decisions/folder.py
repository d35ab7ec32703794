"""The files under corrections/: where each table lies, and which of them no stage reads.

A table that nobody reads is a decision that is lost in silence, so each is named with the nearest right name. Files
that are no tables (notes, what editors leave behind) are nobody's.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from genga.decisions.csv import FOLDER, KINDS, REFERENCES, kind_at
from genga.errors import GengaError
from genga.params.names import one_form

_DEEPEST = 5  # folders below FOLDER that are looked into; tables lie in the second
_LIKE = (".csv", ".csv.txt")  # how a table's name ends, on systems that hide endings too


def tables(root: str | Path = ".") -> dict[str, str]:
    """Return the path of every table under corrections/ by its path with names in one form, both relative to `root`.

    Raises GengaError for two that are one table.
    """
    found: dict[str, str] = {}
    for path in sorted(_files(Path(root))):
        if (other := found.setdefault(in_one_form(path), path)) != path:
            raise GengaError(
                f"{path}: is the same table as {other}, by names that only look alike; make one of the two"
            )
    return found


def references(series: str, root: str | Path = ".") -> list[str]:
    """Return the pictures of characters below corrections/<series>/references/, relative to `root`."""
    found = []
    for home in sorted(Path(root, FOLDER).glob(f"*/{REFERENCES}")):
        if one_form(home.parent.name) == one_form(series):
            found += [path.relative_to(root) for path in home.rglob("*") if path.is_file()]
    return sorted(path.as_posix() for path in found if not any(part.startswith(".") for part in path.parts))


def in_one_form(path: str) -> str:
    """Return a path with each of its names in one form (genga.params.names)."""
    return "/".join(map(one_form, path.split("/")))


def misplaced(paths: Iterable[str]) -> list[str]:
    """Return a line for each table that no stage could read, whatever episodes there are: by its name or its depth."""
    return [f"{path}: no stage reads it; {_remedy(path)}, or take it away" for path in paths if kind_at(path) is None]


def without_episode(paths: Iterable[str], episodes: Mapping[str, Iterable[str]]) -> list[str]:
    """Return a line for each table that is in its place but of no series or episode that there is.

    episodes: by series. They may be elsewhere, as after a partial pull, so it is no error.
    """
    known = {one_form(series): {one_form(name): name for name in names} for series, names in episodes.items()}
    lines = []
    for path in paths:
        kind, (series, *rest) = kind_at(path), map(one_form, PurePosixPath(path).parts[1:-1] or [""])
        if kind is None:
            continue
        if series not in known:
            lines.append(f"{path}: nothing reads it: there is no series {series}{_nearest(series, known)}")
        elif rest and rest[0] not in known[series]:
            near = _nearest(rest[0], known[series])
            lines.append(f"{path}: nothing reads it: {series} has no episode {rest[0]}{near}")
    return lines


def _files(root: Path) -> Iterator[str]:
    for folder, names, files in os.walk(root / FOLDER, followlinks=True):
        inside = Path(folder).relative_to(root)
        names[:] = [] if len(inside.parts) > _DEEPEST else [name for name in names if not name.startswith(".")]
        for name in files:
            if name.lower().endswith(_LIKE) and not name.startswith("."):
                yield (inside / name).as_posix()


def _remedy(path: str) -> str:
    """What to do about a table that is not where, or not called as, one is read."""
    parts = PurePosixPath(path).parts
    near = get_close_matches(parts[-1].lower().partition(".")[0], KINDS, 1, 0.7)
    if not near:
        return f"tables are called {', '.join(kind.file for kind in KINDS.values())}"
    kind = KINDS[near[0]]
    where = f"{FOLDER}/<series>/{'<episode>/' if kind.level == 'episode' else ''}"
    right = len(parts) == len(PurePosixPath(where).parts) + 1
    return f"call it {PurePosixPath(*parts[:-1], kind.file)}" if right else f"{kind.file} is read in {where}"


def _nearest(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), 1, 0.5)
    return f" (is {near[0]} meant?)" if near else ""
