"""Which model plays which role: models.yaml read, files found, content verified.

Two sets play the same roles. `embedded`: small files in this repository. `published`: files of public hubs, kept under
`params.yaml:models.folder` as `<folder>/<repo>/<file>` and pinned by revision and sha256: in models.yaml where these
are known, else in models.lock, which the first `genga models pull` writes. This module touches no network and imports
no inference library, so that the workflow can ask it for file names.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from genga.errors import GengaError
from genga.models.models_file import (
    BESIDE,
    MODELS_FILE,
    SINGLE,
    Lock,
    files_of,
    is_read,
    read_catalogue,
    read_lock,
    tree_sha256,
    weights_outside,
)
from genga.params.models import ModelEntry, Params
from genga.params.section import params_of
from genga.store.files import sha256_of


@dataclass(frozen=True)
class ModelFile:
    part: str  # what it is to the model: model, tags, metric, threshold, …
    remote: str  # path inside the repo, or inside the project when embedded
    path: Path  # where it lies
    pinned: str | None  # the sha256 it must have, None: on no record
    home: Path  # a folder that it does not leave: the project's, or where its repo lies
    repo: str | None = None  # None: the model's, or it is embedded
    revision: str | None = None  # commit of its repo, None: embedded, or not pinned yet

    @property
    def called(self) -> str:  # in the list of the model's content: one of another repo by that, too
        return self.remote if self.repo is None else f"{self.repo}/{self.remote}"


@dataclass(frozen=True)
class Model:
    role: str
    set: str  # embedded or published
    entry: ModelEntry
    files: tuple[ModelFile, ...]
    path: Path  # the folder of a folder model, else the first file
    revision: str | None  # commit of the repo, None: embedded, or not pinned yet
    pinned: str | None  # of a folder model that is pinned as a whole
    within: Path  # the folder that no home of a file leaves: the project's, or where models lie

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def knows(self) -> str:
        return self.entry.knows

    @property
    def paths(self) -> list[str]:  # every file, for a rule's inputs; files that are missing are named too
        return [file.path.as_posix() for file in self.files]

    @property
    def beside(self) -> tuple[ModelFile, ...]:  # the folder of a folder model
        return tuple(file for file in self.files if self.entry.folder is not None and file.part in BESIDE)

    def part(self, part: str) -> Path:
        """Return the path of one file of the model, such as `model`, `tags`, `metric` or `threshold`."""
        for file in self.files:
            if file.part == part:
                return file.path
        raise GengaError(f"{MODELS_FILE}:{self.set}.{self.role}.files.{part} is missing")

    @cached_property
    def digests(self) -> dict[str, str]:
        """The sha256 of every file, by what it is called, from the content.

        Raises GengaError if one is missing, or a link leads out of the folder it is in.
        """
        self.check_links()
        for file in self.files:
            if not file.path.is_file():
                raise GengaError(f"{file.path}: missing {self._who}; {self._remedy}")
        return {file.called: sha256_of(file.path) for file in self.files}

    @cached_property
    def sha256(self) -> str:
        """Of the one file; of several, the sha256 of their list as `sha256sum` prints it, sorted by path."""
        if len(self.files) == 1 and self.entry.folder is None:
            return next(iter(self.digests.values()))
        return tree_sha256(self._in_folder())

    @property
    def folder_sha256(self) -> str:  # what `pinned` says of a folder model: without the files beside it
        return tree_sha256(self._in_folder(with_beside=False))

    def verify(self) -> Self:
        """Return the model if every file is there and has the sha256 on record, else raise GengaError.

        And if no other file lies where a loader may come by it: what no list names, no sha256 holds.
        """
        for file in self.files:
            found = self.digests[file.called]
            if file.pinned is None and self.pinned is None and self.set == "published":
                raise GengaError(f"{file.path}: no sha256 is on record for it {self._who}; {self._remedy}")
            if file.pinned is not None and file.pinned != found:
                raise GengaError(
                    f"{file.path}: sha256 is {found[:12]}…, expected {file.pinned[:12]}… {self._who}; {self._remedy}"
                )
        if self.pinned is not None and self.pinned != (found := self.folder_sha256):
            raise GengaError(
                f"{self.path}: content is {found[:12]}…, expected {self.pinned[:12]}… {self._who}; {self._remedy}"
            )
        if (unlisted := self.unlisted()) is not None:
            raise GengaError(
                f"{unlisted}: {MODELS_FILE} names no such file {self._who}, and it may be read with the others; "
                "move it away, or list it under files with its sha256"
            )
        if not self.is_pinned:
            print(f"note: {self.path}: no sha256 in {MODELS_FILE} {self._who}", file=sys.stderr)
        return self

    @property
    def is_pinned(self) -> bool:  # whether the content of every file is on record
        return all(file.pinned is not None for file in (self.files if self.pinned is None else self.beside))

    def check_links(self) -> None:
        """Raise GengaError if a link leads out of the folders that the model's files are in, before any is used."""
        for path, home in [pair for of in self.files for pair in ((of.home, self.within), (of.path, of.home))]:
            if not path.resolve().is_relative_to(home.resolve()):
                raise GengaError(f"{path}: is a link that leads out of {home} {self._who}; put the file itself there")

    def unlisted(self) -> Path | None:
        """Return a file that would be read with the listed ones and is none of them, the first by name; None if none.

        In the folder of a diffusers model, or of the configuration beside a file of weights, or where a graph has some.
        """
        listed = {Path(os.path.normpath(file.path)) for file in self.files}
        folders = [file.path.with_suffix("") for file in self.files if file.path.suffix in SINGLE]
        folders += [self.path] if self.entry.folder is not None else []
        found = [path for folder in folders for path in folder.rglob("*") if is_read(path, folder)]
        for file in (file for file in self.files if file.path.suffix == ".onnx"):
            found += [Path(os.path.normpath(file.path.parent / name)) for name in weights_outside(file.path)]
        return min(set(found) - listed, default=None)

    def _in_folder(self, with_beside: bool = True) -> dict[str, str]:
        """Digests by path within the folder of a folder model, else by remote path."""
        prefix = f"{self.entry.folder}/" if self.entry.folder not in (None, ".") else ""
        left = set() if with_beside else {file.called for file in self.beside}
        return {name.removeprefix(prefix): digest for name, digest in self.digests.items() if name not in left}

    @property
    def _who(self) -> str:
        return f"(model {self.name}, role {self.role})"

    @property
    def _remedy(self) -> str:
        if self.set == "published":
            return f"fetch it: genga models pull --role {self.role}"
        folder = self.path if self.entry.folder else self.path.parent
        return f"restore it: git checkout -- {folder.as_posix()}"


