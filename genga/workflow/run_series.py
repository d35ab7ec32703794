"""The series that a run learns from, and how their training sets become one (genga.dataset.together)."""

from collections.abc import Mapping
from typing import Any

_OF_DATASET = ("balance", "max_repeats", "twin_bits", "outline_bits")  # keys of section dataset that hold across series
_OF_RUN = ("series_weights", "prior_loss_weight")


def named(said: str | list[str]) -> list[str]:
    """Return what an entry of `runs` says of its series as a list, in order of names: theirs says nothing."""
    return sorted([said] if isinstance(said, str) else said)


def series_of(entry: Mapping[str, Any]) -> list[str]:
    """Return all series whose training sets a run of this entry reads, in order."""
    return sorted({*named(entry["series"]), *entry.get("prior", ())})


def together(params: Mapping[str, Any], run: str) -> dict[str, Any] | None:
    """Return how the training sets of a run's series become one; None where one series' set is all there is."""
    entry, dataset = params["runs"][run], params["dataset"]
    series, prior = named(entry["series"]), sorted(entry.get("prior", ()))
    if len(series) == 1 and not prior:
        return None
    of_run = {key: entry[key] for key in _OF_RUN if key in entry}
    of_dataset = {key: dataset[key] for key in _OF_DATASET}
    return {"series": series, "prior": prior, "character": entry["character"], **of_run, **of_dataset}
