"""What is seen when: the images of each step, how each is seen, and how fast is learnt from it.

The plan is a pure function of the examples, the parameters, and how much of a caption the base sees. Training follows
it, a resumed run enters it at any step, and the ledger is the plan written down. A run is one phase after another, each
with its examples, its length and what differs in it; epochs are counted through.
"""

import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Literal, TypeVar

import numpy as np

from genga.errors import GengaError
from genga.params.train import Params
from genga.training.captions import mirrored, vary
from genga.training.examples import Example
from genga.training.rng import digest, generator
from genga.training.selection import mixed, recut, selected
from genga.training.timesteps import drawn
from genga.vocabulary.text import TAGS

T = TypeVar("T")

Seen = Callable[[str], str]  # a caption to what the base sees of it
Schedule = Literal["constant", "linear", "cosine"]  # of the learning rate


@dataclass(frozen=True)
class Look:
    """One look at a example, with everything that chance decided about it except the noise itself."""

    example: Example
    epoch: int
    repeat: int  # 0..repeats - 1
    caption: str  # as seen
    flipped: bool
    timestep: int
    form: str = TAGS  # of the image's captions which: tags, sentence, both

    def row(self) -> tuple[str | bool | int | None, ...]:
        """Return what the ledger says of it: image, still, crop, form, caption, flipped, timestep."""
        of = self.example
        return of.image, of.still, of.crop, self.form, self.caption, self.flipped, self.timestep

    def key(self, seed: int, purpose: str) -> tuple[str | int, ...]:
        """Return the key of a random draw for this look."""
        return _key(seed, self.epoch, self.example.image, self.repeat, purpose)


@dataclass(frozen=True)
class Phase:
    """A stretch of a run."""

    number: int  # 1..
    examples: list[Example]
    params: Params  # what holds in it
    before: int  # steps of the phases before
    epochs_before: int

    @cached_property
    def steps(self) -> int:
        """How many there are: of `epochs`, but at least `min_steps` and at most `max_steps`."""
        params = self.params
        return min(params.max_steps, max(params.min_steps, params.epochs * self.steps_per_epoch))

    @cached_property
    def steps_per_epoch(self) -> int:
        """In how many steps every example is seen `repeats` times; the same in every epoch."""
        return _ceil(self.batches_per_epoch, self.params.accumulation)

    @cached_property
    def batches_per_epoch(self) -> int:
        """In how many batches, each of one bucket, every example is seen `repeats` times."""
        looks: dict[tuple[int, int, int], int] = defaultdict(int)
        for example in self.examples:
            looks[example.shape] += example.repeats
        return sum(_ceil(count, self.params.batch) for count in looks.values())

    @property
    def epochs(self) -> int:
        """How many are begun."""
        return _ceil(self.steps, self.steps_per_epoch)

    def learning_rate_factor(self, step: int) -> float:
        """Return what learning rates are multiplied with in a step of the run."""
        params = self.params
        return learning_rate_factor(step - self.before, self.steps, params.warmup, params.schedule)


@dataclass(frozen=True)
class Step:
    """An optimizer step: the batches whose gradients it adds up."""

    number: int  # 1.. in the run
    epoch: int  # 1.. in the run
    batches: list[list[Look]]  # each of one bucket
    phase: Phase


def phases_of(examples: list[Example], params: Params) -> list[Phase]:
    """Return the phases of a run: what it learns from in each. Raises GengaError if one has nothing to learn from."""
    found: list[Phase] = []
    for number in range(max(1, len(params.phases))):
        own = params.phase(number)
        key = f"train.phases.{number}" if params.phases else "train"
        chosen = recut(mixed(selected(examples, own.select, own.seed, key), own, key), own.buckets)
        before, epochs = total_steps(found), sum(phase.epochs for phase in found)
        found.append(Phase(number + 1, chosen, own, before, epochs))
    return found


def distinct(phases: Sequence[Phase], side: int) -> list[Example]:
    """Return every example of the phases once, as it is cut there.

    side: px that every side has to be a multiple of. Raises GengaError if one is not.
    """
    found = {(example.image, example.cut, example.frames): example for phase in phases for example in phase.examples}
    for example in found.values():
        if any(length % side for length in example.cut.bucket):
            width, height = example.cut.bucket
            raise GengaError(f"params.yaml:train.buckets: {width}x{height} px: sides must be multiples of {side}")
    return list(found.values())


