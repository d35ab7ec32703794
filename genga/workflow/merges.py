"""The merges of a project: which can be made, where their parents lie, and what a job of them is held to."""

import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from genga.models.registry import Registry
from genga.workflow.held_models import HeldModels

Entry = Mapping[str, Any]  # of section `merges`, as genga.params.merge has it


def model_of(name: str) -> str:
    """Return where the model of a merge is, or the selected checkpoint of a run: no two have one name."""
    return f"models/{name}/{name}.safetensors"


def report_of(run: str) -> str:
    """Return where the report of a run is."""
    return f"reports/{run}/index.html"


def checkpoints_of(run: str) -> str:
    """Return what says of a run that it is trained."""
    return f"models/{run}/checkpoints.json"


@dataclass(frozen=True)
class Merges:
    """Section `merges` of params.yaml, checked."""

    entries: Mapping[str, Entry]
    runs: Collection[str]  # whose series have episodes
    registry: Registry
    held: HeldModels

    @cached_property
    def names(self) -> list[str]:
        """The merges that can be made: every run behind them has episodes."""
        return [merge for merge in self.entries if not self.lacking(merge)]

    @property
    def models(self) -> list[str]:
        """What they make."""
        return [model_of(merge) for merge in self.names]

    def lacking(self, merge: str) -> set[str]:
        """Return the runs behind a merge whose series have no episodes."""
        return self.runs_behind(merge) - set(self.runs)

    def runs_behind(self, merge: str) -> set[str]:
        """Return the runs that a merge is made of, through other merges too."""
        parents = self._parents(merge).values()
        own = {of["run"] for of in parents if of["run"]}
        return own.union(*(self.runs_behind(of["merge"]) for of in parents if of["merge"]))

    def files(self, merge: str) -> list[str]:
        """Return the files that a merge reads beside models, of those that people name only what is there."""
        made = [model_of(of["run"] or of["merge"]) for of in self._parents(merge).values() if of["run"] or of["merge"]]
        return made + [path for path in self.named(merge) if Path(path).is_file()]

    def named(self, merge: str) -> dict[str, str]:
        """Return the files that the entry itself names, with the sha256 that it says they have."""
        return {of["file"]: of["sha256"] for of in self._parents(merge).values() if of["file"]}

    def bases(self, merge: str) -> list[str]:
        """Return the roles of the models that a merge is made of."""
        return [of["base"] for of in self._parents(merge).values() if of["base"]]

    def pins(self, merge: str) -> dict[str, str]:
        """Return the sha256 that the models and files of a merge are held to, by path."""
        return self.held.pins(self.bases(merge)) | self.named(merge)

    def places(self, merge: str) -> dict[str, str]:
        """Return where the parents lie, by letter: files, and folders of bases."""
        return {letter: self._place(of) for letter, of in self._parents(merge).items()}

    def options(self, merge: str) -> str:
        """Return the words of the command that say so."""
        return shlex.join(word for letter, path in self.places(merge).items() for word in (f"--in-{letter}", path))

    def _place(self, parent: Mapping[str, Any]) -> str:
        if (role := parent["base"]) is not None:
            if (model := self.registry.models.get(role)) is None:
                return str(role)
            # Of several files, as of Anima, the one that has the network: as genga.training.merge takes it.
            return next((file.path for file in model.files if file.part == "model"), model.path).as_posix()
        return str(parent["file"] or model_of(parent["run"] or parent["merge"]))

    def _parents(self, merge: str) -> dict[str, dict[str, Any]]:
        of = self.entries[merge]
        return {letter: of[letter] for letter in ("a", "b", "c") if of[letter] is not None}
