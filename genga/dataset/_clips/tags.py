"""The tags of a clip: what its drawings vote for, and from when to when, where that changes.

A tag holds in a stretch of a clip if most of the pictures in it have it. Gaps and stretches that are shorter than what
counts as lasting, a blink, a mouth that opens in speech, are no change; what holds now and then only is no tag. What
speaks of somebody counts on a drawing only if there is a box around somebody in it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import polars as pl

from genga.params.clips import Params
from genga.tables.detect import DETECT
from genga.tables.schema import only
from genga.tables.tag import TAG
from genga.vocabulary.parts import SUBJECT, part_of
from genga.vocabulary.text import in_order

OF_TAG = only(TAG, "still", "box", "tag", "category", "score", "kept")
OF_DETECT = only(DETECT, "still")

Scores = Mapping[str, Mapping[str, float]]  # of each still its tags, with their scores


def scores(tags: pl.DataFrame, boxes: pl.DataFrame) -> Scores:
    """Return the general tags that hold for each still as a whole, and are vouched for.

    tags: OF_TAG. boxes: OF_DETECT.
    """
    peopled = set(boxes["still"])
    kept = tags.filter(pl.col("kept") & pl.col("box").is_null() & (pl.col("category") == "general"))
    found: dict[str, dict[str, float]] = {}
    for still, tag, score in kept.select("still", "tag", "score").sort("still", "tag").iter_rows():
        if still in peopled or part_of(tag) not in SUBJECT:
            found.setdefault(still, {})[tag] = score
    return found


def voted(stills: Sequence[str | None], scored: Scores, params: Params) -> list[dict[str, Any]]:
    """Return the tags of a clip (TAGGED), in a caption's order.

    stills: of each picture the still of its drawing; None where there is none: it does not vote.
    """
    votes = [scored.get(still, {}) if still is not None else None for still in stills]
    spans, means = {}, {}
    for tag in sorted({tag for vote in votes if vote for tag in vote}):
        of = lasting([None if vote is None else tag in vote for vote in votes], params)
        if of:
            said = [vote[tag] for vote in votes if vote and tag in vote]
            spans[tag], means[tag] = of, sum(said) / len(said)
    return [
        {"tag": tag, "score": round(means[tag], 4), "spans": [{"start": a, "end": b} for a, b in spans[tag]]}
        for tag in in_order(means.items())
    ]


def lasting(holds: Sequence[bool | None], params: Params) -> list[tuple[int, int]]:
    """Return the stretches [start, end) of a clip in which a tag holds; [] where it holds in none for long enough.

    holds: for each picture; None where it is not known.
    """
    least = params.lasting * len(holds)
    return [
        (start, end)
        for start, end in _runs(_closed(list(_known(holds)), least))
        if end - start >= least and _share(holds[start:end]) >= params.vote
    ]


def _known(holds: Sequence[bool | None]) -> Iterator[bool]:
    """Each picture's word; where it has none that of the last one that has, or at the beginning of the first."""
    last = next((hold for hold in holds if hold is not None), False)
    for hold in holds:
        last = last if hold is None else hold
        yield last


def _closed(holds: Sequence[bool], least: float) -> list[bool]:
    """With gaps closed that are shorter than `least`, those at the ends of the clip among them."""
    found: list[bool] = []
    for hold, group in groupby(holds):
        length = len(list(group))
        found += [hold or length < least] * length
    return found


def _runs(holds: Sequence[bool]) -> list[tuple[int, int]]:
    found, place = [], 0
    for hold, group in groupby(holds):
        length = len(list(group))
        if hold:
            found.append((place, place + length))
        place += length
    return found


def _share(holds: Collection[bool | None]) -> float:
    """The share of those that say so among those that say anything."""
    said = [hold for hold in holds if hold is not None]
    return sum(said) / len(said) if said else 0.0
