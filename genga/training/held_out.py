"""The held-out loss: how wrong a run is about images that it never sees, measured alike at every checkpoint.

Each image is looked at as it is, with its whole caption, at a fixed grid of timesteps and with noise that its name
alone decides: the loss of two checkpoints, or of two runs, differs by what they have learnt and nothing else. It is the
mean squared error, whatever training weighs. By it a run may be ended early (Prechelt 1998, "Early stopping - but
when?", criterion UP).
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from genga.errors import GengaError
from genga.params.train import Params
from genga.tables.held_out import BY, HELD_OUT
from genga.training.distributed import Processes
from genga.training.examples import Example
from genga.training.plan import Look, Seen
from genga.training.rng import digest
from genga.training.trainer import Trainer

TIMESTEPS = 4  # in the middles of as many equal parts of the schedule
# What only training does to noise, px and timesteps, left out; and draws that do not depend on the run.
_PLAIN = {
    "seed": 0, "noise_offset": 0.0, "multires_iterations": 0, "input_perturbation": 0.0, "loss": "l2",
    "min_snr_gamma": 0.0, "debiased": False, "mask_text": 1.0, "mask_background": 1.0,
}  # fmt: skip

Row = dict[str, Any]  # of HELD_OUT
HeldOut = Mapping[str, Sequence[Example]]  # images by what is new of them, BY


def chosen(held: Sequence[Example], examples: Sequence[Example], count: int) -> HeldOut:
    """Return at most `count` of the held-out images by shot, and as many by episode; which, depends on their ids alone.

    By episode: the run has no image of it. examples: what it learns from.
    """
    known = {_episode(example) for example in examples}
    found: dict[str, list[Example]] = {by: [] for by in BY}
    for example in sorted(held, key=lambda one: digest("held out", one.image)):
        found["shot" if _episode(example) in known else "episode"].append(example)
    return {by: sorted(own[:count], key=lambda one: one.image) for by, own in found.items() if own[:count]}


def check(held: HeldOut, params: Params) -> None:
    """Raise GengaError if a run is to end by what is measured of no image."""
    if params.patience > 0 and not held:
        why = "the dataset holds no image out; set it to 0, or dataset.held_out above 0"
        raise GengaError(f"params.yaml:train.patience: {why}")


def grid(among: range) -> list[int]:
    """Return TIMESTEPS of these timesteps, evenly spread."""
    return [among.start + (2 * part + 1) * len(among) // (2 * TIMESTEPS) for part in range(TIMESTEPS)]


def measured(
    step: int, held: HeldOut, trainer: Trainer, seen: Seen, params: Params, together: Processes = Processes()
) -> list[Row]:
    """Return the rows of HELD_OUT after `step` steps. seen: see plan.steps.

    Raises GengaError if a loss is not a number.
    """
    at, plain = grid(trainer.schedule.among), params.model_copy(update=_PLAIN)
    own = together.part([(by, example) for by, examples in held.items() for example in examples])
    batches = [
        [Look(replace(example, weight=1.0), 0, number, seen(example.words), False, timestep)
         for number, timestep in enumerate(at)]
        for _, example in own
    ]  # fmt: skip
    losses = _of_looks(trainer, batches, plain)
    sums, broken = defaultdict[tuple[str, int], float](float), []
    for (by, example), of_image in zip(own, losses, strict=True):
        broken += [example.image] * (not all(map(math.isfinite, of_image)))
        for timestep, loss in zip(at, of_image, strict=True):
            sums[by, timestep] += loss
    totals = {(by, timestep): together.total(sums[by, timestep]) for by in held for timestep in at}
    if not math.isfinite(total := sum(totals.values())):
        raise trainer.no_number(step, f"the held-out loss is {total}", broken)
    return [
        {"step": step, "by": by, "timestep": timestep, "images": len(held[by]), "loss": total / len(held[by])}
        for (by, timestep), total in totals.items()
    ]


def _of_looks(trainer: Trainer, batches: list[list[Look]], plain: Params) -> list[list[float]]:
    """The losses of each example's looks. Those at a clip are asked one by one: together they would fill the memory."""
    asked = [[look] for looks in batches for look in looks if look.example.moves]
    whole = [looks for looks in batches if not looks[0].example.moves]
    found = iter(trainer.losses_to_be_seen(asked + whole, plain))
    alone = [loss for _ in asked for loss in next(found)]
    clips = iter([alone[start : start + TIMESTEPS] for start in range(0, len(alone), TIMESTEPS)])
    return [next(clips) if looks[0].example.moves else next(found) for looks in batches]


def is_over(rows: Sequence[Row], patience: int) -> bool:
    """Whether the last `patience` checkpoints have not come below the lowest loss before them. 0: never."""
    losses = [loss for step, loss in means(rows).items() if step > 0]
    return 0 < patience < len(losses) and min(losses[-patience:]) >= min(losses[:-patience])


def means(rows: Sequence[Row]) -> dict[int, float]:
    """Return the mean loss of each step, over all images and timesteps."""
    sums, counts = defaultdict[int, float](float), defaultdict[int, int](int)
    for row in rows:
        sums[row["step"]] += row["loss"] * row["images"]
        counts[row["step"]] += row["images"]
    return {step: total / counts[step] for step, total in sums.items()}


def table(rows: Sequence[Row]) -> pl.DataFrame:
    """Return the rows as HELD_OUT."""
    return pl.DataFrame(rows, schema=dict(HELD_OUT), orient="row")


def _episode(example: Example) -> str:
    return example.still.rpartition("/")[0]
