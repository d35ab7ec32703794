"""Train on a base, of whatever family it is: matrices beside its weights, or all of them.

Hu et al. 2021, "LoRA: low-rank adaptation of large language models"; arithmetic and file format as kohya's sd-scripts
have them (docs/training.md). What is seen at which step is a pure function of dataset and parameters
(genga.training.plan), every random draw depends on what it is for (genga.training.rng), and latents are kept by
content (genga.training.latents): a run that was interrupted goes on to the same bytes. Several processes may train it
together (genga.training.distributed): each sees its part of every batch.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import takewhile
from pathlib import Path
from statistics import fmean
from types import MappingProxyType
from typing import Any

import polars as pl
import torch

from genga.jobs.script import duration, pace
from genga.params.train import Params
from genga.store.files import in_project, write_facts
from genga.store.parquet import write_table
from genga.tables.held_out import HELD_OUT
from genga.tables.ledger import LEDGER
from genga.tables.losses import LOSSES
from genga.training import fast, held_out, optimizers, tensor_file, timesteps
from genga.training.distributed import Processes
from genga.training.examples import Example, trigger_of
from genga.training.families.family import LoadedBase
from genga.training.latents import cached_latents
from genga.training.learnt import check_method
from genga.training.losses import check_masks
from genga.training.metadata import metadata
from genga.training.plan import Phase, Step, distinct, phases_of, steps, tell_warmup, total_steps
from genga.training.resume import CheckpointEntry, RunFolder, RunState
from genga.training.rng import digest
from genga.training.trainer import Trainer


@dataclass(frozen=True)
class Trained:
    """What a run has made."""

    checkpoints: list[CheckpointEntry]
    ledger: pl.DataFrame  # LEDGER
    losses: pl.DataFrame  # LOSSES
    held_out: pl.DataFrame  # HELD_OUT
    frames: int = 1  # most of a look


def train(
    examples: list[Example],
    read: Callable[[Example], Any],
    loaded: LoadedBase,
    params: Params,
    folder: RunFolder,
    cache: str | Path,
    device: torch.device,
    after: Callable[[Step, float], None] | None = None,
    together: Processes = Processes(),
    held: held_out.HeldOut = MappingProxyType({}),
    resolution: int | None = None,
) -> Trained:
    """Train the run of `folder`, writing its checkpoints and, for as long as it lasts, its state there.

    read gives an example's pixels, or frame by frame those of a base that moves; cache is the folder for latents; after
    is called with each step and its loss, where None tells the progress; together: the processes that train it, of
    which the first alone writes into the folder; held: the images of its held-out loss; resolution: px, that the
    dataset's buckets are about.
    Raises GengaError if the loss is not a number, and before anything is done if the base cannot be trained so.
    """
    loaded.check_clip_skip(params.clip_skip)
    loaded.check_precision(params.precision, "train")
    check_method(loaded, params)
    held_out.check(held, params)
    optimizers.check(params, device)
    params = fast.resolved(params, device)
    phases, seen = phases_of(examples, params), partial(loaded.seen, windows=params.windows)
    noise = loaded.family.schedule(loaded.base, device, params.shift)
    for phase in phases:
        timesteps.check(phase.params, noise.timesteps, noise.among)
        loaded.family.check(loaded.base, phase.params)
        check_masks(phase.examples, phase.params)
        loaded.check_clips(phase.params.clips, {example.length for example in phase.examples})
    held = {by: [one.seen_as(params.clips.length, params.clips.stride) for one in own] for by, own in held.items()}
    total, learnt_from = total_steps(phases), distinct(phases, loaded.family.side)
    after = after or (progress_of(folder.run, total) if together.is_first else lambda step, loss: None)
    if together.is_first:
        tell_warmup(phases, folder.run)
    unseen = [example for own in held.values() for example in own]
    key = _key(examples, unseen, loaded, params, device)
    before = folder.load(key, together.count, loaded.kind)
    together.agree(before.step if before else 0, f"models/{folder.run}")
    flip = any(phase.params.flip for phase in phases)
    cached = loaded.family.clips.latents if loaded.family.clips else cached_latents
    latent_of = cached(learnt_from + unseen, read, loaded, flip, cache, device, together, params.enlarge)
    trainer = Trainer(loaded, params, device, latent_of, together)
    measured = partial(held_out.measured, held=held, trainer=trainer, seen=seen, params=params, together=together)
    losses, checkpoints, done = [], [], 0
    if before is not None:
        trainer.restore(before.tensors, before.words)
        losses, checkpoints, done, rows = before.losses, before.checkpoints, before.step, before.held_out
        if together.is_first:
            print(f"note: train {folder.run}: goes on after step {done}", file=sys.stderr)
    else:
        rows = measured(0)
    if together.is_first:
        folder.clear(keep=[checkpoint["step"] for checkpoint in checkpoints])

    for step in steps(phases, noise.timesteps, done, seen, noise.among):
        if held_out.is_over(rows, params.patience):
            break
        losses.append(trainer.step(step))
        is_checkpoint = step.number % params.save_every == 0 or step.number == total
        if is_checkpoint:
            rows = rows + measured(step.number)
        if together.is_first and is_checkpoint:
            about = metadata(folder.run, phases, params, loaded, step.number, step.epoch, resolution)
            file = in_project(folder.checkpoint(step.number))
            with trainer.to_be_seen():
                sha256 = tensor_file.write(folder.unfinished(step.number), trainer.tensors(), about)
            checkpoints.append({"step": step.number, "epoch": step.epoch, "file": file, "sha256": sha256})
            state = RunState(step.number, *trainer.state(), losses, checkpoints, rows)
            folder.save(key, state, together.count, loaded.kind)
        after(step, losses[-1])
    plan = steps(phases, noise.timesteps, seen=seen, among=noise.among)
    done_of_it = takewhile(lambda step: step.number <= len(losses), plan)  # a run may end early
    frames = max(example.length for example in learnt_from)
    return Trained(checkpoints, ledger(done_of_it), loss_table(losses, phases), held_out.table(rows), frames)


def ledger(plan: Iterable[Step]) -> pl.DataFrame:
    """Return a row of LEDGER for every look of the steps, in order."""
    rows = [
        (step.number, step.epoch, step.phase.number, *look.row())
        for step in plan
        for batch in step.batches
        for look in batch
    ]
    return pl.DataFrame(rows, schema=dict(LEDGER), orient="row")


def progress_of(run: str, total: int, every: float = 5.0) -> Callable[[Step, float], None]:
    """Return a callback that writes step, loss, rate and time left to stderr every `every` seconds."""
    begun: dict[str, float] = {}

    def say(step: Step, loss: float) -> None:
        now = time.monotonic()
        first = begun.setdefault("step", step.number)
        start, last = begun.setdefault("start", now), begun.setdefault("last", now)
        if now - last < every:
            return
        begun["last"] = now
        rate = (step.number - first) / (now - start)
        left = duration((total - step.number) / rate)
        print(
            f"train {run}: {step.number}/{total} steps, loss {loss:.4f}, {pace(rate)}, {left} left",
            file=sys.stderr,
            flush=True,
        )

    return say


def loss_table(losses: list[float], phases: Sequence[Phase]) -> pl.DataFrame:
    """Return a row of LOSSES for every step that was done, be it not all of the phases'."""
    planned = [(phase, phase.before + step) for phase in phases for step in range(1, phase.steps + 1)]
    rows = [
        (step, phase.number, loss, phase.params.learning_rate * phase.learning_rate_factor(step))
        for loss, (phase, step) in zip(losses, planned, strict=False)
    ]
    return pl.DataFrame(rows, schema=dict(LOSSES), orient="row")


