"""models.yaml and models.lock as they are written: which model plays which role, and what is known of its files.

models.yaml is kept by people: set -> role -> entry. models.lock is kept by `genga models pull`: repo -> the revision
and the sha256 of files that models.yaml does not know; it belongs into git beside models.yaml.
"""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ValidationError

from genga.errors import GengaError
from genga.params.section import Section
from genga.store.files import read_json

MODELS_FILE = "models.yaml"
LOCK_FILE = "models.lock"
SETS = ("embedded", "published")

Lock = dict[str, dict[str, Any]]  # repo -> {"revision": commit, "files": {path: sha256}}


class FileEntry(Section):
    path: str  # embedded: relative to the project; published: inside the repo
    sha256: str | None = None  # of the content; null: not known here, see models.lock


class ModelEntry(Section):
    """A model: its `files` by part, or, for an embedded diffusers model, whatever lies in its `folder`."""

    name: str
    licence: str
    knows: str  # what it was made to recognise or draw
    repo: str | None = None  # published only: owner/name on the hub
    revision: str | None = None  # published only: commit; null: see models.lock
    type: Literal["yolo", "rtdetr"] = "yolo"  # detectors: layout of the output
    preprocess: Literal["pillow", "opencv"] = "pillow"  # taggers: how images are resized
    family: str = "sd15"  # bases: which of genga/training/families knows it
    folder: str | None = None  # where a diffusers model lies (embedded: in the project; published: in the repo)
    sha256: str | None = None  # of an embedded folder's list of files
    files: dict[str, FileEntry] = {}


def read_catalogue(root: Path) -> dict[str, dict[str, ModelEntry]]:
    """Return models.yaml as set -> role -> entry. Raises GengaError that names the key."""
    path = root / MODELS_FILE
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise GengaError(f"{path}: cannot be read ({error.strerror})") from error
    except yaml.YAMLError as error:
        raise GengaError(f"{path}: is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict) or set(values) != set(SETS):
        raise GengaError(f"{path}: must be a mapping with the keys {' and '.join(SETS)}")
    return {name: {role: _entry(name, role, value) for role, value in values[name].items()} for name in SETS}


def read_lock(root: Path) -> Lock:
    """Return models.lock; empty if there is none."""
    path = root / LOCK_FILE
    return dict(read_json(path)) if path.exists() else {}


def _entry(name: str, role: str, value: Any) -> ModelEntry:
    try:
        entry = ModelEntry.model_validate(value)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join([name, role, *map(str, problem["loc"])])
        raise GengaError(f"{MODELS_FILE}:{key}: {problem['msg'].lower()}") from error
    if name == "published" and not (entry.repo and entry.files):
        raise GengaError(f"{MODELS_FILE}:{name}.{role}: repo and files are needed")
    if name == "embedded" and bool(entry.files) == bool(entry.folder):
        raise GengaError(f"{MODELS_FILE}:{name}.{role}: either files or folder is needed")
    return entry
