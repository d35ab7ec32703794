"""Intervals by the bootstrap: of a mean, of a paired difference, and of a selection.

Percentile bootstrap: Efron 1979, "Bootstrap Methods: Another Look at the Jackknife". What is drawn again with
replacement is the (prompt, seed) pair: the base and every checkpoint drew the same pairs, so all of them share the
draws, and a difference is taken within a pair (its interval is narrower than two separate ones suggest).

The best of many checkpoints looks better than it is on the very samples that chose it. So the selection is repeated on
every bootstrap sample and its difference measured on the pairs left out of it (out of bag; Breiman 1996).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genga.evaluation.verdict import decides, said

Values = npt.NDArray[np.float64]
Draws = npt.NDArray[np.int64]  # (resamples, pairs): which pairs each bootstrap sample holds

DIGITS = 6  # kept of every figure: beyond them the last bits of a model's arithmetic would show


@dataclass(frozen=True)
class Interval:
    """A mean and the interval around it."""

    mean: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """Return mean, low and high, rounded."""
        return {name: round(float(getattr(self, name)), DIGITS) for name in ("mean", "low", "high")}

    @property
    def decides(self) -> str:
        """`better`, `worse` or `undecided`, for the interval of a difference."""
        return decides(self.low, self.high)


def draws(pairs: int, resamples: int, seed: int) -> Draws:
    """Return the indices of `resamples` bootstrap samples of `pairs` things, shape (resamples, pairs)."""
    return np.random.default_rng(seed).integers(0, pairs, (resamples, pairs))


def interval(values: Values, drawn: Draws, confidence: float) -> Interval:
    """Return the mean of `values` (pairs,) with its interval over the bootstrap samples `drawn`."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(values[drawn].mean(axis=1), [tail, 1 - tail])
    return Interval(float(values.mean()), float(low), float(high))


def out_of_bag(differences: Values, chosen: npt.NDArray[np.int64], drawn: Draws) -> float | None:
    """Return the mean difference of what each bootstrap sample chose, on the pairs that it does not hold.

    differences: (checkpoints, pairs), to the base; chosen: (resamples,), an index of a checkpoint. None if every
    bootstrap sample holds every pair.
    """
    left_out = np.ones(drawn.shape, bool)
    np.put_along_axis(left_out, drawn, False, axis=1)
    counts = left_out.sum(axis=1)
    sums = np.where(left_out, differences[chosen], 0.0).sum(axis=1)
    return round(float((sums[counts > 0] / counts[counts > 0]).mean()), DIGITS) if counts.any() else None


def said_interval(value: Mapping[str, float], sign: str = "") -> str:
    """Return a mean and its interval (Interval.as_dict) as people read it: `0.52 [0.25, 0.77]`, signed as said()."""
    mean, low, high = (said(value[name], sign) for name in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"
