"""models.yaml and models.lock as they are written: which model plays which role, and what is known of its files.

models.yaml is kept by people: set -> role -> entry. models.lock is kept by `genga models pull`: repo -> the revision
and the sha256 of files that models.yaml does not know; it belongs into git beside models.yaml. And further lists of
what will be read: the files of a folder, and what a graph itself says.
"""

import hashlib
import mmap
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from genga.errors import GengaError
from genga.params.models import KINDS, SAID_BY_STAGES, CaptionContract, Contract, ModelEntry
from genga.params.notation import read_yaml
from genga.params.section import as_meant
from genga.store.files import read_json

MODELS_FILE = "models.yaml"
LOCK_FILE = "models.lock"
SETS = ("embedded", "published")
BESIDE = frozenset({"motion", "original"})  # files that may lie beside a folder: a base's motion module, its own file
# Endings of files of weights, beside which a folder of their name may have configurations.
SINGLE = frozenset({".safetensors", ".pth", ".pt", ".bin", ".ckpt"})
_DIALECTS = {"pillow": "bicubic", "opencv": "area"}  # a contract's filter, as `preprocess` said it before
_REPO = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)
_PACKAGE = re.compile(r"(\w[\w.-]*)==(\w[\w.]*)", re.ASCII)
_PYPI = "pypi"  # where a package's files lie, as an owner's do

Lock = dict[str, dict[str, Any]]  # repo -> {"revision": commit, "files": {path: sha256}}


def read_catalogue(root: Path) -> dict[str, dict[str, ModelEntry]]:
    """Return models.yaml as set -> role -> entry. Raises GengaError that names the key."""
    path = root / MODELS_FILE
    values = read_yaml(path)
    if not isinstance(values, dict) or set(values) != set(SETS):
        raise GengaError(f"{path}: must be a mapping with the keys {' and '.join(SETS)}")
    for name in SETS:
        if not isinstance(values[name], dict) or not all(isinstance(role, str) for role in values[name]):
            raise GengaError(f"{path}:{name}: must be a mapping of roles, each with its model")
    return {name: {role: _entry(name, role, value) for role, value in values[name].items()} for name in SETS}


def read_lock(root: Path) -> Lock:
    """Return models.lock; empty if there is none."""
    path = root / LOCK_FILE
    lock = read_json(path) if path.exists() else {}
    if not isinstance(lock, dict) or not all(map(_is_locked, lock.values())):
        raise GengaError(f"{path}: is not what `genga models pull` wrote; `git checkout {path.name}`, or pull again")
    return lock


def _is_locked(of: Any) -> bool:
    return isinstance(of, dict) and isinstance(of.get("files", {}), dict)


def _entry(name: str, role: str, value: Any) -> ModelEntry:
    if isinstance(value, dict) and value.get("preprocess") in _DIALECTS and "contract" not in value:
        value = {"contract": {"filter": _DIALECTS[value.pop("preprocess")]}, **value}
    kind = KINDS.get(role, ModelEntry)
    value = _of_package(f"{MODELS_FILE}:{name}.{role}", value, name == "published")
    try:
        entry = kind.model_validate(as_meant(kind, value))
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join([name, role, *map(str, problem["loc"])])
        raise GengaError(f"{MODELS_FILE}:{key}: {problem['msg'].lower()}, got {problem['input']!r}") from error
    if isinstance(entry.contract, CaptionContract) and entry.contract.server is not None:
        if entry.files or entry.folder or entry.repo:
            raise GengaError(
                f"{MODELS_FILE}:{name}.{role}: a server has its files itself; leave out what is said of any"
            )
        return entry
    if name == "published" and not (entry.repo and entry.files):
        raise GengaError(f"{MODELS_FILE}:{name}.{role}: repo and files are needed")
    if name == "embedded" and bool(entry.files.keys() - BESIDE) == bool(entry.folder):
        raise GengaError(f"{MODELS_FILE}:{name}.{role}: either files or folder is needed")
    _check_places(f"{MODELS_FILE}:{name}.{role}", entry)
    _check_sources(f"{MODELS_FILE}:{name}.{role}", entry, name == "published")
    _check_contract(f"{MODELS_FILE}:{name}.{role}", entry, name == "published")
    return entry


def _of_package(key: str, value: Any, is_published: bool) -> Any:
    """An entry whose files are a package's as if they were a repo's: `pypi/<name>`, its version the revision."""
    if not isinstance(value, dict) or value.get("package") is None:
        return value
    if not is_published or value.get("repo") is not None or value.get("revision") is not None:
        raise GengaError(f"{key}.package: stands in place of repo and revision, of a published model; leave one out")
    if (found := _PACKAGE.fullmatch(str(value["package"]))) is None:
        raise GengaError(f"{key}.package: {value['package']!r} is no package; write name==version, as rapidocr==3.10.0")
    return {**value, "repo": f"{_PYPI}/{found[1]}", "revision": found[2]}


