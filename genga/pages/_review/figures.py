"""What the page of an episode says, as data: counts, the closest calls, and each shot with its drawings."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from genga.pages.closest import CloseCall
from genga.pages.tally import goes_on, tally
from genga.tables.frames import FRAMES
from genga.tables.schema import only
from genga.tables.shots import SHOTS

# What is read of the tables that others write; of dedup: genga.pages.closest.DEDUP.
OF_FRAMES = only(FRAMES, "frame", "time")
OF_SHOTS = only(SHOTS, "shot", "start", "end", "start_time", "camera", "transition", "timing")

NAMED = {1.0: "on ones", 2.0: "on twos", 3.0: "on threes", 4.0: "on fours"}
_BLOCK = ("start", "frames", "drawing", "episode", "seen")
_STRETCHES = 120  # into how many the episode is divided to count drawings over time, at most


def compose(
    name: str,
    frames: pl.DataFrame,
    shots: pl.DataFrame,
    dedup: pl.DataFrame,
    sheet: pl.DataFrame,
    calls: Sequence[CloseCall],
) -> dict[str, Any]:
    """Return the figures of an episode, each a number or a short list.

    name: series/episode. sheet: its exposure sheet (genga.drawings.exposure_sheet).
    """
    series, _, episode = name.partition("/")
    times = frames["time"]
    reasons = tally(dedup["reason"])
    at = dict(frames.rows())
    return {
        "series": series,
        "episode": episode,
        "frames": dedup.height,
        "seconds": round(float(sheet["duration"].sum()), 6),
        "start": round(float(times[0]), 6) if len(times) else 0.0,
        "shots": shots.height,
        "drawings": sum(number for reason, number in reasons.items() if goes_on("frames", reason)),
        "exposures": sheet.height,
        "reasons": reasons,
        "timing": tally(shots["timing"].map_elements(timing, pl.String)),
        "closest": [
            {**asdict(one), "line": one.line, "time": at[one.frame], "compared_time": at[one.compared]} for one in calls
        ],
    }


def timing(frames: float) -> str:
    """What animators call holding each drawing for so many frames: `on twos`; a figure where there is no word."""
    return NAMED.get(frames, "longer" if frames > max(NAMED) else "between")


def shots_of(shots: pl.DataFrame, dedup: pl.DataFrame, sheet: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the shots in order: their row, and what is on screen by the exposure sheet.

    blocks: (first frame within the shot, frames, row or None, seen) for each exposure, `seen` as in the exposure sheet,
    but for drawings of earlier episodes, which are never the first; rows are the shot's drawings by
    their first appearance. new: the drawings seen for the first time, see `drawing`. again: own drawings of earlier
    shots. series: for each earlier episode how many of its drawings.
    """
    held = {row["drawing"]: row for row in drawings(sheet).to_dicts()}
    restored = set(dedup.filter(reason="restored")["frame"])
    by_shot = {shot: rows for (shot,), rows in sheet.group_by("shot", maintain_order=True)}
    found = []
    for shot in shots.select(list(OF_SHOTS)).iter_rows(named=True):
        rows = by_shot[shot["shot"]]
        shown = [key for key in rows.select("drawing", "episode").iter_rows() if key[0] is not None]
        order = {key: number for number, key in enumerate(dict.fromkeys(shown))}
        own = [drawing for drawing, episode in order if episode is None]
        new = [drawing for drawing in own if held.get(drawing, {"shot": None})["shot"] == shot["shot"]]
        blocks = [
            (
                start - shot["start"],
                length,
                order.get((drawing, episode)),
                "again" if episode and seen == "first" else seen,
            )
            for start, length, drawing, episode, seen in rows.select(*_BLOCK).iter_rows()
        ]
        found.append(
            {
                **shot,
                "frames": shot["end"] - shot["start"],
                "seconds": float(rows["duration"].sum()),
                "timing_name": timing(shot["timing"]),
                "rows": len(order),
                "blocks": blocks,
                "new": [
                    {**held[drawing], "restored": drawing in restored, "row": order[drawing, None]} for drawing in new
                ],
                "again": [drawing for drawing in own if drawing not in new],
                "series": tally(pl.Series([episode for _, episode in order if episode is not None], dtype=pl.String)),
            }
        )
    return found


def drawings(sheet: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each of the episode's own drawings: where it is first on screen, and for how long in all.

    drawing, shot, time (s), frames (on screen, moves over it left out), exposures, longest (frames).
    """
    own = pl.col("drawing").is_not_null() & pl.col("episode").is_null() & (pl.col("seen") != "camera")
    return (
        sheet.filter(own)
        .group_by("drawing", maintain_order=True)
        .agg(
            pl.first("shot", "time"),
            pl.col("frames").sum(),
            pl.len().cast(pl.Int64).alias("exposures"),
            pl.col("frames").max().alias("longest"),
        )
    )


def rhythm(sheet: pl.DataFrame, seconds: float) -> list[dict[str, float]]:
    """Return for equal stretches of the episode how many drawings came on screen: new ones, and those there before.

    A drawing of an earlier episode was there before. time: s from the first frame; step: s; new, again: exposures
    that begin in the stretch.
    """
    step = max(1.0, -(-seconds // _STRETCHES))
    first = float(sheet["time"][0])
    new = (pl.col("seen") == "first") & pl.col("episode").is_null()
    counted = (
        sheet.filter(pl.col("seen").is_in(["first", "again"]))
        .group_by(((pl.col("time") - first) // step).cast(pl.Int64).alias("stretch"))
        .agg(new=new.sum(), again=(~new).sum())
    )
    known = {stretch: (new, again) for stretch, new, again in counted.iter_rows()}
    return [
        {
            "time": number * step,
            "step": step,
            "new": known.get(number, (0, 0))[0],
            "again": known.get(number, (0, 0))[1],
        }
        for number in range(int(-(-seconds // step)) or 1)
    ]
