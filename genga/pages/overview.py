"""The page of a series: its episodes beside each other, those unlike the others marked, and its closest decisions.

A figure is odd that lies farther from the series' median than `odd` times the usual distance from it: the median
absolute deviation, times 1.4826 so that it is a standard deviation where figures are spread normally (Rousseeuw and
Croux 1993, "Alternatives to the Median Absolute Deviation").
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genga.drawings.margins import Asked
from genga.drawings.reasons import ANSWERS, meanings
from genga.pages.html import page
from genga.params.overview import Params
from genga.store.files import read_json

TEMPLATE, STYLE = "overview.html.j2", "review.css"

_FEW = 4  # episodes, below which none can be said to be unlike the others
_NORMAL = 1.4826  # standard deviations in a median absolute deviation

# What is compared between episodes: heading, digits, and the figure.
COMPARED = {
    "seconds": "Length",
    "a_drawing": "Frames a drawing",
    "shot_seconds": "Seconds a shot",
    "shared": "From other episodes",
    "none": "No drawing",
}


def overview(series: str, episodes: Sequence[Mapping[str, Any]], params: Params) -> str:
    """Return the page. episodes: what stage review wrote of each, in name order; see review_figures.compose."""
    rows = [row_of(figures) for figures in episodes]
    marked = {name: odd([row[name] for row in rows], params.odd) for name in COMPARED}
    return page(
        TEMPLATE,
        STYLE,
        series=series,
        episodes=[
            {**figures, **row, "odd": [name for name in COMPARED if marked[name][number]]}
            for number, (figures, row) in enumerate(zip(episodes, rows, strict=True))
        ],
        closest=closest_of(episodes)[: params.closest],
        compared=COMPARED,
        clips=sum(figures.get("clips", 0) for figures in episodes),
        failed=[(clip, why) for figures in episodes for clip, why in figures.get("failed", {}).items()],
        why=meanings(reason for figures in episodes for reason in figures["reasons"]),
        answers=ANSWERS,
    )


def read_figures(folder: Path, names: Iterable[str]) -> list[dict[str, Any]]:
    """Return what stage review wrote of each episode; of a pack's clips all as one, with why some failed."""
    return [_as_one(name, read_json(folder / f"{name}.json")) for name in names]


def _as_one(name: str, said: dict[str, Any]) -> dict[str, Any]:
    """The figures of an episode, or those of a pack's clips added up, and their closest calls."""
    if "clips" not in said:
        return {**said, "clips": 0, "failed": {}}
    of = list(said["clips"].values())
    reasons: Counter[str] = Counter()
    for one in of:
        reasons.update(one["reasons"])
    summed = {key: sum(one[key] for one in of) for key in ("frames", "seconds", "shots", "drawings")}
    calls = [{"page": name, "episode": one["episode"], **call} for one in of for call in one["closest"]]
    calls.sort(key=lambda call: Asked(call["asked"], call["compared"], call["difference"], call["threshold"]).margin)
    return {
        "episode": name, "clips": len(of), "failed": said["failed"], **summed,
        "reasons": dict(sorted(reasons.items())), "closest": calls,
    }  # fmt: skip


def in_words(episodes: Sequence[Mapping[str, Any]]) -> str:
    """Return how many drawings there are, in how many episodes, or clips of packs."""
    drawings, clips = (sum(figures.get(of, 0) for figures in episodes) for of in ("drawings", "clips"))
    failed = sum(len(figures.get("failed", ())) for figures in episodes)
    if not clips + failed:
        return f"{drawings} drawings in {len(episodes)} episodes"
    packs = f"{len(episodes)} packs" if len(episodes) > 1 else "a pack"
    return f"{drawings} drawings in {clips} clips of {packs}" + (f", {failed} more failed" if failed else "")


def row_of(figures: Mapping[str, Any]) -> dict[str, float]:
    """Return an episode's figures that are compared with the others': COMPARED. Shares are of its frames, 0..1."""
    reasons, frames = figures["reasons"], max(1, figures["frames"])
    known = meanings(reasons)
    none = sum(number for reason, number in reasons.items() if known[reason][1] == "none")
    return {
        "seconds": figures["seconds"],
        "a_drawing": frames / max(1, figures["drawings"]),
        "shot_seconds": figures["seconds"] / max(1, figures["shots"]),
        "shared": reasons.get("series", 0) / frames,
        "none": none / frames,
    }


def odd(values: Sequence[float], limit: float) -> list[bool]:
    """Return which values are farther from their median than `limit` usual distances; none where there are few."""
    if len(values) < _FEW:
        return [False] * len(values)
    away = np.abs(np.asarray(values) - np.median(values))
    usual = _NORMAL * float(np.median(away))
    return [bool(distance > limit * usual > 0) for distance in away]


def closest_of(episodes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the closest calls of all episodes, the closest first, each with its `episode`."""
    pages = [(figures["episode"], one) for figures in episodes for one in figures["closest"]]
    every = [{"episode": page, "page": page, **one} for page, one in pages]
    names = [figures["episode"] for figures in episodes]

    def order(one: Mapping[str, Any]) -> tuple[float, int, int]:
        asked = Asked(one["asked"], one["compared"], one["difference"], one["threshold"])
        return asked.margin, names.index(one["page"]), one["frame"]

    return sorted(every, key=order)
