"""A run's folder: its checkpoints, and what an interrupted run needs to go on as if nothing had happened.

The state is one safetensors file, so that it is whole or not there: matrices, optimizer moments and losses as tensors,
the rest as JSON in the metadata. It names the run it belongs to by a key; a state of other parameters, another dataset
or another base is not used.
"""

import json
import re
import shutil
import sys
from dataclasses import dataclass
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
    tensors: dict[str, torch.Tensor]  # matrices and optimizer moments
    scaler: dict[str, Any]  # of the gradients, with fp16; else empty
    losses: list[float]  # of steps 1..step
    checkpoints: list[CheckpointEntry]  # written so far


class RunFolder:
    """The folder `models/R` of run R.

    Its checkpoints have a folder of their own in it, to be versioned as one thing: the selected one comes later.
    """

    def __init__(self, folder: str | Path, run: str) -> None:
        self.path = Path(folder)
        self._checkpoints = self.path / "checkpoints"
        self.run = run
        self._state = self.path / ".state" / "state.safetensors"

    def checkpoint(self, step: int) -> Path:
        """Return the file of the checkpoint after `step` steps."""
        return self._checkpoints / f"{self.run}-{step:06d}.safetensors"

    def save(self, key: str, state: RunState, processes: int = 1) -> None:
        """Keep the state, in place of the one before. processes: how many trained."""
        words = {"step": state.step, "checkpoints": state.checkpoints, "scaler": state.scaler}
        tensors = {**state.tensors, "losses": torch.tensor(state.losses, dtype=torch.float64)}
        checked_tensors.save(
            self._state, tensors, {"key": key, "processes": str(processes), "state": json.dumps(words)}
        )

    def load(self, key: str, processes: int = 1) -> RunState | None:
        """Return the state to go on from; None to begin anew, and stderr says so if there was another state.

        Raises GengaError if as many processes made it as there are not now: no record would say what made the model.
        """
        if not self._state.is_file():
            return None
        found = checked_tensors.load(self._state)
        if found is None:
            _ignored(self._state, "is damaged")
            return None
        tensors, metadata = found
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
            path = self.checkpoint(checkpoint["step"])
            if not path.is_file() or sha256_of(path) != checkpoint["sha256"]:
                _ignored(self._state, f"is of no use, {path} is missing or changed")
                return None
        losses = tensors.pop("losses").tolist()
        return RunState(words["step"], tensors, words["scaler"], losses, words["checkpoints"])

    def clear(self, keep: list[int]) -> None:
        """Remove checkpoints of earlier runs: all but those after the steps in `keep`."""
        pattern = re.compile(re.escape(self.run) + r"-(\d{6,})\.safetensors")
        for path in sorted(self._checkpoints.glob("*.safetensors")):
            match = pattern.fullmatch(path.name)
            if match and int(match[1]) not in keep:
                path.unlink()

    def forget(self) -> None:
        """Remove the state: the run is finished."""
        if self._state.parent.is_dir():
            shutil.rmtree(self._state.parent)  # with what a killed run was about to write


def _ignored(state: Path, why: str) -> None:
    print(f"{state} {why}: it is ignored, the run begins anew", file=sys.stderr)
