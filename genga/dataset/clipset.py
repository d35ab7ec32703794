"""Compose the clips of a series that moving pictures are learnt from: which, how often, with which caption, at which
size, on which side.

They fall in with the series' dataset: what is held out there is held out here, sizes and captions are made by the same
functions, a name stands for the same looks. Clips are scaled and cut to their buckets, never padded.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from genga.dataset._clipset import repeats, sides, told, who
from genga.dataset._clipset.captions import captioned
from genga.dataset._clipset.sides import Sides
from genga.dataset._clipset.told import Told
from genga.dataset._clipset.upscaling import least_side, upscaled
from genga.dataset._clipset.who import Known
from genga.dataset.filters import evenly
from genga.dataset.placing import placed
from genga.dataset.split import shot_groups
from genga.dataset.styles import Style
from genga.dataset.twins import read_signed, with_twins
from genga.errors import GengaError
from genga.params.clips import Upscale
from genga.params.clipset import Params
from genga.params.dataset import Params as OfDataset
from genga.store.files import is_there, pack_of, read_facts
from genga.store.parquet import read_episodes, read_table
from genga.tables.clips import CLIPS
from genga.tables.clips_left_out import CLIPS_LEFT_OUT
from genga.tables.clipset import CLIPSET
from genga.tables.dataset import HELD_OUT, TRAIN
from genga.tables.frames import FRAMES
from genga.tables.left_out import LEFT_OUT
from genga.tables.quality import QUALITY, TIERS
from genga.tables.schema import only
from genga.tables.stills import STILLS

OF_CLIPS = CLIPS
OF_STILLS = only(STILLS, "still", "frame", "shot")
OF_FRAMES = only(FRAMES, "frame", "signature")
OF_QUALITY = only(QUALITY, "still", "outline")
OF_DATASET = {**sides.OF_DATASET, **who.OF_DATASET}
OF_TIERS = only(LEFT_OUT, "still", "crop", "tier")


@dataclass(frozen=True)
class Tables:
    """What other stages say of a series, all its episodes together, in any order."""

    clips: pl.DataFrame  # OF_CLIPS
    stills: pl.DataFrame  # OF_STILLS and signature
    quality: pl.DataFrame  # OF_QUALITY
    boxes: pl.DataFrame  # who.OF_DETECT
    names: pl.DataFrame  # who.OF_CHARACTERS
    images: pl.DataFrame  # OF_DATASET
    words: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=told.OF_DATASET))  # of the same images
    sentences: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=told.OF_DESCRIBE))
    unlearnt: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=repeats.OF_LEFT_OUT))  # of the dataset
    tiers: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=OF_TIERS))  # in the dataset, or left out


@dataclass(frozen=True)
class Video:
    """Where an episode's video is."""

    video: str  # path, relative to the project's folder
    probe: str  # of what probe found
    sha256: str


@dataclass(frozen=True)
class Outcome:
    table: pl.DataFrame  # CLIPSET, sorted by clip
    left_out: pl.DataFrame  # CLIPS_LEFT_OUT, sorted by clip
    warnings: list[str]

    def tell(self) -> None:
        """Say on stderr what a person should know."""
        for warning in self.warnings:
            print(warning, file=sys.stderr)


def read_tables(data: Path, series: str, episodes: Sequence[str]) -> Tables:
    """Read the tables of these episodes below the folder `data`, and those of the series."""

    def of(stage: str, columns: Mapping[str, Any], names: Sequence[str] = episodes) -> pl.DataFrame:
        return read_episodes(data / stage / series, names, columns)

    signed = [read_signed(data, series, name, OF_STILLS, OF_FRAMES) for name in episodes]
    return Tables(
        of("clips", OF_CLIPS), pl.concat(signed), of("quality", OF_QUALITY), of("detect", who.OF_DETECT),
        read_table(data / "characters" / f"{series}.parquet", who.OF_CHARACTERS),
        read_table(data / "dataset" / f"{series}.parquet", OF_DATASET),
        read_table(data / "dataset" / f"{series}.parquet", told.OF_DATASET), of("describe", told.OF_DESCRIBE),
        read_table(data / "dataset" / "left-out" / f"{series}.parquet", repeats.OF_LEFT_OUT),
        pl.concat([read_table(data / of / f"{series}.parquet", OF_TIERS) for of in ("dataset", "dataset/left-out")]),
    )  # fmt: skip


def videos_of(data: Path, series: str, paths: Mapping[str, str]) -> dict[str, Video]:
    """Return where the video of each series/episode is. paths: of each episode, relative to the project's folder.

    A clip of a pack that cannot be read has none.
    """
    found = {}
    for episode, path in paths.items():
        probe = data / "probe" / series / f"{episode}.json"
        if not is_there(probe) and pack_of(probe) is not None:
            continue
        found[f"{series}/{episode}"] = Video(path, probe.as_posix(), read_facts(probe)["sha256"])
    return found


