"""The checkpoints of a run: read their list, keep the selected one under the run's name."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genga.errors import GengaError
from genga.store.files import check_sha256, read_facts, replacing

TRAIN_AGAIN = "delete it and its run's checkpoints.json to train again"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint of a run."""

    step: int
    epoch: int
    file: str  # path of the .safetensors, relative to the project's folder
    sha256: str  # of its content


@dataclass(frozen=True)
class Checkpoints:
    """What `models/<run>/checkpoints.json` says."""

    run: str
    base: dict[str, Any]  # name and sha256 of the model that was fine-tuned
    all: tuple[Checkpoint, ...]

    def at(self, step: int) -> Checkpoint:
        """Return the checkpoint of a step. Raises GengaError if there is none."""
        for checkpoint in self.all:
            if checkpoint.step == step:
                return checkpoint
        raise GengaError(f"run {self.run} has no checkpoint at step {step}; make its samples again")


def read_checkpoints(path: str | Path) -> Checkpoints:
    """Read a run's list of checkpoints. Raises GengaError if the file is missing or is not such a list."""
    values = read_facts(path)
    try:
        found = tuple(
            Checkpoint(int(row["step"]), int(row["epoch"]), str(row["file"]), str(row["sha256"]))
            for row in values["checkpoints"]
        )
        return Checkpoints(str(values["run"]), dict(values["base"]), found)
    except (KeyError, TypeError, ValueError) as error:
        raise GengaError(
            f"{path}: is not a list of checkpoints ({error!r}); delete it to have it made again"
        ) from error


def verified(checkpoint: Mapping[str, Any]) -> Path:
    """Return the file of an entry of checkpoints.json. Raises GengaError if its content is not what was recorded."""
    check_sha256(checkpoint["file"], checkpoint["sha256"], TRAIN_AGAIN)
    return Path(checkpoint["file"])


def keep(checkpoint: Checkpoint, target: str | Path) -> None:
    """Copy a checkpoint to `target`, whole or not at all. Raises GengaError if its content is not what was recorded."""
    check_sha256(checkpoint.file, checkpoint.sha256, TRAIN_AGAIN)
    with replacing(target) as temporary:
        shutil.copyfile(checkpoint.file, temporary)