def _key(
    examples: list[Example], unseen: list[Example], loaded: LoadedBase, params: Params, device: torch.device
) -> str:
    """What a state must have been made with to be gone on from."""
    # Not how processes are started: how many there are is asked for by itself (RunFolder.load).
    seen_and_not = ([asdict(example) for example in own] for own in (examples, unseen))
    parts = [params.model_dump(exclude={"launch"}), *seen_and_not]
    return digest(json.dumps(parts, sort_keys=True), loaded.kind, loaded.sha256, device.type, torch.__version__).hex()


def write(
    trained: Trained, folder: RunFolder, loaded: LoadedBase, examples: list[Example], character: str, params: Params
) -> None:
    """Put checkpoints, ledger, losses and the list of checkpoints into the run's folder, and forget its state.

    character: the one that was learnt; empty: all of the dataset.
    """
    folder.finish([checkpoint["step"] for checkpoint in trained.checkpoints])
    write_table(folder.path / "ledger.parquet", trained.ledger, LEDGER)
    write_table(folder.path / "losses.parquet", trained.losses, LOSSES)
    write_table(folder.path / "held_out.parquet", trained.held_out, HELD_OUT)
    write_facts(
        folder.path / "checkpoints.json",
        {
            "run": folder.run,
            "base": {"name": loaded.name, "sha256": loaded.sha256},
            "trigger": trigger_of(examples) if character else "",
            "clip_skip": params.clip_skip,
            "windows": params.windows,
            "method": params.method,
            **({"expert": params.expert} if params.expert is not None else {}),
            # Of a base that moves the most frames of a look: positions are stretched to them where samples are drawn.
            **({"frames": trained.frames} if loaded.family.moving else {}),
            "threads": params.threads,
            "checkpoints": trained.checkpoints,
        },
    )
    folder.forget()


def in_words(trained: Trained, examples: list[Example]) -> str:
    """Return how many steps there were, the loss of the first and the last tenth of them, and the held-out loss."""
    losses = trained.losses["loss"].to_list()
    tenth = len(losses) // 10 + 1
    found = held_out.means(trained.held_out.to_dicts())
    what = "clips and images" if examples[0].moves else "images"
    held = f", held-out {found[0]:.4f} of the base, {found[len(losses)]:.4f} at last" if found else ""
    return (
        f"{len(losses)} steps over {len(examples)} {what}, {len(trained.checkpoints)} checkpoints,"
        f" loss {fmean(losses[:tenth]):.4f} at first, {fmean(losses[-tenth:]):.4f} at last{held}"
    )
