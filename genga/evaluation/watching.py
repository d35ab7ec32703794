"""Samples as they are looked at: a picture once; a clip at some of its frames, and at all of them for how it moves."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from genga.evaluation.drawn_clips import spread
from genga.evaluation.motion import Motion, motion
from genga.images.codec import decode
from genga.images.image import Image
from genga.jobs.script import progress
from genga.store.shards import ShardReader
from genga.tables.schema import SHARD
from genga.video.writing import frames_of


@dataclass(frozen=True)
class Watched:
    """Samples, and what of each is looked at: looks of a sample are one after another."""

    samples: pl.DataFrame  # of the table of samples, with SHARD
    owner: npt.NDArray[np.int64]  # (looks,) the place of each look's sample
    frame: npt.NDArray[np.int64]  # (looks,) of the sample; 0 of a picture
    texts: list[str]  # the prompt of each look
    motions: list[Motion] = field(default_factory=list)  # of each clip, once its pictures were taken

    @property
    def moving(self) -> bool:
        return self.samples["rate"].is_not_null().any()

    def images(self, what: str) -> Iterator[Image]:
        """Yield the picture of each look, with progress on stderr under the name `what`; clips' motion is told."""
        rows = self.samples.select("sample", "rate", *SHARD).iter_rows()
        with ShardReader() as shards:
            for number, (name, rate, *place) in enumerate(progress(rows, self.samples.height, what, "images")):
                data = shards.read(*place)
                if rate is None:
                    yield decode(data, name)
                    continue
                frames = frames_of(data, name)
                self.motions.append(motion(frames, rate))
                yield from (frames[at] for at in self.frame[self.owner == number])

    def mean(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the mean over each sample's looks of values (looks,)."""
        return np.bincount(self.owner, weights=values) / np.bincount(self.owner)

    @property
    def first(self) -> npt.NDArray[np.int64]:
        """The place of each sample's first look."""
        return np.flatnonzero(np.diff(self.owner, prepend=-1))


def watched(samples: pl.DataFrame, frames: int) -> Watched:
    """Return what of samples is looked at: of a clip so many frames, evenly spread."""
    owner, at, texts = [], [], []
    for number, row in enumerate(samples.select("frames", "prompt_text", "by_frame").iter_rows(named=True)):
        for frame in spread(row["frames"], frames) if row["frames"] > 1 else [0]:
            owner.append(number)
            at.append(frame)
            texts.append(_said(row["by_frame"], frame) or row["prompt_text"])
    return Watched(samples, np.array(owner, np.int64), np.array(at, np.int64), texts)


def _said(by_frame: list[dict] | None, frame: int) -> str | None:
    return next((one["text"] for one in reversed(by_frame or []) if one["frame"] <= frame), None)
