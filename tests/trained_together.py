"""What each of two processes does for test_training_processes: runs of the tiny model, one after another.

Started by genga.training.launch as `trained_together.py BASE FOLDER`; each run's folder is FOLDER/<name>.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from test_train import EVERYTHING, EXAMPLES, example, pixels
from training_params import params

from genga.errors import GengaError
from genga.store.parquet import write_table
from genga.tables.held_out import HELD_OUT
from genga.tables.ledger import LEDGER
from genga.tables.losses import LOSSES
from genga.training.distributed import Processes, processes
from genga.training.families.family import LoadedBase
from genga.training.families.sd15 import FAMILY, load
from genga.training.launch import launched
from genga.training.resume import RunFolder
from genga.training.train import Trained, train

# At a rate of 0.01 AdamW makes of last bits, which are each processor's own, a difference of 2e-5 in six steps.
# A batch of one image leaves one process idle; clip_skip 2 leaves the text encoder's last layer without gradient.
RUNS: dict[str, dict[str, Any]] = {
    "everything": {**EVERYTHING, "learning_rate": 0.001},
    "few": {"max_steps": 3, "batch": 1, "accumulation": 2, "text_encoder": True, "clip_skip": 2, "save_every": 2},
}
UNSEEN = {"shot": [example(5, (32, 32)), example(6, (40, 24)), example(7, (32, 32))]}  # more than one is ever given
STOP_AFTER = 4  # of the run that is broken off


class BrokenOff(Exception):
    """Stands for whatever ends a run between two checkpoints."""


def run(base: str, folder: Path, values: dict[str, Any], together: Processes, stop: int = 0) -> Trained:
    """Train the run in `folder`; break it off after step `stop`."""

    def after(step: Any, loss: float) -> None:
        if step.number == stop:
            raise BrokenOff

    loaded, cpu = LoadedBase(FAMILY, "sd15", load(Path(base)), "tiny", "0" * 64), torch.device("cpu")
    place = RunFolder(folder, "hana")
    given = EXAMPLES, pixels, loaded, params(**values), place, folder.parent / "cache", cpu, after, together
    return train(*given, held=UNSEEN)


def write(folder: Path, trained: Trained) -> None:
    write_table(folder / "losses.parquet", trained.losses, LOSSES)
    write_table(folder / "ledger.parquet", trained.ledger, LEDGER)
    write_table(folder / "held_out.parquet", trained.held_out, HELD_OUT)


def main(base: str, folder: Path) -> None:
    torch.set_num_threads(1)
    together = processes(torch.device("cpu"))
    for name, values in RUNS.items():
        trained = run(base, folder / name, values, together)
        if together.is_first:
            write(folder / name, trained)
    for stop in (STOP_AFTER, 0):
        try:
            trained = run(base, folder / "resumed", RUNS["everything"], together, stop)
        except BrokenOff:
            continue
    if together.is_first:
        write(folder / "resumed", trained)
    together.wait()
    try:
        together.agree(together.index, "here")
    except GengaError as error:
        (folder / f"refused-{together.index}.txt").write_text(str(error), encoding="utf-8")
    together.end()


if __name__ == "__main__":
    with launched():
        main(sys.argv[1], Path(sys.argv[2]))
