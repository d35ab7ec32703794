"""What is on disk: folders of images and videos, data sets of kohya's scripts and of Hugging Face, zips and cbz.

A folder `10_name` is kohya's: its name goes on record. Sidecars and tables are read (genga.exchange.sources.sidecars),
never taken for what they speak of. In a folder a zip is a folder, too, and a data set in Parquet with pictures in it.
"""

import hashlib
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from genga.errors import GengaError
from genga.exchange.sources import datasets
from genga.exchange.sources.archive import SUFFIXES, opening
from genga.exchange.sources.found import About, Say
from genga.exchange.sources.sidecars import ENDINGS, TABLES, Said, beside, in_table, of_file, of_table
from genga.params.sources import Folder
from genga.video.episodes import files_below, is_hidden

_OURS = ("Thumbs.db", "desktop.ini", "ComicInfo.xml")  # of file managers and readers
_KOHYA = re.compile(r"\d+_(.+)")
_META = re.compile(r"meta\w*\.json|.*_(tags|captions?|meta\w*|lat)\.json", re.IGNORECASE)

Seen = tuple[Path, About]  # a file, and what is known of it


@dataclass(frozen=True)
class Tree:
    """Files by their names below a folder or in a zip."""

    origin: str  # the folder or zip
    names: list[str]  # with slashes, in the order of people: 2 before 10
    path: Callable[[str], Path]  # of a file that can be read


def seen_in(source: Folder, staging: Path, tell: Say, new: Callable[[Path], bool]) -> Iterator[Seen]:
    """Yield each file that may be a picture or video, with what is said of it.

    staging: a folder of ours, for what is taken out of zips. tell: is given a line for what cannot be read. new:
    whether a file is to be looked at. Raises GengaError if there is nothing at the path.
    """
    path = Path(source.path).expanduser()
    if path.is_dir():
        yield from _of_folder(path, source, staging, tell, new)
    elif path.suffix.lower() in SUFFIXES and path.exists():
        yield from _of_zip(path, source, staging, tell)
    elif path.suffix.lower() == datasets.SUFFIX and path.exists():
        yield from datasets.pictures_in(path, path.name, str(path), source, _ending, staging, tell)
    elif path.exists():
        yield path, About(str(path), path.name)
    else:
        raise GengaError(f"{path}: no such folder, zip, cbz or parquet (params.yaml:sources)")


def total(source: Folder) -> int | None:
    """Return how many files there are to be looked at; None where that cannot be told."""
    path = Path(source.path).expanduser()
    files = list(files_below(path)) if path.is_dir() else [path]
    inside: list[str] = []
    for one in (one for one in files if one.suffix.lower() in SUFFIXES):
        try:
            with zipfile.ZipFile(one) as zipped:
                inside += zipped.namelist()
        except (OSError, zipfile.BadZipFile):
            return None
    names = [one.relative_to(path).as_posix() for one in files if one != path] + inside
    rows = sum(datasets.rows_in(one) for one in files if one.suffix.lower() == datasets.SUFFIX)
    return rows + sum(not name.endswith("/") and _is_looked_at(name) for name in names) or None


def _of_folder(folder: Path, source: Folder, staging: Path, tell: Say, new: Callable[[Path], bool]) -> Iterator[Seen]:
    names = [path.relative_to(folder).as_posix() for path in files_below(folder)]
    zips = [name for name in names if name.lower().endswith(SUFFIXES) and not _is_hidden(name)]
    tree = Tree(str(folder), sorted(names, key=natural), lambda name: folder / name)
    for path, about in _images(tree, tell):
        if new(path):
            yield path, about
    for name in sorted(zips, key=natural):
        if new(folder / name):
            try:
                yield from _of_zip(folder / name, source, staging, tell)
            except GengaError as error:  # the others go on
                tell(str(error))
    yield from _of_datasets(tree, source, staging, tell, new)


