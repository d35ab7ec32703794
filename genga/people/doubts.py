"""Tags on which the taggers disagree most, for a person to look at first, each with the line that overrules it."""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from genga.decisions.csv import AT, line_of, path_of
from genga.people.characters import Tables

_SAID = ("model", "shot", "persons")  # who decided: taggers, of whatever drawing. What people and boxes said is settled
_TOLD = ("still", "box", "tag", "score", "disagreement", "kept")
_OPEN = ("", "score", "votes", "shot", "persons")  # reasons, likewise


class Doubt(NamedTuple):
    still: str
    box: int | None  # of the person; None: the whole still
    tag: str
    score: float  # mean, 0..1
    disagreement: float  # highest less lowest score, 0..1
    kept: bool
    crop: str | None  # that shows the person
    file: str  # the table that the line belongs into
    line: str  # that says the opposite


def doubts(tables: Tables, most: int) -> list[Doubt]:
    """Return the `most` doubtful tags of a series, the most doubtful first: one of each tag in a shot."""
    open_ = tables.tags.filter(
        (pl.col("category") == "general") & (pl.col("disagreement") > 0)
        & pl.col("origin").is_in(_SAID) & pl.col("reason").is_in(_OPEN)
    )  # fmt: skip
    rows = (
        open_.join(tables.stills.select("still", "shot"), on="still")
        .with_columns(episode=pl.col("still").str.replace(r"[^/]*$", ""), whole=pl.col("box").is_null())
        .sort("disagreement", "still", "box", "tag", descending=[True, False, False, False])
        .unique(["episode", "shot", "whole", "tag"], keep="first", maintain_order=True)
        .head(most)
    )
    shown = _shown(tables.crops)
    at = tables.scene.anchors(
        f"{still}-{box}" for still, box in rows.select("still", "box").drop_nulls("box").iter_rows()
    )
    return [
        Doubt(still, box, tag, score, apart, kept, shown.get((still, box)), *_line(still, box, tag, kept, at))
        for still, box, tag, score, apart, kept in rows.select(*_TOLD).iter_rows()
    ]


def _shown(crops: pl.DataFrame) -> dict[tuple[str, int | None], str]:
    """The kept crop that shows most of each person."""
    kept = crops.filter("kept").with_columns(size=pl.col("kind").replace_strict(_LARGEST, return_dtype=pl.Int64))
    return {
        (still, box): crop
        for crop, still, box in kept.sort("size", descending=True).select("crop", "still", "box").iter_rows()
    }


_LARGEST = {"fullbody": 0, "halfbody": 1, "head": 2}


def _line(still: str, box: int | None, tag: str, kept: bool, at: Mapping[str, str]) -> tuple[str, str]:
    series, episode, _ = still.split("/")
    place = "" if box is None else str(box)
    values = {"still_or_crop": still, "box": place, "tag": tag, "decision": "remove" if kept else "add"}
    return path_of("tags", series, episode), line_of("tags", {**values, AT: at.get(f"{still}-{place}", "")})
