"""Trains tiny runs of every kind in forks that are killed, and undisturbed: `killed_runs.py FOLDER begin`, or `finish`.

begin: each of CASES as it is, and once more, killed after some of its steps. finish, in a process that knows nothing of
the first: those that were killed go on to their end. Each fork has random numbers of its own in the libraries'
generators, and the two processes other hashes, so that nothing may depend on either.
"""

import os
import random
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate.utils.other import get_free_port
from tiny_anima import save_tiny_anima
from tiny_base import save_tiny_base
from tiny_clips import CLIPS, STILL, read
from tiny_modelscope import save_tiny_modelscope
from tiny_sdxl import VELOCITY, save_tiny_sdxl
from tiny_training import CPU, EXAMPLES, example, pixels
from tiny_wan import save_tiny_wan
from training_params import params

from genga.training import fast
from genga.training.distributed import processes
from genga.training.families import anima, animatediff, modelscope, sd15, sdxl, wan
from genga.training.families.family import LoadedBase
from genga.training.resume import RunFolder
from genga.training.train import train, write


@dataclass(frozen=True)
class Case:
    """A run, and when it is killed."""

    base: str  # of BASES
    values: dict[str, Any]  # of section train, where they differ from MANY
    kills: tuple[int, ...]  # after these steps, one after another; one more than there are: when all is written
    steps: tuple[int, ...]  # that are done by all of the killed ones together, and by the last
    processes: int = 1


BASES: dict[str, Callable[[Path], Any]] = {
    "sd15": save_tiny_base,
    "sdxl": partial(save_tiny_sdxl, shallow=True),
    "velocity": partial(save_tiny_sdxl, shallow=True, **VELOCITY),
    "anima": save_tiny_anima,
    "animatediff": save_tiny_base,
    "modelscope": save_tiny_modelscope,
    "wan": save_tiny_wan,
}
FAMILIES = {
    "sd15": sd15.FAMILY, "sdxl": sdxl.FAMILY, "velocity": sdxl.FAMILY, "anima": anima.FAMILY,
    "animatediff": animatediff.FAMILY, "modelscope": modelscope.FAMILY,
    "wan": wan.FAMILY,
}  # fmt: skip
MANY = {  # what differs from step to step
    "epochs": 9, "max_steps": 4, "save_every": 2, "schedule": "cosine", "warmup": 1, "caption_dropout": 0.2,
    "shuffle": True, "flip": True, "batch": 1,
}  # fmt: skip
PHASES = [  # of three steps, one and two: where the first ends is no checkpoint, where the second does is one
    {"max_steps": 3, "batch": 2},
    {"max_steps": 1, "buckets": {"sizes": [[16, 32]]}, "learning_rate": 0.02, "accumulation": 2},
    {"max_steps": 2, "select": {"images": 1}, "loss": "huber"},
]
WHOLE = {"method": "full", "ema": 0.9, "text_encoder": True, "learning_rate": 0.001, "text_learning_rate": 0.001}
EVERY = {"modules": "transformer", "text_encoder": True}
WIDE = {**EVERY, "convolutions": True, "conv_rank": 3, "conv_alpha": 6.0}
FLOW = {"buckets": {"sizes": [[32, 32], [48, 16]]}, "timesteps": "logit_normal", "timestep_scale": 1.3}
ITSELF = {"optimizer": "prodigy", "learning_rate": 1.0, "text_learning_rate": 1.0}
AT_ONCE, TWICE = ((3,), (1, 2, 3, 3, 4)), ((1, 3), (1, 1, 2, 3, 3, 4))
IN_PHASES = {"max_steps": 9, "phases": PHASES}
EACH_STEP = (1, 2, 3, 4, 5, 6, 7), (1, 1, 2, 3, 3, 4, 5, 5, 6)
BETWEEN = (3, 4, 5), (1, 2, 3, 3, 4, 5, 5, 6)  # phases, and in the last
MOVING = {"text_encoder": False, "modules": "transformer", "clips": {"stills": 0.3, "stride": 2}}
STEPS = [  # the first of other clips, the second at another size
    {**PHASES[0], "clips": {"length": 3}}, {**PHASES[1], "clips": {"stride": 2}}, {"max_steps": 2, "loss": "huber"},
]  # fmt: skip

