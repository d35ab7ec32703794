"""How much of what there is after each stage, and what became of the rest.

A count is a mapping of labels to numbers of rows, for each stage in pipeline order: frames by what became of them,
stills by tier, boxes by kind, tags and crops by kept or the reason against, person crops by character, candidates of
the dataset by split or the reason against. Labels are in falling order of their number, then by name.
"""

from collections import Counter
from collections.abc import Iterable

import polars as pl

Counts = dict[str, dict[str, int]]  # stage -> label -> rows

KEPT = "kept"
UNNAMED = "not named"

# Labels of what is left behind at a stage, or of what goes on; at the others everything goes on.
LEFT = {"quality": {"reject"}, "characters": {UNNAMED}}
GOING_ON = {
    "frames": {"kept", "restored"},
    "tags": {KEPT},
    "crops": {"fullbody", "halfbody", "head"},
    "dataset": {"train", "held-out", "prior"},
}


def add_up(counts: Iterable[Counts]) -> Counts:
    """Return the sum of several episodes' counts."""
    total: dict[str, Counter[str]] = {}
    for of_episode in counts:
        for stage, labels in of_episode.items():
            total.setdefault(stage, Counter()).update(labels)
    return {stage: _ordered(labels) for stage, labels in total.items()}


def goes_on(stage: str, label: str) -> bool:
    """Return whether what a stage counts under `label` is what later stages work on."""
    return label in GOING_ON[stage] if stage in GOING_ON else label not in LEFT.get(stage, set())


def going_on(counts: Counts, stage: str) -> int:
    """Return how much of what a stage counts goes on."""
    return sum(number for label, number in counts[stage].items() if goes_on(stage, label))


def tally(labels: pl.Series) -> dict[str, int]:
    """Return how often each label occurs."""
    return _ordered(Counter(labels.to_list()))


def _ordered(labels: Counter[str]) -> dict[str, int]:
    return dict(sorted(labels.items(), key=lambda item: (-item[1], item[0])))
