"""Write the sha256 of embedded models into models.yaml, leaving every comment and line where it is.

A file's line reads `model: {path: demo/weights/…, sha256: …}`; a folder's two lines read `folder: demo/weights/…` and,
below it, `sha256: …`. Only the value after `sha256:` changes.
"""

import re
from pathlib import Path

from genga.errors import GengaError
from genga.models.models_file import MODELS_FILE
from genga.models.registry import Registry
from genga.store.files import write_text

_VALUE = r"(?:null|[0-9a-f]{64})"


def lock_embedded(root: Path, registry: Registry) -> int:
    """Set the sha256 of every file of the registry's embedded models; return how many changed.

    Raises GengaError if a file is missing, or models.yaml does not have the line.
    """
    path = root / MODELS_FILE
    text = before = path.read_text(encoding="utf-8")
    for model in registry.models.values():
        if model.entry.folder is not None:
            text = _set_folder(text, model.entry.folder, model.folder_sha256)
        for file in model.beside if model.entry.folder is not None else model.files:
            text = _set_file(text, file.called, model.digests[file.called])
    if text != before:
        write_text(path, text)
    return sum(old != new for old, new in zip(before.split("\n"), text.split("\n"), strict=True))


def _set_file(text: str, remote: str, digest: str) -> str:
    return _replace(text, rf"(path: {re.escape(remote)}, sha256: ){_VALUE}", digest, remote)


def _set_folder(text: str, folder: str, digest: str) -> str:
    return _replace(text, rf"(folder: {re.escape(folder)}\b[^\n]*\n\s+sha256: ){_VALUE}", digest, folder)


def _replace(text: str, pattern: str, digest: str, what: str) -> str:
    changed, count = re.subn(pattern, rf"\g<1>{digest}", text)
    if not count:
        raise GengaError(f"{MODELS_FILE}: has no line with {what} and a sha256 after it; write one")
    return changed