CASES = {
    "sd15-phases": Case("sd15", {**EVERY, **IN_PHASES, "held_out": 2}, *EACH_STEP),
    "sd15-locon": Case("sd15", {**WIDE, "multires_iterations": 2}, *TWICE),
    "sd15-dora": Case("sd15", {**EVERY, "method": "dora", "ema": 0.9}, *AT_ONCE),
    "sd15-loha": Case("sd15", {**WIDE, "method": "loha", **ITSELF}, *AT_ONCE),
    "sd15-lokr": Case("sd15", {**WIDE, "method": "lokr", "factor": 2, "optimizer": "schedulefree"}, *AT_ONCE),
    "sd15-full": Case("sd15", {**WHOLE, **IN_PHASES}, *BETWEEN),
    "sd15-full-adafactor": Case("sd15", {**WHOLE, "optimizer": "adafactor"}, *AT_ONCE),
    "sd15-full-prodigy": Case("sd15", {**WHOLE, **ITSELF}, *AT_ONCE),
    "sd15-full-schedulefree": Case("sd15", {**WHOLE, **IN_PHASES, "optimizer": "schedulefree"}, *BETWEEN),
    "sd15-half": Case("sd15", {**EVERY, "precision": "bfloat16", "gradient_checkpointing": True}, *AT_ONCE),
    "sd15-fast": Case("sd15", {**EVERY, "speed": "fast"}, *AT_ONCE),
    "sd15-two-processes": Case("sd15", {**EVERY, **IN_PHASES, "ema": 0.9, "held_out": 2}, *BETWEEN, processes=2),
    "sd15-three-processes-full": Case("sd15", WHOLE, *AT_ONCE, processes=3),
    "sdxl": Case("sdxl", {**WIDE, "max_tokens": 150}, *AT_ONCE),
    "sdxl-phases": Case("sdxl", {**EVERY, **IN_PHASES, "method": "dora"}, *BETWEEN),
    "sdxl-velocity-full": Case("velocity", {**WHOLE, "min_snr_gamma": 5.0}, *AT_ONCE),
    "anima-phases": Case("anima", {**FLOW, **IN_PHASES, "shift": 1.0}, *BETWEEN),
    "anima-lokr": Case("anima", {**FLOW, "method": "lokr", "optimizer": "adafactor"}, *AT_ONCE),
    "anima-full": Case("anima", {**FLOW, **WHOLE, "text_encoder": False, "optimizer": "schedulefree"}, *AT_ONCE),
}
CASES |= {
    "motion": Case("animatediff", {**WHOLE, **MOVING, **IN_PHASES, "phases": STEPS, "held_out": 2}, *BETWEEN),
    "motion-two-processes": Case("animatediff", {**WHOLE, **MOVING}, *AT_ONCE, processes=2),
    "modelscope": Case("modelscope", {**WHOLE, **MOVING, "modules": "attention", "convolutions": True}, *TWICE),
    "wan": Case("wan", {**FLOW, "modules": "transformer", "clips": {"stills": 0.3}}, *AT_ONCE),
    "modelscope-lora": Case("modelscope", {**MOVING, "convolutions": True, "gradient_checkpointing": True}, *AT_ONCE),
}
HELD = {"shot": [example(5, (32, 32)), example(6, (40, 24))]}
IN_SIZES = [replace(one, original=(width + 16, height + 8)) for one in EXAMPLES for width, height in [one.cut.bucket]]


def train_in(folder: Path, case: Case, loaded: LoadedBase, kill: int) -> None:
    """Train the case in `folder`, until it is killed after step `kill`; its steps are noted beside."""
    torch.manual_seed(os.getpid()), np.random.seed(os.getpid()), random.seed(os.getpid())
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    together, last = processes(CPU), max(case.steps)

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def after(step: Any, loss: float) -> None:
        if together.is_first:
            with open("../steps.txt", "a") as file:
                file.write(f"{step.number}\n")
        if step.number == kill and together.index == together.count - 1:
            die()

    run, values = RunFolder("models/hana", "hana"), params(**{**MANY, **case.values})
    examples, look = ([*CLIPS, STILL], read) if loaded.family.moving else (IN_SIZES, pixels)
    held = {"shot": examples[1:3]} if loaded.family.moving else HELD
    made = train(examples, look, loaded, values, run, "cache", CPU, after, together, held if values.held_out else {})
    together.end()
    if kill > last:
        RunFolder.forget = lambda self: die()  # type: ignore[method-assign]
    if together.is_first:
        write(made, run, loaded, examples, "hana", values)


def fork(run: Callable[[], None]) -> int:
    """Do it in a fork; return its process."""
    process = os.fork()
    if not process:
        ended = 1
        try:
            run()
            ended = 0
        finally:
            if ended:
                traceback.print_exc()
            os._exit(ended)
    return process


def one_of(index: int, count: int, port: int, run: Callable[[], None]) -> None:
    """Be one of the processes that a launcher starts."""
    if count > 1:
        values = {"RANK": index, "LOCAL_RANK": index, "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count}
        os.environ |= {name: str(value) for name, value in {**values, "MASTER_PORT": port}.items()}
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "GLOO_SOCKET_IFNAME": "lo"}
    run()


def forked(folder: Path, name: str, loaded: LoadedBase, kill: int = 0) -> None:
    """Train a case in forks until they end. If one is killed the others are, too: so does the launcher."""
    case, port = CASES[name], get_free_port()
    train_it = partial(train_in, folder, case, loaded, kill)
    there = {fork(partial(one_of, index, case.processes, port, train_it)) for index in range(case.processes)}
    ended = set()
    while there:
        process, status = os.wait()
        there.remove(process)
        ended.add(os.waitstatus_to_exitcode(status))
        if ended != {0}:
            for other in there:
                os.kill(other, signal.SIGKILL)
    assert -signal.SIGKILL in ended if kill else ended == {0}, f"{name}, killed at {kill}: {ended}"


def main(home: Path, finish: bool) -> None:
    torch.set_num_threads(1)
    fast._SMALL = 8  # so are the layers of the tiny bases

    @cache
    def loaded(base: str) -> LoadedBase:
        folder = home / "bases" / base
        if not folder.exists():
            BASES[base](folder)
        return LoadedBase(FAMILIES[base], base, FAMILIES[base].load(folder), "tiny", "0" * 64)

    for name, case in CASES.items():
        killed = home / name / "killed" / "project"
        if finish:
            forked(killed, name, loaded(case.base))
            continue
        forked(home / name / "whole" / "project", name, loaded(case.base))
        for kill in case.kills:
            forked(killed, name, loaded(case.base), kill)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] == "finish")
