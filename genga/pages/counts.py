"""Count an episode's rows after each stage, from the tables. What a count is: genga.pages.tally."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from genga.pages.tally import KEPT, UNNAMED, Counts, tally
from genga.store.files import is_pack
from genga.store.parquet import empty, names_in, read_table
from genga.tables.characters import CHARACTERS
from genga.tables.crop import CROP
from genga.tables.dataset import DATASET
from genga.tables.dedup import DEDUP
from genga.tables.detect import DETECT
from genga.tables.left_out import LEFT_OUT
from genga.tables.quality import QUALITY
from genga.tables.schema import Schema, only
from genga.tables.shots import SHOTS
from genga.tables.stills import STILLS
from genga.tables.tag import TAG

# What is read of each table, in pipeline order.
EPISODE_TABLES: dict[str, Schema] = {
    "shots": only(SHOTS, "shot"),
    "dedup": only(DEDUP, "reason"),
    "stills": only(STILLS, "still", "time"),
    "detect": only(DETECT, "kind"),
    "quality": only(QUALITY, "tier"),
    "tag": only(TAG, "kept", "reason"),
    "crop": only(CROP, "kind", "kept", "reason"),
}
SERIES_TABLES: dict[str, Schema] = {
    "characters": only(CHARACTERS, "still", "character"),
    "dataset": only(DATASET, "still", "split"),
    "dataset/left-out": only(LEFT_OUT, "still", "reason"),
}


def tables_below(folder: str | Path, series: str, episode: str) -> dict[str, Path]:
    """Return where the tables of an episode and its series lie in a project, by stage. folder: of all tables."""
    of_episode = {stage: Path(folder, stage, series, f"{episode}.parquet") for stage in EPISODE_TABLES}
    return of_episode | {stage: Path(folder, stage, f"{series}.parquet") for stage in SERIES_TABLES}


def read_tables(
    paths: Mapping[str, str | Path], series: str, episode: str, so_far: bool = False
) -> dict[str, pl.DataFrame]:
    """Return an episode's tables by stage, those of the series cut down to the episode's stills.

    paths: a table for each stage of EPISODE_TABLES and SERIES_TABLES. so_far: a table that is not made yet has no rows,
    where it is an error otherwise.
    """
    tables = {
        stage: empty(schema) if so_far and not Path(paths[stage]).is_file() else read_table(paths[stage], schema)
        for stage, schema in {**EPISODE_TABLES, **SERIES_TABLES}.items()
    }
    own = is_of(series, episode, paths["stills"])
    return {stage: table.filter(own) if stage in SERIES_TABLES else table for stage, table in tables.items()}


def is_of(series: str, episode: str, stills: str | Path) -> pl.Expr:
    """Return whether a still is of an episode, or of a pack whose table of stills this is."""
    if not is_pack(episode):
        return pl.col("still").str.starts_with(f"{series}/{episode}/")
    clips = [f"{series}/{clip}" for clip in names_in(stills)] if Path(stills).is_file() else []
    return pl.col("still").str.replace(r"/[^/]*$", "").is_in(clips)


def count(tables: dict[str, pl.DataFrame]) -> Counts:
    """Return the counts of one episode; tables: see read_tables."""
    tag, crop, characters = tables["tag"], tables["crop"], tables["characters"]
    return {
        "frames": tally(tables["dedup"]["reason"]),
        "shots": {"shots": tables["shots"].height},
        "stills": {"stills": tables["stills"].height},
        "quality": tally(tables["quality"]["tier"]),
        "boxes": tally(tables["detect"]["kind"]),
        "tags": tally(tag.select(_label(pl.lit(KEPT))).to_series()),
        "crops": tally(crop.select(_label(pl.col("kind"))).to_series()),
        "characters": tally(characters["character"].fill_null(UNNAMED)),
        "dataset": tally(pl.concat([tables["dataset"]["split"], tables["dataset/left-out"]["reason"]])),
    }


def _label(kept: pl.Expr) -> pl.Expr:
    """What a row counts as: `kept`, or the reason it is not."""
    return pl.when(pl.col("kept")).then(kept).otherwise(pl.col("reason")).alias("label")
