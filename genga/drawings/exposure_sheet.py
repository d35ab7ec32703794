"""The exposure sheet of an episode: which drawing is on screen from when to when, as animators write it for the camera.

A row is a stretch of frames of one shot that one drawing stands for. Drawings go by the number of their still.
"""

import numpy as np
import polars as pl

from genga.tables.dedup import DEDUP
from genga.tables.frames import FRAMES
from genga.tables.schema import only

# What the tables need to have.
OF_FRAMES = only(FRAMES, "frame", "time")
OF_DEDUP = only(DEDUP, "frame", "shot", "keeper", "reason", "keeper_episode")

_TRAVEL = ("camera", "stitched")  # reasons of frames on the way of a camera move


def exposures(frames: pl.DataFrame, dedup: pl.DataFrame) -> pl.DataFrame:
    """Return a row per exposure, in order; the frames of all rows are the episode's.

    frames, dedup: their tables, a row per frame. The last frame lasts as long as most do. Columns, as they are exported
    in CSV: shot; start, its first frame; frames, for how many it is on screen; time, of the first, and duration, both
    in s; drawing, the frame that stands for it: the number in its still's name, null where none does; episode, the
    earlier one whose drawing it is, null: this one's; seen: first, again (it was on screen before), camera (moving over
    it), else why there is no drawing.
    """
    travel = pl.col("reason").is_in(_TRAVEL)
    kind = pl.when(pl.col("keeper").is_null()).then("reason").when(travel).then(pl.lit("camera")).otherwise(pl.lit(""))
    times = frames["time"].to_numpy()
    last = float(times[-1] + (np.median(np.diff(times)) if len(times) > 1 else 0.0))
    rows = (
        dedup.select("frame", "shot", "keeper", "keeper_episode", kind.alias("kind"))
        .join(frames.select("frame", "time"), on="frame", maintain_order="left")
        .with_columns(run=pl.struct("shot", "keeper", "keeper_episode", "kind").rle_id())
        .group_by("run", maintain_order=True)
        .agg(
            pl.first("shot", "frame", "time", "keeper", "keeper_episode", "kind"),
            pl.len().cast(pl.Int64).alias("frames"),
        )
        .with_columns(
            end=pl.col("time").shift(-1).fill_null(last),
            again=pl.col("keeper").is_not_null() & ~pl.struct("keeper", "keeper_episode", "kind").is_first_distinct(),
        )
    )
    seen = pl.when(pl.col("kind") != "").then("kind").when("again").then(pl.lit("again")).otherwise(pl.lit("first"))
    return rows.select(
        "shot",
        pl.col("frame").alias("start"),
        "frames",
        "time",
        (pl.col("end") - pl.col("time")).alias("duration"),
        pl.col("keeper").alias("drawing"),
        pl.col("keeper_episode").alias("episode"),
        seen.alias("seen"),
    )


def holds(sheet: pl.DataFrame) -> dict[int, int]:
    """Return for each of the episode's own drawings for how many frames it is on screen, moves over it left out."""
    own = pl.col("drawing").is_not_null() & pl.col("episode").is_null()
    still = sheet.filter(own & (pl.col("seen") != "camera"))
    return dict(still.group_by("drawing").agg(pl.col("frames").sum()).sort("drawing").iter_rows())
