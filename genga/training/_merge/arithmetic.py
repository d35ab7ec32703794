"""What is made of one tensor of each parent: a function per method, on float32 tensors of one shape."""

from collections.abc import Callable

import torch

Tensor = torch.Tensor


def weighted_sum(a: Tensor, b: Tensor, alpha: float) -> Tensor:
    """Return (1 - alpha) a + alpha b; at 0 and 1 the one of the two, to the bit."""
    return a if alpha == 0 else b if alpha == 1 else (1 - alpha) * a + alpha * b


def add_difference(a: Tensor, b: Tensor, c: Tensor, alpha: float) -> Tensor:
    """Return a + alpha (b - c)."""
    return a if alpha == 0 else a + alpha * (b - c)


def train_difference(a: Tensor, b: Tensor, c: Tensor, alpha: float) -> Tensor:
    """Return a plus b - c where a has not gone that way itself: as if a had been trained on what b was, from c on.

    Each number of b - c counts 1.8 alpha |b - a| / (|b - c| + |b - a|). Source: SuperMerger's trainDifference.
    """
    if alpha == 0:
        return a
    learnt, there = b - c, (b - a).abs()
    whole = learnt.abs() + there
    share = torch.where(whole != 0, there / whole, torch.zeros_like(whole))
    return a + 1.8 * alpha * share * learnt


OF_TWO: dict[str, Callable[[Tensor, Tensor, float], Tensor]] = {"weighted_sum": weighted_sum}
OF_THREE: dict[str, Callable[[Tensor, Tensor, Tensor, float], Tensor]] = {
    "add_difference": add_difference,
    "train_difference": train_difference,
}
