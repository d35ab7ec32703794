"""What a report is made of: the tables that others wrote, read for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from genga.dataset import together
from genga.pages._report import contents
from genga.pages._report.figures import OF_CROP, OF_DATASET, OF_LOSSES, OF_SAMPLE, OF_STILLS, Source
from genga.pages.counts import count, is_of, tables_below
from genga.pages.counts import read_tables as read_counted
from genga.pages.tally import Counts
from genga.store.files import in_project, is_pack, read_facts, sha256_of
from genga.store.parquet import read_table
from genga.tables.characters import OPEN
from genga.tables.evaluate import EVALUATE
from genga.tables.held_out import HELD_OUT
from genga.tables.schema import SHARD, Schema


@dataclass(frozen=True)
class Tables:
    """What is known of a run and of the series it learned from."""

    series: Sequence[str]  # all of them, in order
    scores: Mapping[str, Any]  # what stage evaluate wrote
    judged: pl.DataFrame  # EVALUATE
    samples: pl.DataFrame  # OF_SAMPLE and SHARD
    dataset: pl.DataFrame  # OF_DATASET, contents.OF_DATASET and SHARD, of what the run learned from
    tags: pl.DataFrame  # contents.OF_TAG, of all episodes
    losses: pl.DataFrame  # OF_LOSSES
    held_out: pl.DataFrame  # HELD_OUT
    crops: pl.DataFrame  # OF_CROP, of all episodes
    stills: pl.DataFrame  # OF_STILLS, likewise
    counts: Mapping[str, Counts]  # by episode
    open: pl.DataFrame  # OPEN, of all its series
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
    data: Path,
    episodes: Iterable[str],
    datasets: Sequence[Path],
    how: str,
) -> Tables:
    """Read the files of a run, the tables of its series and those of their episodes.

    data: folder of all tables; episodes: series/episode; datasets, how: see genga.dataset.together.read.
    """
    judgement, whole = read_facts(scores), [tuple(episode.rsplit("/", 1)) for episode in episodes]
    series = sorted({of for of, _ in whole})
    videos = {of: _video(Path(data, "probe", of[0], f"{of[1]}.json")) for of in whole}
    chosen = judgement["selection"]
    columns = {**OF_DATASET, **contents.OF_DATASET, **SHARD}
    learnt, left_out = together.read(datasets, how, columns)

    def counted(of: str, name: str) -> Counts:
        tables = read_counted(tables_below(data, of, name), of, name)
        own = is_of(of, name, Path(data, "stills", of, f"{name}.parquet"))
        tables["dataset"] = learnt.filter(own)
        more = left_out.filter(own).select(tables["dataset/left-out"].columns)
        tables["dataset/left-out"] = pl.concat([tables["dataset/left-out"], more])
        return count(tables)

    def of_episodes(stage: str, schema: Schema) -> pl.DataFrame:
        return pl.concat([read_table(Path(data, stage, of, f"{name}.parquet"), schema) for of, name in whole])

    return Tables(
        series=series,
        scores=judgement,
        judged=read_table(judged, EVALUATE),
        samples=read_table(samples, {**OF_SAMPLE, **SHARD}),
        dataset=learnt,
        tags=of_episodes("tag", contents.OF_TAG),
        losses=read_table(losses, OF_LOSSES),
        held_out=read_table(held_out, HELD_OUT),
        crops=of_episodes("crop", OF_CROP),
        stills=of_episodes("stills", OF_STILLS),
        counts={name if len(series) == 1 else f"{of}/{name}": counted(of, name) for of, name in whole},
        open=pl.concat([read_table(Path(data, "characters", "open", f"{of}.parquet"), OPEN) for of in series]),
        sources=[
            *(Source("video", "/".join(of), sha256) for of, sha256 in videos.items()),
            *(Source("table", in_project(path), sha256_of(path)) for path in (*datasets, samples, judged)),
            Source("selected checkpoint", chosen["file"], chosen["sha256"]),
        ],
    )


def _video(probe: Path) -> str:
    """The sha256 of an episode's video; of a pack that of what probe found in its clips, their sha256 among it."""
    return sha256_of(probe) if is_pack(probe.stem) else str(read_facts(probe)["sha256"])