def clipset(
    tables: Tables, videos: Mapping[str, Video], params: Params, dataset: OfDataset, style: Style,
    upscale: Upscale | None = None,
) -> Outcome:  # fmt: skip
    """Return the clips of a series to learn from. Raises GengaError if none is left.

    videos: by series/episode. dataset: the section of that name. style: how captions are written. upscale: how drawings
    are made larger that are smaller than their bucket.
    """
    known = Known.of(tables.names, tables.boxes, tables.images, dataset)
    clips = _graded(tables.clips.sort("clip"), tables.tiers).with_columns(reason=pl.col("reason").fill_null(""))
    stands = repeats.standing(tables.unlearnt)
    judged = placed(_chosen(clips, known, stands, params, dataset, upscale), dataset)
    left_out = judged.filter(pl.col("reason") != "").select(list(CLIPS_LEFT_OUT))
    rows = list(judged.filter(reason="").iter_rows(named=True))
    if not rows:
        raise GengaError(f"no clip is left to learn from, of {counted(left_out)}; loosen params.yaml:clips, clipset")
    groups = shot_groups(
        with_twins(tables.stills, tables.quality), {"signature": dataset.twin_bits, "outline": dataset.outline_bits}
    )
    side = Sides.of(tables.images, groups, dataset)
    of = Told.of(tables.words, tables.sentences, dataset, style)
    made = [
        {
            **row,
            **(placed_in := side.row(row)),
            **known.row(row),
            **captioned(row, known.names_of(row), known.stood_for(row), params.style, of, placed_in["shot"]),
            "upscale": upscaled(row, upscale),
            **vars(videos[row["clip"].rsplit("/", 1)[0]]),
            "weight": _weight(row, known, params),
            "repeats": 1,
        }
        for row in rows
    ]
    whole = _repeated(pl.DataFrame(made, schema=dict(CLIPSET)), params)
    nothing = [] if not dataset.held_out or (whole["split"] == HELD_OUT).any() else ["no clip is held out"]
    return Outcome(whole, left_out, nothing)


def _graded(clips: pl.DataFrame, tiers: pl.DataFrame) -> pl.DataFrame:
    """With the worst tier of each clip's drawings as the dataset has them, which people may have given."""
    of = dict(tiers.filter(pl.col("crop").is_null()).select("still", "tier").iter_rows())
    worst = [
        max((of[still] for still in stills if still in of), key=TIERS.index, default=judged)
        for stills, judged in clips.select("stills", "tier").iter_rows()
    ]
    return clips.with_columns(tier=pl.Series(worst, dtype=pl.String))


def _chosen(
    clips: pl.DataFrame,
    known: Known,
    stands: Mapping[str, str],
    params: Params,
    dataset: OfDataset,
    upscale: Upscale | None,
) -> pl.DataFrame:
    """With why each clip is left out, "" for those that are in, and which it repeats. stands: see repeats.standing."""
    least = least_side(dataset.min_side, upscale)
    judged = [row["reason"] or _against(row, known, params, dataset, least) for row in clips.iter_rows(named=True)]
    found = clips.with_columns(reason=pl.Series(judged, dtype=pl.String))
    again = repeats.repeats(found.filter(reason="").iter_rows(named=True), stands)
    found = found.with_columns(same_as=pl.col("clip").replace_strict(again, default=None, return_dtype=pl.String))
    found = found.with_columns(reason=pl.when(pl.col("same_as").is_null()).then("reason").otherwise(pl.lit("series")))
    if not params.per_shot:
        return found
    picked: list[str] = []
    shot = (pl.col("clip").str.replace(r"/[^/]*$", ""), pl.col("shot"))
    for _, rows in found.filter(reason="").group_by(*shot, maintain_order=True):
        own = rows["clip"].to_list()
        picked += own if len(own) <= params.per_shot else evenly(own, params.per_shot)
    beyond = (pl.col("reason") == "") & ~pl.col("clip").is_in(picked)
    return found.with_columns(reason=pl.when(beyond).then(pl.lit("shot")).otherwise("reason"))


def _against(row: Mapping[str, Any], known: Known, params: Params, dataset: OfDataset, least: float) -> str:
    against = {
        "kind": _weight(row, known, params) == 0,
        "tier": row["tier"] is not None and row["tier"] not in dataset.tiers,
        "small": min(row["width"], row["height"]) < least,
    }
    return next((why for why, holds in against.items() if holds), "")


def _weight(row: Mapping[str, Any], known: Known, params: Params) -> float:
    return params.weights.somebody if known.peopled & {*row["stills"]} else params.weights.scenery


def _repeated(clips: pl.DataFrame, params: Params) -> pl.DataFrame:
    """With repeats: the clips of each character are looked at as often as those of the commonest, within the limit."""
    training = (pl.col("split") == TRAIN) & pl.col("character").is_not_null()
    count = training.sum().over("character")
    wanted = (count.filter(training).max() / count).round().clip(1, params.max_repeats).cast(pl.Int64)
    return clips.with_columns(repeats=pl.when(training).then(wanted).otherwise("repeats"))


def counted(left_out: pl.DataFrame) -> str:
    """Return how many clips were left out, and why: `12 (short 10, text 2)`."""
    counts = left_out["reason"].value_counts().sort("count", "reason", descending=[True, False])
    reasons = ", ".join(f"{reason} {count}" for reason, count in counts.iter_rows())
    return f"{left_out.height} ({reasons})" if reasons else "0"


def in_words(made: Outcome) -> str:
    """Return how many clips there are on each side, of whom, at which sizes, and how many were left out."""
    sided = dict(made.table["split"].value_counts().iter_rows())
    people = made.table["character"].drop_nulls().value_counts().sort("character").iter_rows()
    sizes = made.table.select("bucket_width", "bucket_height").unique().sort("bucket_width").rows()
    return (
        f"{sided.get(TRAIN, 0)} clips to learn from, {sided.get(HELD_OUT, 0)} held out, of"
        f" {', '.join(f'{width}x{height}' for width, height in sizes)};"
        f" {', '.join(f'{name} {count}' for name, count in people) or 'nobody named'};"
        f" left out: {counted(made.left_out)}"
    )
