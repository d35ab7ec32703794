"""Files that appear whole or not at all, and their content hashes."""

import errno
import hashlib
import json
import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from genga.errors import GengaError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REMEDIES = {errno.EISDIR: "move the folder away", errno.ENAMETOOLONG: "give it a shorter name"}
_ROOMY = 230  # bytes of a file's name that leave room for what is put around it while it is being written
_NOT_OF_FOLDERS = (errno.EINVAL, errno.ENOTSUP)  # what some shares say when a folder is to be on the disk
SEAL = "seal"  # the key of the sha256 of what a file says beside it, as compact JSON with sorted keys
PACK = "pack"  # short clips are worked on together in packs, each called after the bits of its clips' names
_BITS = 24  # of a name, by which clips are divided
_gathered: dict[str, Any] | None = None


@contextmanager
def gathering() -> Iterator[dict[str, Any]]:
    """Have what is written in the block kept by path, and not on the disk: a clip's part of its pack's files."""
    global _gathered
    _gathered = {}
    try:
        yield _gathered
    finally:
        _gathered = None


def gathered(path: str | Path, what: Any) -> bool:
    """Keep what is to be written to `path`, if anybody gathers (see above); return whether it was kept."""
    if is_kept := _gathered is not None:
        _gathered[Path(path).as_posix()] = what
    return is_kept


def bits_of(clip: str) -> str:
    """Return the bits of a clip's name, as 0s and 1s. The pack `pack-01` has the clips whose bits begin so."""
    digest = hashlib.sha256(unicodedata.normalize("NFC", clip).encode(errors="surrogatepass")).digest()
    return f"{int.from_bytes(digest[:4], 'big'):032b}"[:_BITS]


def is_pack(name: str) -> bool:
    """Whether an episode is called as packs are."""
    return name == PACK or name.startswith(f"{PACK}-") and not name.removeprefix(f"{PACK}-").strip("01")


def pack_of(path: Path) -> Path | None:
    """Return the file of the pack that has what would be in `path`, a clip's; None if there is none."""
    bits = bits_of(path.stem)
    found = (path.with_name(f"{PACK}-{bits[:length]}".rstrip("-") + path.suffix) for length in range(_BITS, -1, -1))
    return next((file for file in found if file.is_file()), None)


def is_there(path: str | Path) -> bool:
    """Whether there is such a file of JSON, by itself or in that of a pack."""
    return os.path.isfile(path) or _of_pack(Path(path)) is not None


