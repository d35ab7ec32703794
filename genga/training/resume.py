"""A run's folder: its checkpoints, and what an interrupted run needs to go on as if nothing had happened.

The state is one safetensors file, so that it is whole or not there: matrices, optimizer moments and losses as tensors,
the rest as JSON in the metadata. It names the run it belongs to by a key; a state of other parameters, another dataset
or another base is not used.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from genga.errors import GengaError
from genga.store.files import sha256_of
from genga.training import checked_tensors

CheckpointEntry = dict[str, Any]  # step, epoch, file (as given in checkpoints.json), sha256


@dataclass(frozen=True)
class RunState:
    """A run after `step` steps."""

    step: int
    tensors: dict[str, torch.Tensor]  # what is learnt, its average, optimizer moments
    words: dict[str, Any]  # what of it is no tensor
    losses: list[float]  # of steps 1..step
    checkpoints: list[CheckpointEntry]  # written so far
    held_out: list[dict[str, Any]] = field(default_factory=list)  # rows of the held-out loss so far


class RunFolder:
    """The folder `models/R` of run R.

    Its checkpoints have a folder of their own in it, to be versioned as one thing: the selected one comes later. Until
    training is done its checkpoints lie in the folder `unfinished`, and those of the finished run before stay: whoever
    interrupts training and takes a change back has lost nothing.
    """

    def __init__(self, folder: str | Path, run: str) -> None:
        self.path = Path(folder)
        self._checkpoints, self._unfinished = self.path / "checkpoints", self.path / "unfinished"
        self.run = run
        self._state = self.path / ".state" / "state.safetensors"

    def checkpoint(self, step: int) -> Path:
        """Return the file of the checkpoint after `step` steps, once training is done."""
        return self._checkpoints / self._name(step)

    def unfinished(self, step: int) -> Path:
        """Return the file of the checkpoint after `step` steps, as long as training lasts."""
        return self._unfinished / self._name(step)

    def _name(self, step: int) -> str:
        return f"{self.run}-{step:06d}.safetensors"

    def save(self, key: str, state: RunState, processes: int = 1, family: str = "") -> None:
        """Keep the state, in place of the one before. processes: how many trained; family: of the base."""
        words = {"step": state.step, "checkpoints": state.checkpoints, "words": state.words, "held": state.held_out}
        tensors = {**state.tensors, "losses": torch.tensor(state.losses, dtype=torch.float64)}
        made = {"key": key, "family": family, "processes": str(processes), "state": json.dumps(words)}
        checked_tensors.save(self._state, tensors, made)

    def load(self, key: str, processes: int = 1, family: str = "") -> RunState | None:
        """Return the state to go on from; None to begin anew, and stderr says so if there was another state.

        Raises GengaError if it was made on a base of another family, whose checkpoints would be thrown away, or by as
        many processes as there are not now: no record would say what made the model.
        """
        if not self._state.is_file():
            return None
        found = checked_tensors.load(self._state)
        if found is None:
            _ignored(self._state, "is damaged")
            return None
        tensors, metadata = found
        if (of := metadata.get("family", family)) != family:
            raise GengaError(
                f"{self._state}: is of training on a base of family {of}, now it is {family}; set"
                f" params.yaml:runs.{self.run}.base as it was, or delete that file to begin anew"
            )
        if metadata.get("key") != key:
            _ignored(self._state, "is of other parameters, another dataset or another base")
            return None
        if (made := metadata.get("processes", "1")) != str(processes):
            raise GengaError(
                f"{self._state}: is of training by {made} processes, now it is {processes}; set train.launch as it was,"
                " or delete that file to begin anew"
            )
        words = json.loads(metadata["state"])
        for checkpoint in words["checkpoints"]:
            path = self.unfinished(checkpoint["step"])
            if not path.is_file():  # ended while it was put in its place
                path = self.checkpoint(checkpoint["step"])
            if not path.is_file() or sha256_of(path) != checkpoint["sha256"]:
                _ignored(self._state, f"is of no use, {path} is missing or changed")
                return None
        losses = tensors.pop("losses").tolist()
        return RunState(words["step"], tensors, words["words"], losses, words["checkpoints"], words["held"])

    def clear(self, keep: Collection[int]) -> None:
        """Remove what other training left unfinished: all checkpoints but those after the steps in `keep`."""
        self._remove(self._unfinished, keep)

    def finish(self, steps: Collection[int]) -> None:
        """Put the checkpoints after these steps in the place of all that are there."""
        self._checkpoints.mkdir(parents=True, exist_ok=True)
        for step in steps:
            if self.unfinished(step).is_file():
                os.replace(self.unfinished(step), self.checkpoint(step))
        self._remove(self._checkpoints, steps)

    def forget(self) -> None:
        """Remove the state: the run is finished."""
        for folder in (self._state.parent, self._unfinished):
            if folder.is_dir():
                shutil.rmtree(folder)  # with what a killed run was about to write

    def _remove(self, folder: Path, keep: Collection[int]) -> None:
        """Remove the run's checkpoints in a folder, all but those after the steps in `keep`."""
        pattern = re.compile(re.escape(self.run) + r"-(\d{6,})\.safetensors")
        for path in sorted(folder.glob("*.safetensors")):
            match = pattern.fullmatch(path.name)
            if match and int(match[1]) not in keep:
                path.unlink()


def _ignored(state: Path, why: str) -> None:
    print(f"{state} {why}: it is ignored, the run begins anew", file=sys.stderr)