def tell_warmup(phases: Sequence[Phase], run: str) -> None:
    """Say on stderr where the learning rate is never reached."""
    for phase in phases:
        if phase.params.warmup >= phase.steps:
            where = f" in phase {phase.number}" if len(phases) > 1 else ""
            why = f"warmup lasts {phase.params.warmup} of {phase.steps} steps{where}: learning_rate is never reached"
            print(f"note: train {run}: {why}", file=sys.stderr)


def total_steps(phases: Sequence[Phase]) -> int:
    """Return the number of steps of the run."""
    return sum(phase.steps for phase in phases)


def steps(
    phases: Sequence[Phase], timesteps: int, done: int = 0, seen: Seen = str, among: range | None = None
) -> Iterator[Step]:
    """Yield the run's steps after the first `done`.

    timesteps: of the noise schedule; a look's timestep is one of `among` them (None: 0..timesteps - 1), drawn as
    `params.timesteps` says. seen: what of a caption the base sees; all, if it is not said.
    """
    for phase in phases:
        number = max(0, done - phase.before)
        while number < phase.steps:
            epoch, passed = phase.epochs_before + number // phase.steps_per_epoch + 1, number % phase.steps_per_epoch
            looks = epoch_batches(phase.examples, epoch, phase.params, timesteps, seen, among)
            groups = _parts(looks, phase.params.accumulation)
            for group in groups[passed : passed + phase.steps - number]:
                number += 1
                yield Step(phase.before + number, epoch, group, phase)


def epoch_batches(
    examples: list[Example], epoch: int, params: Params, timesteps: int, seen: Seen = str, among: range | None = None
) -> list[list[Look]]:
    """Return the batches of an epoch in their order. A bucket's last batch may be smaller: nothing is left out."""

    def rank(purpose: str, look: Look) -> bytes:
        return digest(*look.key(params.seed, purpose))

    timestep = partial(drawn, params=params, timesteps=timesteps, among=among or range(timesteps))
    buckets: dict[tuple[int, int, int], list[Look]] = defaultdict(list)
    for example in examples:
        for repeat in range(example.repeats):
            buckets[example.shape].append(_look(example, epoch, repeat, params, timestep, seen))
    batches = []
    for looks in buckets.values():
        ordered = sorted(looks, key=lambda look: rank("order", look))
        batches += _parts(ordered, params.batch)
    return sorted(batches, key=lambda batch: rank("batch", batch[0]))


def learning_rate_factor(step: int, total: int, warmup: int, schedule: Schedule) -> float:
    """Return what the learning rate is multiplied with in step `step`, 1..total; the result is in 0..1.

    It rises linearly over the first `warmup` steps (step 1 already learns), then stays (constant) or falls towards 0,
    which it would reach at step total + 1: in a straight line (linear) or along half a cosine (cosine).
    """
    if step <= warmup:
        return step / (warmup + 1)
    if schedule == "constant":
        return 1.0
    passed = (step - warmup - 1) / (total - warmup)
    return 1.0 - passed if schedule == "linear" else 0.5 * (1.0 + math.cos(math.pi * passed))


def _look(
    example: Example, epoch: int, repeat: int, params: Params, timestep: Callable[[np.random.Generator], int],
    seen: Seen,
) -> Look:  # fmt: skip
    def draw(purpose: str) -> np.random.Generator:
        return generator(*_key(params.seed, epoch, example.image, repeat, purpose))

    flipped = params.flip and bool(draw("flip").random() < 0.5)
    form, pieces = example.said[int(draw("form").integers(len(example.said))) if len(example.said) > 1 else 0]
    caption = vary(
        mirrored(pieces) if flipped else pieces,
        draw("caption"),
        params.caption_dropout,
        params.shuffle,
        params.tag_dropout,
    )
    return Look(example, epoch, repeat, seen(caption), flipped, timestep(draw("timestep")), form)


def _key(seed: int, epoch: int, image: str, repeat: int, purpose: str) -> tuple[str | int, ...]:
    return seed, epoch, image, repeat, purpose


def _parts(items: Sequence[T], size: int) -> list[list[T]]:
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


def _ceil(count: int, size: int) -> int:
    return -(-count // size)
