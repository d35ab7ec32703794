"""What is seen when: the images of each step, and how each is seen.

The plan is a pure function of the examples and the parameters. Training follows it, a resumed run enters it at any
step, and the ledger is the plan written down.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from genga.params.train import Params
from genga.training.captions import vary
from genga.training.examples import Example
from genga.training.rng import digest, generator

T = TypeVar("T")


@dataclass(frozen=True)
class Look:
    """One look at a example, with everything that chance decided about it except the noise itself."""

    example: Example
    epoch: int
    repeat: int  # 0..repeats - 1
    caption: str  # as seen
    flipped: bool
    timestep: int

    def key(self, seed: int, purpose: str) -> tuple[str | int, ...]:
        """Return the key of a random draw for this look."""
        return _key(seed, self.epoch, self.example.image, self.repeat, purpose)


@dataclass(frozen=True)
class Step:
    """An optimizer step: the batches whose gradients it adds up."""

    number: int  # 1..total
    epoch: int  # 1..
    batches: list[list[Look]]  # each of one bucket


def steps_per_epoch(examples: list[Example], params: Params) -> int:
    """Return the number of optimizer steps in which every example is seen `repeats` times; the same in every epoch."""
    looks: dict[tuple[int, int], int] = defaultdict(int)
    for example in examples:
        looks[example.cut.bucket] += example.repeats
    return _ceil(sum(_ceil(count, params.batch) for count in looks.values()), params.accumulation)


def total_steps(examples: list[Example], params: Params) -> int:
    """Return the number of steps of the run: `epochs`, but at least `min_steps` and at most `max_steps`."""
    return min(params.max_steps, max(params.min_steps, params.epochs * steps_per_epoch(examples, params)))


def steps(examples: list[Example], params: Params, timesteps: int, done: int = 0) -> Iterator[Step]:
    """Yield the run's steps after the first `done`.

    timesteps: of the noise schedule; a look's timestep is uniform in 0..timesteps - 1.
    """
    number, total, each = done, total_steps(examples, params), steps_per_epoch(examples, params)
    while number < total:
        epoch, passed = number // each + 1, number % each
        groups = _parts(epoch_batches(examples, epoch, params, timesteps), params.accumulation)
        for group in groups[passed : passed + total - number]:
            number += 1
            yield Step(number, epoch, group)


def epoch_batches(examples: list[Example], epoch: int, params: Params, timesteps: int) -> list[list[Look]]:
    """Return the batches of an epoch in their order. A bucket's last batch may be smaller: nothing is left out."""

    def rank(purpose: str, look: Look) -> bytes:
        return digest(*look.key(params.seed, purpose))

    buckets: dict[tuple[int, int], list[Look]] = defaultdict(list)
    for example in examples:
        for repeat in range(example.repeats):
            buckets[example.cut.bucket].append(_look(example, epoch, repeat, params, timesteps))
    batches = []
    for looks in buckets.values():
        ordered = sorted(looks, key=lambda look: rank("order", look))
        batches += _parts(ordered, params.batch)
    return sorted(batches, key=lambda batch: rank("batch", batch[0]))


def _look(example: Example, epoch: int, repeat: int, params: Params, timesteps: int) -> Look:
    def draw(purpose: str) -> np.random.Generator:
        return generator(*_key(params.seed, epoch, example.image, repeat, purpose))

    caption = vary(
        example.caption,
        draw("caption"),
        params.caption_dropout,
        example.keep_tokens,
        params.shuffle,
        params.tag_dropout,
    )
    flipped = params.flip and draw("flip").random() < 0.5
    return Look(example, epoch, repeat, caption, bool(flipped), int(draw("timestep").integers(timesteps)))


def _key(seed: int, epoch: int, image: str, repeat: int, purpose: str) -> tuple[str | int, ...]:
    return seed, epoch, image, repeat, purpose


def _parts(items: Sequence[T], size: int) -> list[list[T]]:
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


def _ceil(count: int, size: int) -> int:
    return -(-count // size)
