"""Stills with what tells which of them show nearly the same, wherever in a series they are."""

from pathlib import Path

import polars as pl

from genga.errors import GengaError
from genga.store.parquet import read_named
from genga.tables.schema import Schema


def with_signatures(stills: pl.DataFrame, frames: pl.DataFrame, on: str = "frame") -> pl.DataFrame:
    """Return the stills of one episode with the signatures of their frames. frames: `on` and signature."""
    return joined(stills, frames, on, "frames")


def read_signed(data: Path, series: str, episode: str, of_stills: Schema, of_frames: Schema) -> pl.DataFrame:
    """Read the stills of an episode, or of a pack's clips, with the signatures of their frames."""
    tables = [
        read_named(data / stage / series, episode, columns).with_columns(drawing=pl.format("{}/{}", "episode", "frame"))
        for stage, columns in (("stills", of_stills), ("frames", of_frames))
    ]
    stills, frames = tables
    return with_signatures(stills.drop("episode"), frames.drop("episode", "frame"), "drawing").drop("drawing")


def with_twins(signed: pl.DataFrame, quality: pl.DataFrame) -> pl.DataFrame:
    """Return the stills with shots and all by which twins are found: still, shot, signature, outline.

    signed: stills, see with_signatures. quality: still, outline.
    """
    stills = joined(signed, quality.select("still", "outline"), "still", "quality")
    return with_shots(stills).select("still", "shot", "signature", "outline")


def with_shots(stills: pl.DataFrame) -> pl.DataFrame:
    """Return the stills with their shot named for the whole series: series/episode/number."""
    return stills.with_columns(shot=pl.col("still").str.replace(r"[^/]*$", "") + pl.col("shot").cast(pl.String))


def joined(left: pl.DataFrame, right: pl.DataFrame, on: str, stage: str) -> pl.DataFrame:
    """Return `left` with the columns of `right`, which must know every `on` of it. stage: that made `right`."""
    lacking = left.join(right, on=on, how="anti")
    if not lacking.is_empty():
        raise GengaError(f"stage {stage} knows nothing of {on} {lacking[on].sort()[0]}; make its tables again")
    return left.join(right, on=on, how="left", maintain_order="left")
