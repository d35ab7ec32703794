"""How much of what there is after each stage, and what became of the rest.

A count is a mapping of labels to numbers of rows, for each stage in pipeline order: frames by what became of them,
stills by tier, boxes by kind, tags and crops by kept or the reason against, person crops by character, candidates of
the dataset by split or the reason against. Labels are in falling order of their number, then by name.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from genga.store.parquet import read_table
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

Counts = dict[str, dict[str, int]]  # stage -> label -> rows

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

KEPT = "kept"
UNNAMED = "not named"

# Labels of what is left behind at a stage, or of what goes on; at the others everything goes on.
LEFT = {"quality": {"reject"}, "characters": {UNNAMED}}
GOING_ON = {
    "frames": {"kept", "restored"},
    "tags": {KEPT},
    "crops": {"fullbody", "halfbody", "head"},
    "dataset": {"train", "held-out"},
}


def read_tables(folder: str | Path, series: str, episode: str) -> dict[str, pl.DataFrame]:
    """Return an episode's tables by stage, those of the series cut down to the episode's stills."""
    folder = Path(folder)
    of_episode = {
        stage: read_table(folder / stage / series / f"{episode}.parquet", schema)
        for stage, schema in EPISODE_TABLES.items()
    }
    prefix = f"{series}/{episode}/"
    of_series = {
        stage: read_table(folder / stage / f"{series}.parquet", schema).filter(pl.col("still").str.starts_with(prefix))
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


def _label(kept: pl.Expr) -> pl.Expr:
    """What a row counts as: `kept`, or the reason it is not."""
    return pl.when(pl.col("kept")).then(kept).otherwise(pl.col("reason")).alias("label")


def tally(labels: pl.Series) -> dict[str, int]:
    """Return how often each label occurs."""
    return _ordered(Counter(labels.to_list()))


def _ordered(labels: Counter[str]) -> dict[str, int]:
    return dict(sorted(labels.items(), key=lambda item: (-item[1], item[0])))
