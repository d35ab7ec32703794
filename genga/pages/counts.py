"""Count an episode's rows after each stage, from the tables. What a count is: genga.pages.tally."""

from pathlib import Path

import polars as pl

from genga.pages.tally import KEPT, UNNAMED, Counts, tally
from genga.store.parquet import empty, read_table
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


def read_tables(folder: str | Path, series: str, episode: str, so_far: bool = False) -> dict[str, pl.DataFrame]:
    """Return an episode's tables by stage, those of the series cut down to the episode's stills.

    so_far: a table that is not made yet has no rows, where it is an error otherwise.
    """
    folder = Path(folder)

    def read(path: Path, schema: Schema) -> pl.DataFrame:
        return empty(schema) if so_far and not path.is_file() else read_table(path, schema)

    of_episode = {
        stage: read(folder / stage / series / f"{episode}.parquet", schema) for stage, schema in EPISODE_TABLES.items()
    }
    prefix = f"{series}/{episode}/"
    of_series = {
        stage: read(folder / stage / f"{series}.parquet", schema).filter(pl.col("still").str.starts_with(prefix))
        for stage, schema in SERIES_TABLES.items()
    }
    return {**of_episode, **of_series}


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
