"""The models of models.yaml, as the jobs that use them are held to them: files, pins, and what an entry says."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from genga.models import registry
from genga.store.files import sha256_of
from genga.workflow.bucket import Bucket

# Of a model's entry: told, or said by pins; and the contract, of which only what it says counts.
_SAID_ONLY = {"licence", "knows", "repo", "revision", "package", "sha256", "files", "profiles", "contract"}


class HeldModels:
    """The models of a project, by role."""

    def __init__(self, models: registry.Registry, bucket: Bucket | None) -> None:
        """bucket: where published model files lie, if the project's files do."""
        self._models, self._bucket = models, bucket

    def in_roles(self, roles: Sequence[str]) -> list[registry.Model]:
        """Return the models in these roles; `tagger`, which is none itself, is all of tagger-1, tagger-2, ..."""
        there, wanted = self._models.models, set(roles)
        kinds = wanted - there.keys()
        return [model for role, model in there.items() if role in wanted or role.partition("-")[0] in kinds]

    @property
    def judged(self) -> bool:
        """Whether a model says how good pictures look: else nothing that is said of models matters to who would ask."""
        return self.plays("aesthetic")

    def plays(self, *roles: str) -> bool:
        """Whether a model is in one of these roles."""
        return self.in_roles(roles) != []

    def files(self, roles: Sequence[str]) -> list[str]:
        """Return the files of the models in these roles that are there: of a missing one the job says how to get it."""
        paths = [path for model in self.in_roles(roles) for path in model.paths]
        if self._bucket is not None and self._models.section.use != "embedded":
            return [path for path in paths if path in self._weights]
        return [path for path in paths if Path(path).is_file()]

    @cached_property
    def _weights(self) -> set[str]:
        return set(self._bucket.names(self._models.section.folder)) if self._bucket is not None else set()

    def pins(self, roles: Sequence[str]) -> dict[str, str]:
        """Return the sha256 of the models in these roles by file, to which every job holds them."""
        pinned: dict[str, str | None] = {}
        for model in self.in_roles(roles):
            files = {file.path.as_posix(): file.pinned for file in model.files}
            if model.pinned is not None:
                files[model.path.as_posix()] = model.pinned
            elif not model.is_pinned:  # on no record yet: as the files are
                files |= {path: sha256_of(path) for path in files if Path(path).is_file()}
            pinned |= files
        return {path: digest for path, digest in pinned.items() if digest is not None}

    def contracts(self, roles: Sequence[str]) -> dict[str, Any]:
        """Return by role what models.yaml says of these models, beside their files, that changes what they compute."""
        said = {}
        for model in self.in_roles(roles):
            said[model.role] = model.entry.model_dump(exclude=_SAID_ONLY)
            if own := model.entry.contract.model_dump(exclude_defaults=True):  # what it says and means is the same
                said[model.role]["contract"] = own
        return said

    @cached_property
    def catalogue(self) -> dict[str, Any]:
        """By role what models.yaml says of every model in use."""
        return {role: model.entry.model_dump() for role, model in self._models.models.items()}
