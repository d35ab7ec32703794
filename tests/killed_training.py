"""Trains a tiny run in forks of this process that are killed, and undisturbed: `killed_training.py FOLDER SEED COUNT`.

Prints as JSON the sha256 of all that both leave behind, and how each fork ended. This process itself never trains, so
that its forks can.
"""

import json
import os
import random
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import torch
from test_train import CPU, EXAMPLES, pixels
from tiny_base import save_tiny_base
from training_params import params

from genga.store import files
from genga.store.files import sha256_of
from genga.store.sweeping import sweep
from genga.training import checked_tensors, tensor_file
from genga.training.families.family import LoadedBase
from genga.training.families.sd15 import FAMILY, load
from genga.training.resume import RunFolder
from genga.training.train import train

VALUES = params(max_steps=8, epochs=4, save_every=2, shuffle=True, tag_dropout=0.2)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def in_a_step(draw: random.Random) -> Callable[..., None]:
    """Kill at any time within half a second after a step."""
    number, delay = draw.randint(1, 5), draw.uniform(0, 0.3)

    def after(step, loss) -> None:
        if step.number >= number:
            threading.Timer(delay, die).start()

    return after


def before_a_rename(draw: random.Random) -> Callable[..., None]:
    """Kill when a file is written and not yet under its name."""
    count, rename = [draw.randint(1, 3)], os.replace

    def replace(*names) -> None:
        count[0] -= 1
        die() if not count[0] else rename(*names)

    files.os.replace = replace
    return lambda step, loss: None


def half_written(draw: random.Random) -> Callable[..., None]:
    """Kill when a checkpoint, or the state beside it, is half written."""
    header, kind = tensor_file._header, draw.choice(["checkpoint", "state"])

    def half(*arguments) -> bytes:
        tensor_file._data = die  # the next thing of the file
        return header(*arguments)

    def half_state(tensors, path, metadata) -> None:
        Path(path).write_bytes(b"half of it")
        die()

    if kind == "checkpoint":
        tensor_file._header = half
    else:
        save = checked_tensors.save_file
        checked_tensors.save_file = lambda tensors, path, about: (half_state if "key" in about else save)(
            tensors, path, about
        )
    return lambda step, loss: None


def fork(folder: Path, loaded: LoadedBase, prepare: Callable[[], Callable[..., None]]) -> int:
    """Train in a fork; return the signal it died of, or 0."""
    process = os.fork()
    if process:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    os.environ["HALF"] = str(folder / f"unfinished/.half.{os.getpid()}.tmp")
    run = RunFolder(folder, "hana")
    made = train(EXAMPLES, pixels, loaded, VALUES, run, folder / "cache", CPU, prepare())
    made.losses.write_csv(folder / "losses.csv")
    made.ledger.write_csv(folder / "ledger.csv")
    run.finish([checkpoint["step"] for checkpoint in made.checkpoints])
    run.forget()
    os._exit(0)


def left(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): sha256_of(p) for p in sorted(folder.rglob("*")) if p.is_file()}


if __name__ == "__main__":
    home, draw = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
    torch.set_num_threads(1)
    loaded = LoadedBase(FAMILY, "sd15", load(save_tiny_base(home / "base")), "tiny", "0" * 64)
    fork(home / "whole", loaded, lambda: lambda step, loss: None)
    kinds = [in_a_step, before_a_rename, half_written]
    ended = [fork(home / "killed", loaded, lambda k=k: kinds[k % 3](draw)) for k in range(int(sys.argv[3]))]
    ended.append(fork(home / "killed", loaded, lambda: lambda step, loss: None))
    sweep([home])
    print("\n" + json.dumps({"whole": left(home / "whole"), "killed": left(home / "killed"), "ended": ended}))
