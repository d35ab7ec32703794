"""What a report is made of: the tables that others wrote, read for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from genga.pages._report import contents
from genga.pages._report.figures import OF_CROP, OF_DATASET, OF_LOSSES, OF_SAMPLE, OF_STILLS, Source
from genga.pages.counts import EPISODE_TABLES, count
from genga.pages.counts import read_tables as read_counted
from genga.pages.tally import Counts
from genga.store.files import in_project, read_facts, sha256_of
from genga.store.parquet import read_episodes, read_table
from genga.tables.characters import OPEN
from genga.tables.evaluate import EVALUATE
from genga.tables.held_out import HELD_OUT
from genga.tables.schema import SHARD


@dataclass(frozen=True)
class Tables:
    """What is known of a run and of the series it learned from."""

    scores: Mapping[str, Any]  # what stage evaluate wrote
    judged: pl.DataFrame  # EVALUATE
    samples: pl.DataFrame  # OF_SAMPLE and SHARD
    dataset: pl.DataFrame  # OF_DATASET, contents.OF_DATASET and SHARD
    tags: pl.DataFrame  # contents.OF_TAG, of all episodes
    losses: pl.DataFrame  # OF_LOSSES
    held_out: pl.DataFrame  # HELD_OUT
    crops: pl.DataFrame  # OF_CROP, of all episodes
    stills: pl.DataFrame  # OF_STILLS, likewise
    counts: Mapping[str, Counts]  # by episode
    open: pl.DataFrame  # OPEN, of its series
    sources: Sequence[Source]  # what all of it was made of

    @property
    def images(self) -> pl.DataFrame:
        """Where each sample and each training image is: name, and SHARD."""
        parts = (self.samples, self.dataset)
        return pl.concat([table.select(pl.nth(0).alias("name"), *SHARD) for table in parts])


def read_tables(
    scores: Path,
    judged: Path,
    samples: Path,
    losses: Path,
    held_out: Path,
    of_series: Mapping[str, Path],
    folders: Mapping[str, Path],
    series: str,
    names: Iterable[str],
) -> Tables:
    """Read the files of a run, the tables of its series and those of its episodes.

    of_series: by stage, as genga.pages.counts has them, and `open`, decisions that take no effect. folders: by stage,
    where probe's facts and the tables of the episodes lie, a file for each; names: of the episodes.
    """
    episodes, judgement, dataset = list(names), read_facts(scores), of_series["dataset"]
    videos = {name: str(read_facts(folders["probe"] / f"{name}.json")["sha256"]) for name in episodes}
    chosen = judgement["selection"]

    def counted(name: str) -> Counts:
        paths = {stage: folders[stage] / f"{name}.parquet" for stage in EPISODE_TABLES}
        return count(read_counted({**paths, **of_series}, series, name))

    return Tables(
        scores=judgement,
        judged=read_table(judged, EVALUATE),
        samples=read_table(samples, {**OF_SAMPLE, **SHARD}),
        dataset=read_table(dataset, {**OF_DATASET, **contents.OF_DATASET, **SHARD}),
        tags=read_episodes(folders["tag"], episodes, contents.OF_TAG),
        losses=read_table(losses, OF_LOSSES),
        held_out=read_table(held_out, HELD_OUT),
        crops=read_episodes(folders["crop"], episodes, OF_CROP),
        stills=read_episodes(folders["stills"], episodes, OF_STILLS),
        counts={name: counted(name) for name in episodes},
        open=read_table(of_series["open"], OPEN),
        sources=[
            *(Source("video", f"{series}/{name}", videos[name]) for name in episodes),
            *(Source("table", in_project(path), sha256_of(path)) for path in (dataset, samples, judged)),
            Source("selected checkpoint", chosen["file"], chosen["sha256"]),
        ],
    )
