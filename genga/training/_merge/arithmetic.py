"""What is made of one tensor of each parent: a function per method, on float32 tensors of one shape.

The sums go number by number, so a piece of a tensor is as good as all of it; what goes by cosines needs it whole.
"""

from collections.abc import Callable

import torch
from torch.nn.functional import cosine_similarity

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


def cosine_a(a: Tensor, b: Tensor, alpha: float) -> Tensor:
    """Return A where its columns point as B's do, and B where they do not: (1 - k) A + k B, each column by its own k.

    k = 1 - (cosine of the two columns - alpha), in 0..1; so alpha is no share: at 0 what is alike is A's, at 1 all is
    B's, at -1 what does not point away is A's. A column: what goes along the first axis.

    Source: sd-mecha's add_cosine_a, of SuperMerger's cosineA, which first stretches the cosines so that the 1st and the
    99th percentile of the whole checkpoint's are 0 and 1.
    """
    return _by_likeness(a, b, alpha, cosine_similarity(a, b, dim=0))


def cosine_b(a: Tensor, b: Tensor, alpha: float) -> Tensor:
    """Return the same as `cosine_a` by the mean of a column's cosine and that of the two tensors as a whole.

    Source: sd-mecha's add_cosine_b, of SuperMerger's cosineB.
    """
    whole = cosine_similarity(a.flatten(), b.flatten(), dim=0)
    return _by_likeness(a, b, alpha, (cosine_similarity(a, b, dim=0) + whole) / 2)


def _by_likeness(a: Tensor, b: Tensor, alpha: float, likeness: Tensor) -> Tensor:
    return torch.lerp(a, b, 1 - (likeness - alpha).clamp(0, 1))


COSINES = {"cosine_a": cosine_a, "cosine_b": cosine_b}
OF_TWO: dict[str, Callable[[Tensor, Tensor, float], Tensor]] = {"weighted_sum": weighted_sum, **COSINES}
OF_THREE: dict[str, Callable[[Tensor, Tensor, Tensor, float], Tensor]] = {
    "add_difference": add_difference,
    "train_difference": train_difference,
}
