"""The clips that a run of a base that moves learns from, as the clip set gives them, and their frames out of videos."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self

import polars as pl

from genga.errors import GengaError
from genga.images.image import Image
from genga.images.reading import reading
from genga.images.upscaling import How, Upscaler
from genga.store.files import read_facts
from genga.store.parquet import read_table
from genga.tables.clipset import CLIPSET
from genga.tables.dataset import HELD_OUT, TRAIN
from genga.tables.schema import only
from genga.training.examples import OF_DATASET, Example, Opened, cut_of, examples_of, said_of
from genga.video.decode import check_same
from genga.video.footage import Footage

Read = Callable[[Example], Iterable[tuple[int, Image]]]  # distinct frames with their numbers, in any order


@dataclass(frozen=True)
class Clip(Example):
    """A clip of a video: `file` is the video with the sha256 of its content, `still` the frame that it begins with."""

    numbers: tuple[int, ...] = ()  # of its frames in order; a drawing that is held is named again and again
    times: tuple[float, ...] = ()  # s, of each in the video
    keys: tuple[float | None, ...] = ()  # s, of the last keyframe up to it
    rate: float = 0.0  # 1/s at which they play
    probe: str = ""  # path of what probe found of the video
    upscale: How | None = None  # how its drawings are made larger; None: they are not

    @property
    def moves(self) -> bool:
        return True

    @property
    def frames(self) -> tuple[int, ...]:
        return self.numbers

    def seen_as(self, length: int | None, stride: int) -> Self:
        """Return its first frames, so many, each `stride`-th. Raises GengaError if it has not so many."""
        seen = slice(0, None if length is None else length * stride, stride)
        numbers = self.numbers[seen]
        if length is not None and len(numbers) < length:
            raise GengaError(
                f"params.yaml:train.clips: clip {self.image} has {len(self.numbers)} frames, at a stride of {stride}"
                f" {len(numbers)}; set length to that or less, or make longer clips (clips.length)"
            )
        return replace(self, numbers=numbers, times=self.times[seen], keys=self.keys[seen], rate=self.rate / stride)


# The clip set's columns that training reads.
OF_CLIPSET = only(
    CLIPSET,
    "clip",
    "split",
    "characters",
    "character",
    "tier",
    "caption",
    "captions",
    "keep_tokens",
    "repeats",
    "weight",
    "frames",
    "times",
    "keys",
    "rate",
    "width",
    "height",
    "scaled_width",
    "scaled_height",
    "crop_box",
    "upscale",
    "video",
    "probe",
    "sha256",
)


def opened(in_clipset: Path, in_dataset: Path | None, character: str, side: int, scaling: str, threads: int) -> Opened:
    """Return the clips of a character (all if empty), and with them the dataset's images where stills are mixed in.

    side: px that every side has to be a multiple of; scaling: params.yaml:stills.scaling, by which frames get their
    px. Raises GengaError if there is no clip to learn from.
    """
    if in_clipset is None:
        raise GengaError("--in-clipset is missing: a base that moves learns from clips (data/clipset/<series>.parquet)")
    table, name = read_table(in_clipset, OF_CLIPSET), str(in_clipset)
    rows = table.filter(pl.col("characters").list.contains(character)) if character else table
    train, held = (
        [_clip_of(row, side, name) for row in rows.filter(split=split).iter_rows(named=True)]
        for split in (TRAIN, HELD_OUT)
    )
    if not train:
        known = ", ".join(sorted(table["characters"].explode().drop_nulls().unique())) or "none"
        wanted = f"of character {character} " if character else ""
        raise GengaError(f"{name}: no training clips {wanted}(characters there: {known}); see clipset's left-out table")
    dataset = None if in_dataset is None else read_table(in_dataset, OF_DATASET)
    stills = [] if dataset is None else examples_of(dataset, character, side, str(in_dataset))
    upscaler = Upscaler("train", train[0].image.partition("/")[0], *_counted(train))
    return Opened([*train, *stills], [*held], partial(_reading, dataset, scaling, threads, upscaler))


def _counted(clips: Iterable[Clip]) -> tuple[int, int]:
    """How many drawings are to be made larger, and in how many frames of clips they are."""
    small = [clip for clip in clips if clip.upscale is not None]
    drawings = {(clip.file[0], number) for clip in small for number in clip.numbers}
    return len(drawings), sum(clip.length for clip in small)


def _clip_of(row: Mapping, side: int, name: str) -> Clip:
    first = row["frames"][0]
    return Clip(
        image=row["clip"],
        still=f"{row['clip'].rpartition('/')[0]}/{first:06d}",
        crop=None,
        caption=row["caption"],
        keep_tokens=row["keep_tokens"],
        cut=cut_of(row, side, f"{name}: clip {row['clip']}"),
        file=(row["video"], 0, 0, row["sha256"]),
        repeats=row["repeats"],
        weight=row["weight"],
        original=(row["width"], row["height"]),
        kind="clip",
        character=row["character"],
        tier=row["tier"] or "",
        captions=said_of(row),
        numbers=tuple(row["frames"]),
        times=tuple(row["times"]),
        keys=tuple(row["keys"]),
        rate=row["rate"],
        probe=row["probe"],
        upscale=None if row["upscale"] is None else How(**row["upscale"]),
    )


_AT_ONCE = 16  # frames of a clip that are decoded and in memory at their full size


@contextmanager
def _reading(dataset: pl.DataFrame | None, scaling: str, threads: int, upscaler: Upscaler) -> Iterator[Read]:
    """Give a function that reads the distinct frames of a clip, or an image, with numbers, as long as the block lasts.

    The video of the last clip stays open: clips of an episode, one after another, are read in one way through it.
    """
    with ExitStack() as images, ExitStack() as video:
        read = images.enter_context(reading(dataset, "image")) if dataset is not None else None
        now: dict[str, Footage] = {}

        def footage(clip: Clip) -> Footage:
            path, _, _, sha256 = clip.file
            if path not in now:
                video.close()
                now.clear()
                check_same(path, sha256)
                now[path] = video.enter_context(Footage(path, read_facts(clip.probe), scaling, threads))
            return now[path]

        def of(example: Example) -> Iterator[tuple[int, Image]]:
            if not isinstance(example, Clip):
                assert read is not None  # images are among the examples where there is a dataset
                yield 0, read(example.image)
                return
            distinct = sorted(set(zip(example.numbers, example.times, example.keys, strict=True)))
            for start in range(0, len(distinct), _AT_ONCE):
                numbers, times, keys = zip(*distinct[start : start + _AT_ONCE], strict=True)
                for number, image in zip(numbers, footage(example).pictures(times, keys), strict=True):
                    yield number, image if example.upscale is None else upscaler(image, example.upscale)

        try:
            yield of
        finally:
            upscaler.note()