@contextmanager
def replacing(path: str | Path, lasting: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` when the block ends well, else remove it.

    A reader, and a job killed at any moment, therefore sees the old file or the new one, never half of it; and so does
    whoever comes after a loss of power, unless not `lasting`: for notes that can be made again, of which a command
    writes many. Raises GengaError if it cannot be written there, or there is no room for it.
    """
    path = Path(path)
    temporary = path.with_name(f".{_short(path.name)}.{os.getpid()}.tmp")
    try:
        above = next((parent for parent in path.parents if parent.exists()), path.parent)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()
    except OSError as error:
        raise GengaError(f"{path}: cannot be written ({error.strerror}); {_remedy(error)}, and run again") from error
    try:
        yield temporary
        if lasting:
            _to_disk(temporary)  # before the rename: else the new name may come to stand for an empty file
        os.replace(temporary, path)
        if lasting:
            _folders_to_disk(path.parent, above)
    except OSError as error:
        if error.errno not in (*_NO_ROOM, *_REMEDIES):
            raise
        raise GengaError(f"{path}: cannot be written ({error.strerror}); {_remedy(error)}, and run again") from error
    finally:
        temporary.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    """Wait until what was written is on the disk; of a folder: which names it has."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _folders_to_disk(folder: Path, above: Path) -> None:
    """Wait for a folder's names, and for those of the folders that were made for it, up to `above`."""
    made = [folder, *(parent for parent in folder.parents if parent.is_relative_to(above) and folder != above)]
    for one in made:
        try:
            _to_disk(one)
        except OSError as error:
            if error.errno not in _NOT_OF_FOLDERS:
                raise


def _remedy(error: OSError) -> str:
    return "make room" if error.errno in _NO_ROOM else _REMEDIES.get(error.errno or 0, "allow writing there")


def _short(name: str) -> str:
    """A name with room for more: file systems take 255 bytes. What is cut off is told apart by its sha256."""
    data = os.fsencode(name)
    return name if len(data) <= _ROOMY else f"{name[:40]}-{hashlib.sha256(data).hexdigest()}"


def in_project(path: str | Path) -> str:
    """Return a path as tables have it: seen from the project's folder, in which commands run."""
    path, here = Path(path), Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def sha256_of(path: str | Path) -> str:
    """Return the sha256 of a file's bytes, 64 hex digits. Raises GengaError if there is no such file."""
    try:
        with open(path, "rb", buffering=0) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise GengaError(f"{path}: cannot be read ({error.strerror})") from error


def check_sha256(path: str | Path, sha256: str, remedy: str) -> None:
    """Raise GengaError, ending in `remedy`, unless the file's content is what was recorded."""
    if (found := sha256_of(path)) != sha256:
        raise GengaError(f"{path}: sha256 is {found[:12]}…, recorded {sha256[:12]}…; {remedy}")


def write_text(path: str | Path, text: str, lasting: bool = True) -> None:
    """Write UTF-8 text, whole or not at all. lasting: see `replacing`."""
    if gathered(path, text):
        return
    with replacing(path, lasting) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write JSON with sorted keys and a final newline: equal values give equal bytes. Whole or not at all."""
    if gathered(path, value):
        return
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def write_facts(path: str | Path, value: dict[str, Any]) -> None:
    """Write JSON that other stages build on, with its seal: a flipped bit is noticed by whoever reads it.

    Whole or not at all.
    """
    write_json(path, sealed(value))


def read_facts(path: str | Path) -> dict[str, Any]:
    """Return what `write_facts` wrote. Raises GengaError naming the file if it is missing, damaged or has no seal."""
    return unsealed(_parsed(path), path)


def read_json(path: str | Path) -> Any:
    """Return the value in a JSON file, without its seal if it has one. Raises GengaError if missing or damaged."""
    value = _parsed(path)
    return unsealed(value, path) if isinstance(value, dict) and SEAL in value else value


def read_notes(path: str | Path) -> dict[str, Any]:
    """Return the JSON object in a file of the workflow's own notes; {} if there is none, or none that can be read.

    Notes spare work and are made anew: what a loss of power left of them is as good as none.
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@lru_cache(4)
def _clips_in(pack: Path, _: int) -> dict[str, Any]:
    return dict(json.loads(pack.read_text(encoding="utf-8"))["clips"])


def _of_pack(path: Path) -> Any:
    """What the JSON of a pack has of a clip, whose own would be in `path`; None if there is none."""
    pack = pack_of(path)
    return _clips_in(pack, pack.stat().st_mtime_ns).get(path.stem) if pack else None


def _parsed(path: str | Path) -> Any:
    path = Path(path)
    try:
        if not path.exists() and (of_pack := _of_pack(path)) is not None:
            return of_pack
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise GengaError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise GengaError(f"{path}: is not valid JSON ({error}); delete it to have it made again") from error


def sealed(value: dict[str, Any]) -> dict[str, Any]:
    """Return `value` with its seal."""
    return {**value, SEAL: _seal_of(value)}


def unsealed(value: Any, path: str | Path) -> dict[str, Any]:
    """Return `value`, what is in `path`, without its seal. Raises GengaError if it is not what was sealed."""
    if not isinstance(value, dict):
        raise GengaError(f"{path}: is not what was written: damaged; delete it and run snakemake again")
    rest = {key: of for key, of in value.items() if key != SEAL}
    if value.get(SEAL) != _seal_of(rest):
        why = (
            "is not what was written: damaged" if SEAL in value else "has no seal: damaged, or made by another version"
        )
        raise GengaError(f"{path}: {why}; delete it and run snakemake again")
    return rest


def _seal_of(value: dict[str, Any]) -> str:
    text = json.dumps(json.loads(json.dumps(value)), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