def _check_contract(key: str, entry: ModelEntry, is_published: bool) -> None:
    """Refuse what is said twice, and what nothing is there for."""
    contract = entry.contract
    if entry.profiles and not is_published:
        raise GengaError(f"{key}.profiles: are of published models; leave it out")
    if not isinstance(contract, Contract):
        return
    if "preprocess" in entry.files and (twice := sorted(contract.model_fields_set & {*SAID_BY_STAGES})):
        raise GengaError(f"{key}.contract.{twice[0]}: the file `preprocess` says that; leave one of them out")
    if (contract.mode not in (None, "best_threshold")) != ("thresholds" in entry.files):
        raise GengaError(f"{key}.contract.mode: {contract.mode} and the file `thresholds` go together, or neither")


def _check_places(key: str, entry: ModelEntry) -> None:
    """Refuse names that lead, or could be read to lead, out of the folder that they are in."""
    repos = {"repo": entry.repo} | {f"files.{part}.repo": file.repo for part, file in entry.files.items()}
    for what, repo in repos.items():
        if repo is not None and not _REPO.fullmatch(repo):
            raise GengaError(f"{key}.{what}: {repo!r} is not the name of a repo; write owner/name, as its hub does")
    places = {f"files.{part}.path": file.path for part, file in entry.files.items()}
    if entry.folder not in (None, "."):
        places["folder"] = str(entry.folder)
    for what, path in places.items():
        if not path.isprintable() or "\\" in path or {"", ".", ".."} & set(path.split("/")):
            raise GengaError(
                f"{key}.{what}: {path!r} is not a path below its folder; write it without ., .. and slashes at its ends"
            )


def _check_sources(key: str, entry: ModelEntry, is_published: bool) -> None:
    """Refuse what would say nothing of where a file is from, or two things."""
    if entry.sha256 is not None and entry.folder is None:
        raise GengaError(f"{key}.sha256: is of a folder's list of files, and there is no folder; write it under files")
    revisions = {entry.repo: entry.revision}
    for part, file in entry.files.items():
        where, own = f"{key}.files.{part}", file.repo is not None and file.repo != entry.repo
        if file.revision is not None and not own:
            raise GengaError(f"{where}.revision: is of another repo than the model's; write its repo, too")
        if own and ((entry.folder is not None and part not in BESIDE) or not is_published):
            raise GengaError(f"{where}.repo: a folder's files, and embedded ones, lie together; leave it out")
        repo, revision = entry.source(part)
        if own and revisions.setdefault(repo, revision) != revision:
            raise GengaError(f"{where}.revision: {repo} lies there at one revision; write the same for all its files")


def tree_sha256(digests: Mapping[str, str]) -> str:
    """Return the sha256 of a list of files: lines `<sha256>  <path>` as sha256sum prints them, sorted by path."""
    lines = (f"{digest}  {path}\n" for path, digest in sorted(digests.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def files_of(folder: Path) -> Iterator[Path]:
    """Yield the files of a diffusers folder, sorted, hidden ones aside; if none, the missing model_index.json."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_hidden(path, folder))
    yield from found or [folder / "model_index.json"]


def is_read(path: Path, folder: Path) -> bool:
    """Whether a loader may read it: a file, or a link to a folder, that is neither hidden nor a text for people."""
    inside = path.is_file() or path.is_symlink()
    return inside and not _is_hidden(path, folder) and path.suffix != ".md" and not path.name.startswith("LICENSE")


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def weights_outside(graph: Path) -> list[str]:
    """Return the files that an ONNX graph says its weights lie in, as it writes them: paths from its folder, sorted.

    Of the graph's bytes only names and lengths are read; where they are not a graph's, onnxruntime will say so.
    Format: https://github.com/onnx/onnx/blob/main/docs/ExternalData.md, onnx/onnx.proto.
    """
    if not graph.stat().st_size:
        return []
    with open(graph, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        entries = [dict(_fields(data, start, end)) for start, end in _external(data, 0, len(data), "model")]
        pairs = [[data[slice(*entry[field])] for field in (1, 2)] for entry in entries if {1, 2} <= entry.keys()]
    return sorted({value.decode(errors="replace") for key, value in pairs if key == b"location"})


# By message of onnx.proto: the fields through which tensors are reached, and the message that each holds.
_LEADS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "external"},  # StringStringEntryProto: 1 key, 2 value
}


def _external(data: mmap.mmap, start: int, end: int, message: str) -> Iterator[tuple[int, int]]:
    """Yield where each entry of external_data begins and ends in a message."""
    for field, (first, last) in _fields(data, start, end):
        inside = _LEADS[message].get(field)
        if inside == "external":
            yield first, last
        elif inside is not None:
            yield from _external(data, first, last, inside)


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield number and place of each field of a protobuf message that has a length; the others are stepped over."""
    while start < end:
        key, start = _varint(data, start, end)
        match key & 7:
            case 0:
                _, start = _varint(data, start, end)
            case 1 | 5 as kind:
                start += 8 if kind == 1 else 4
            case 2:
                length, start = _varint(data, start, end)
                if start + length > end:
                    return
                yield key >> 3, (start, start + length)
                start += length
            case _:
                return


def _varint(data: mmap.mmap, start: int, end: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, lowest first, and where it ends."""
    value = shift = 0
    while start < end:
        byte = data[start]
        start, value, shift = start + 1, value | (byte & 127) << shift, shift + 7
        if byte < 128:
            break
    return value, start
