"""What DVC knows of the files: dvc.lock has md5 sums of its own, which no record of ours went into.

dvc.lock names a file by its md5, a folder by the md5 of a list of its files, which lies in DVC's cache under that md5:
https://dvc.org/doc/user-guide/project-structure/internal-files#structure-of-the-cache-directory
"""

import configparser
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from genga.audit.checks import ABSENT, CHANGED, VERIFIED, Check
from genga.audit.roots import DVC_LOCK
from genga.errors import GengaError


def witnessed(paths: Iterable[str], lock: bytes, root: Path) -> Iterator[Check]:
    """Yield what dvc.lock says of those of the files that are here: verified, changed, or absent where a list is.

    lock: the content of a dvc.lock. Raises GengaError if it is none.
    """
    wanted, cache = {path for path in paths if (root / path).is_file()}, _cache(root)
    for place, md5 in sorted(_outputs(lock).items()):
        of = {path for path in wanted if path == place or path.startswith(f"{place}/")}
        if not of:
            continue
        listed = {place: md5} if place in of else _listed(cache, place, md5)
        if listed is None:
            yield Check(DVC_LOCK, place, ABSENT, None, "the list of its files is not in DVC's cache: dvc fetch")
            continue
        yield from (_check(path, listed.get(path), root) for path in sorted(of))


def _check(path: str, md5: str | None, root: Path) -> Check:
    with open(root / path, "rb", buffering=0) as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found == md5:
        return Check(DVC_LOCK, path, VERIFIED)
    return Check(DVC_LOCK, path, CHANGED, None, f"has md5 {md5}, is {found}" if md5 else "does not name it")


def _outputs(lock: bytes) -> dict[str, str]:
    """The md5 of every output, by path; of a folder it ends in `.dir`."""
    try:
        stages = yaml.safe_load(lock)["stages"]
        return {str(out["path"]): str(out["md5"]) for stage in stages.values() for out in stage.get("outs") or []}
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = " ".join(str(error).split())
        raise GengaError(f"{DVC_LOCK}: is not DVC's ({why}); `git checkout {DVC_LOCK}`, or dvc commit") from error


def _listed(cache: Path, place: str, md5: str) -> dict[str, str] | None:
    """The md5 of every file in a folder, by path; None if the list is not here, or is not the one that it is named."""
    path = cache / "files/md5" / md5[:2] / md5[2:]
    data = path.read_bytes() if path.is_file() else b""
    if hashlib.md5(data, usedforsecurity=False).hexdigest() != md5.removesuffix(".dir"):
        return None
    rows: list[dict[str, Any]] = json.loads(data)
    return {f"{place}/{row['relpath']}": row["md5"] for row in rows}


def _cache(root: Path) -> Path:
    """DVC's cache: where its configuration says, else where it is by itself."""
    config = configparser.ConfigParser(interpolation=None)
    config.read([root / ".dvc/config", root / ".dvc/config.local"], encoding="utf-8")
    return root / ".dvc" / config.get("cache", "dir", fallback="cache")