def _of_datasets(tree: Tree, source: Folder, staging: Path, tell: Say, new: Callable[[Path], bool]) -> Iterator[Seen]:
    """The pictures of data sets that have them inside. new: whether a file is to be looked at."""
    for name in tree.names:
        if _is_hidden(name) or not datasets.is_dataset(name, partial(tree.path, name)):
            continue
        try:
            if new(path := tree.path(name)):
                yield from datasets.pictures_in(path, name, tree.origin, source, _ending, staging, tell)
        except GengaError as error:  # the others go on
            tell(str(error))


def _of_zip(path: Path, source: Folder, staging: Path, tell: Say) -> Iterator[Seen]:
    with opening(path, source) as archive:
        names = sorted(archive.names, key=natural)
        if odd := [name for name in names if archive.odd(name)]:
            tell(f"{path}: {odd[0]!r} leads out of a folder; it is read as a name, and nothing is written there")
        stat = path.stat()
        own = hashlib.sha256(f"{path.absolute()}\n{stat.st_size}\n{stat.st_mtime_ns}".encode()).hexdigest()[:12]
        places = {name: f"{own}-{number:06d}{_ending(name)}" for number, name in enumerate(names)}

        def taken(name: str) -> Path:
            to = staging / places[name]
            if not to.exists():
                archive.take(name, to)
            return to

        tree = Tree(str(path), names, taken)
        yield from _images(tree, tell)
        yield from _of_datasets(tree, source, staging, tell, lambda path: True)
        for name in names:
            if _is_said(PurePosixPath(name)) or name.lower().endswith(datasets.SUFFIX):  # pictures go when placed
                (staging / places[name]).unlink(missing_ok=True)


def _ending(name: str) -> str:
    """What of a name may be the ending of a file of ours."""
    ending = PurePosixPath(name).suffix.lower()
    return ending if re.fullmatch(r"\.\w{1,8}", ending, re.ASCII) else ""


def _is_said(plain: PurePosixPath) -> bool:
    """Whether a file says something of others."""
    return plain.name in TABLES or plain.suffix.lower() in ENDINGS


def _images(tree: Tree, tell: Say) -> Iterator[Seen]:
    tables = _tables(tree, tell)
    known = set(tree.names)
    for name in tree.names:
        if not _is_looked_at(name):
            continue
        try:
            path = tree.path(name)
            about = _about(tree, name, tables, known, tell)
        except GengaError as error:
            tell(str(error))
            continue
        yield path, about


def _is_looked_at(name: str) -> bool:
    plain = PurePosixPath(name)
    full = plain.suffix.lower() in (*SUFFIXES, datasets.SUFFIX)  # of pictures, not one
    return not (_is_hidden(name) or _is_said(plain) or plain.name in _OURS or full)


def _is_hidden(name: str) -> bool:
    parts = [part for part in PurePosixPath(name).parts if part not in (".", "..")]
    return any(map(is_hidden, parts))


def _about(tree: Tree, name: str, tables: Mapping[str, Mapping[str, Said]], known: set[str], tell: Say) -> About:
    what = Said()
    for sidecar in beside(name, known):
        try:
            what = what.over(of_file(tree.path(sidecar)))
        except GengaError as error:
            tell(f"{tree.origin}: {sidecar!r} {str(error).partition(': ')[2]}")
    for folder, table in tables.items():
        if folder == "." or name.startswith(f"{folder}/"):
            what = what.over(in_table(table, name if folder == "." else name.removeprefix(f"{folder}/")))
    tags = dict(what.tags)
    if of := next((match[1] for part in PurePosixPath(name).parts[:-1] if (match := _KOHYA.fullmatch(part))), ""):
        tags["concept"] = [of]
    return About(tree.origin, name, tags, what.rating, what.text, what.credited)


def _tables(tree: Tree, tell: Say) -> dict[str, dict[str, Said]]:
    """What tables say, by the folder they lie in."""
    found: dict[str, dict[str, Said]] = {}
    for name in tree.names:
        plain = PurePosixPath(name)
        if _is_hidden(name) or not (plain.name in TABLES or _META.fullmatch(plain.name)):
            continue
        try:
            found.setdefault(str(plain.parent), {}).update(of_table(tree.path(name), plain.name))
        except GengaError as error:
            tell(f"{tree.origin}: {name!r} {str(error).partition(': ')[2]}")
    return found


def natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """The order of people: 2 before 10."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], name