@dataclass(frozen=True)
class Registry:
    section: Params
    models: Mapping[str, Model]  # by role, in the order of models.yaml

    def model(self, role: str) -> Model:
        """Return the model in a role, its files unchecked. Raises GengaError for a role models.yaml does not fill."""
        if role not in self.models:
            raise GengaError(f"{MODELS_FILE}:{self.section.set}.{role} is missing (roles: {', '.join(self.models)})")
        return self.models[role]

    def taggers(self) -> list[Model]:
        """Return the models whose role begins with `tagger-`, in order. Raises GengaError if there is none."""
        found = [model for role, model in self.models.items() if role.startswith("tagger-")]
        return found or [self.model("tagger-1")]

    def summary(self) -> str:  # one line for summaries and reports: which models, and what they know
        known = ", ".join(dict.fromkeys(model.knows for model in self.models.values()))
        if self.section.use == "embedded":
            return f"embedded models: these models know {known} only; for own video set models.use: published"
        return f"published models: {', '.join(dict.fromkeys(model.name for model in self.models.values()))}"


def models_of(text: str) -> Registry:
    """Return the models that `--models` names, or params.yaml in this folder where `text` is empty."""
    return load(params_of("models", Params, text))


def load(section: Params, root: str | Path = ".") -> Registry:
    """Return the set of models that `section.use` names. Reads models.yaml and models.lock in `root`, no model file."""
    root = Path(root)
    lock, models = read_lock(root), {}
    embedded = section.use == "embedded"
    for role, entry in read_catalogue(root)[section.set].items():
        if not entry.profiles or section.use in entry.profiles:
            home = root / section.folder
            models[role] = _embedded(role, entry, root) if embedded else _published(role, entry, home, lock)
    return Registry(section, models)


def _embedded(role: str, entry: ModelEntry, root: Path) -> Model:
    files = [ModelFile(part, f.path, root / f.path, f.sha256, root) for part, f in entry.files.items()]
    if entry.folder is None:
        return Model(role, "embedded", entry, tuple(files), files[0].path if files else root, None, None, root)
    path = root / entry.folder
    places = [(p.relative_to(path).as_posix(), p.relative_to(root).as_posix(), p) for p in files_of(path)]
    files = [ModelFile(*place, None, root) for place in places] + files
    return Model(role, "embedded", entry, tuple(files), path, None, entry.sha256, root)


def _published(role: str, entry: ModelEntry, folder: Path, lock: Lock) -> Model:
    files = []
    for part, listed in entry.files.items():
        repo, revision = entry.source(part)
        locked, home, other = _locked(lock, repo, revision), folder / str(repo), repo if repo != entry.repo else None
        pinned, at = listed.sha256 or locked.get("files", {}).get(listed.path), revision or locked.get("revision")
        files.append(ModelFile(part, listed.path, home / listed.path, pinned, home, other, at))
    first = files[0].path if files else folder  # of a server there are none
    path = folder / str(entry.repo) / entry.folder if entry.folder is not None else first
    known = entry.revision or _locked(lock, entry.repo, None).get("revision")
    return Model(role, "published", entry, tuple(files), path, known, entry.sha256, folder)


def _locked(lock: Lock, repo: str | None, revision: str | None) -> dict[str, Any]:
    """What is recorded of a repo; of another revision than the wanted one it says nothing."""
    found = lock.get(str(repo), {})
    return found if revision in (None, found.get("revision")) else {}
