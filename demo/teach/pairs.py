"""How well an embedder tells characters apart: pairs of crops, same or not, judged by a threshold.

Among random characters two crops rarely show the same one; in a series with a handful of people every fifth pair does
or so. F1 is therefore computed as if SAME_SHARE of the pairs were the same: its precision follows from both error rates
at that share.
"""

import numpy as np
import numpy.typing as npt

from demo.teach.people import People
from genga.people.embedder import Embedder

SAME_SHARE = 0.2  # of pairs in a series that show one character twice

Values = npt.NDArray[np.floating]


def pair_differences(
    embedder: Embedder, people: People, batch: int = 64, within_family: bool = False
) -> tuple[Values, Values]:
    """The differences of all pairs of crops of one character, and of all pairs of two characters.

    within_family: of the latter only those of look-alikes.
    """
    features = np.concatenate(
        [embedder.features(list(people.images[i : i + batch])) for i in range(0, len(people.images), batch)]
    )
    first, second = np.triu_indices(len(features), 1)
    differences = embedder.differences(features)[first, second]
    same = people.who[first] == people.who[second]
    other = ~same
    if within_family:
        other &= people.family[people.who[first]] == people.family[people.who[second]]
    return differences[same], differences[other]


def error_rates(same: Values, other: Values, thresholds: Values) -> tuple[Values, Values]:
    """For each threshold the share of same pairs above it (missed), and of other pairs not above it (mistaken)."""
    missed = 1 - np.searchsorted(np.sort(same), thresholds, side="right") / len(same)
    mistaken = np.searchsorted(np.sort(other), thresholds, side="right") / len(other)
    return missed, mistaken


def pair_f1(missed: Values, mistaken: Values, share: float = SAME_SHARE) -> Values:
    """F1 of "same" where `share` of the pairs are the same."""
    hits = share * (1 - missed)
    # predicted = hits + (1 - share) * mistaken, actual = share
    return 2 * hits / (hits + (1 - share) * mistaken + share)


def best_threshold(same: Values, other: Values) -> tuple[float, float]:
    """The threshold of the largest F1, and that F1."""
    thresholds = np.linspace(0, 1, 2001, dtype=np.float32)
    f1 = pair_f1(*error_rates(same, other, thresholds))
    return float(thresholds[f1.argmax()]), float(f1.max())


def equal_error_rate(same: Values, other: Values) -> float:
    """The error rate where as large a share of same pairs is missed as of other pairs is mistaken."""
    missed, mistaken = error_rates(same, other, np.linspace(0, 1, 2001, dtype=np.float32))
    at = np.abs(missed - mistaken).argmin()
    return float((missed[at] + mistaken[at]) / 2)
