"""The images that a run learns from, as the dataset gives them; genga.training.clips has what moves."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Self

import polars as pl

from genga.dataset import together
from genga.errors import GengaError
from genga.images.image import Image
from genga.images.reading import reading
from genga.store.parquet import empty
from genga.tables.dataset import DATASET, HELD_OUT, MEASURES, PRIOR, TRAIN
from genga.tables.run_left_out import RUN_LEFT_OUT
from genga.tables.schema import SHARD, only
from genga.training.families.family import LoadedBase, Size
from genga.training.transforms import Box, Cut
from genga.vocabulary.text import NAMES, SENTENCES, TAGS, Piece, joined, pieces_of, plain, tokens

# The dataset's columns that training reads.
OF_DATASET = only(
    DATASET,
    "image", "still", "crop", "split", "kind", "character", "tier", *MEASURES, "width", "height", "scaled_width",
    "scaled_height", "crop_box", "caption", "captions", "keep_tokens", "repeats", "weight", "text", "persons",
    "masks", *SHARD,
)  # fmt: skip


Caption = tuple[str, tuple[Piece, ...]]  # tags, sentence or both, and its parts


@dataclass(frozen=True)
class Example:
    """An image of the dataset."""

    image: str  # unique id
    still: str
    crop: str | None  # None: the whole still
    caption: str  # as the dataset has it
    keep_tokens: int  # words at its front that are never moved or dropped, such as names
    cut: Cut
    file: tuple[str, int, int, str]  # where its pixels are: shard, offset, size, sha256
    repeats: int  # looks per epoch
    weight: float  # of its loss
    original: tuple[int, int] = (0, 0)  # width, height of the image as it is, px
    kind: str = ""
    character: str | None = None
    tier: str = ""  # quality of the still
    text: tuple[Box, ...] = ()  # lines of burnt-in text, px of the image as it is
    persons: tuple[Box, ...] = ()  # likewise
    scores: tuple[float | None, ...] = ()  # of the still, in the order of MEASURES; None: nobody measured that
    captions: tuple[Caption, ...] = ()  # as the dataset has them, `caption` the first; (): it alone, names and tags
    prior: bool = False  # whether it is seen so that it is not forgotten, and learns no name
    masks: tuple[tuple[Box, bytes | None], ...] = ()  # of `persons`: box, and which px of it are theirs; (): all

    @property
    def words(self) -> str:
        """The caption as a base is to see it, without the backslashes of prompts."""
        return plain(self.caption)

    @property
    def said(self) -> tuple[Caption, ...]:
        """The captions, of which each look sees one."""
        return self.captions or ((TAGS, tuple(pieces_of(self.caption, self.keep_tokens))),)

    @property
    def tags(self) -> list[str]:
        """What the first caption says but for its sentences, as a base is to see it."""
        return [word for part, text in self.said[0][1] if part != SENTENCES for word in tokens(plain(text))]

    @property
    def moves(self) -> bool:  # whether it is a clip
        return False

    @property
    def frames(self) -> tuple[int, ...]:  # of its video that a look sees, in order
        return ()

    @property
    def length(self) -> int:  # frames that a look sees
        return len(self.frames) or 1

    @property
    def shape(self) -> tuple[int, int, int]:
        """What all looks of a batch have in common: width and height in px, frames."""
        return *self.cut.bucket, self.length

    def seen_as(self, length: int | None, stride: int) -> Self:
        """Return it with so many frames of it, each `stride`-th: an image has one."""
        return self

    def size(self, flipped: bool = False) -> Size:
        """How it comes to its pixels; flipped: those of its mirror image, cut from the other side."""
        x0, y0, x1, _ = self.cut.box
        return Size(self.original, (self.cut.scaled[0] - x1 if flipped else x0, y0), self.cut.bucket)


class Opened(NamedTuple):
    """What a run learns from."""

    examples: list[Example]  # clips, and behind them images that may be mixed in; or images alone
    held: list[Example]  # held out
    reading: Callable[[], AbstractContextManager[Callable[[Example], Any]]]  # opens what `train` reads them from
    left_out: pl.DataFrame = empty(RUN_LEFT_OUT)  # what is in a series' training set, and not in the run's


def opened(in_dataset: Sequence[Path], how: str, character: str, side: int) -> Opened:
    """Return the images of a character (all if empty), and prior ones. side: px that sides have to be multiples of.

    in_dataset: a table for each series; how: these become one, see genga.dataset.together.read. Raises GengaError if
    there are none.
    """
    if not in_dataset:
        raise GengaError("--in-dataset is missing: this base learns from images (data/dataset/<series>.parquet)")
    (dataset, left_out), name = together.read(in_dataset, how, OF_DATASET), ", ".join(map(str, in_dataset))
    examples, held = examples_of(dataset, character, side, name), held_out_of(dataset, character, side, name)
    return Opened(examples, held, partial(_reading, dataset), left_out)


@contextmanager
def _reading(dataset: pl.DataFrame) -> Iterator[Callable[[Example], Image]]:
    with reading(dataset, "image") as read:
        yield lambda one: read(one.image)


def examples_of(dataset: pl.DataFrame, character: str, side: int, name: str) -> list[Example]:
    """Return the training images of a character (all characters if empty) in the dataset's order, and prior images.

    side: px that every side has to be a multiple of; name: the dataset's file, for messages. Raises GengaError if there
    are none.
    """
    rows = dataset.filter(pl.col("split") == TRAIN)
    chosen = _whose(rows, character)
    if chosen.is_empty():
        known = ", ".join(sorted(rows["character"].drop_nulls().unique())) or "none"
        wanted = f"of character {character} " if character else ""
        raise GengaError(f"{name}: no training images {wanted}(characters there: {known})")
    every = pl.concat([chosen, dataset.filter(split=PRIOR)])
    return [_example(row, side, name) for row in every.iter_rows(named=True)]


def held_out_of(dataset: pl.DataFrame, character: str, side: int, name: str) -> list[Example]:
    """Return the held-out images of whoever is learnt, as `examples_of` has it; there may be none."""
    rows = _whose(dataset.filter(pl.col("split") == HELD_OUT), character)
    return [_example(row, side, name) for row in rows.iter_rows(named=True)]


def trigger_of(examples: Iterable[Example]) -> str:
    """Return the name that comes first in all captions but prior images'; empty if not all have one and the same.

    A caption without names begins with whatever stands first.
    """
    first = {next(iter(_named(example) or example.tags), "") for example in examples if not example.prior}
    return first.pop() if len(first) == 1 else ""


def _named(example: Example) -> list[str]:
    return next((tokens(plain(text)) for part, text in example.said[0][1] if part == NAMES), [])


def cut_captions(examples: Iterable[Example], loaded: LoadedBase, windows: int = 1) -> int:
    """Return how many images have a caption longer than the base sees in so many windows: its end has no effect."""
    texts = ([plain(joined(pieces)) for _, pieces in example.said] for example in examples)
    return sum(any(loaded.seen(text, windows) != text for text in of) for of in texts)


def tell_cut_captions(examples: Sequence[Example], loaded: LoadedBase, run: str, windows: int = 1) -> None:
    """Say on stderr how many captions are longer than the base sees, if any are."""
    if cut := cut_captions(examples, loaded, windows):
        note = f"note: train {run}: {cut} of {len(examples)} captions are too long: last tags not seen (see its ledger)"
        print(note, file=sys.stderr)


def tell_left_out(left_out: pl.DataFrame, run: str) -> None:
    """Say on stderr which of the series' training images the run does not see, if any. left_out: RUN_LEFT_OUT."""
    for reason, count in left_out["reason"].value_counts().sort("reason").iter_rows():
        where = f"models/{run}/left_out.parquet"
        print(f"note: train {run}: left out as {reason}: {count} ({where})", file=sys.stderr)


def _whose(rows: pl.DataFrame, character: str) -> pl.DataFrame:
    return rows.filter(pl.col("character") == character) if character else rows


def _example(row: Mapping, side: int, name: str) -> Example:
    return Example(
        image=row["image"],
        still=row["still"],
        crop=row["crop"],
        caption=row["caption"],
        keep_tokens=row["keep_tokens"],
        cut=cut_of(row, side, f"{name}: image {row['image']}"),
        file=(row["shard"], row["offset"], row["size"], row["sha256"]),
        repeats=row["repeats"],
        weight=row["weight"],
        original=(row["width"], row["height"]),
        kind=row["kind"],
        character=row["character"],
        tier=row["tier"],
        text=_boxes(row["text"]),
        persons=_boxes(row["persons"]),
        masks=tuple(((one["x0"], one["y0"], one["x1"], one["y1"]), one["mask"]) for one in row["masks"] or ()),
        scores=tuple(row[name] for name in MEASURES),
        captions=said_of(row),
        prior=row["split"] == PRIOR,
    )


def cut_of(row: Mapping, side: int, called: str) -> Cut:
    """Return how a row of table dataset or clipset is cut. called: for messages.

    Raises GengaError if a side is no multiple of `side` px.
    """
    x0, y0, x1, y1 = row["crop_box"]
    cut = Cut((row["scaled_width"], row["scaled_height"]), (x0, y0, x1, y1))
    if any(length % side for length in cut.bucket):
        raise GengaError(
            f"{called} is cut to {cut.bucket[0]}x{cut.bucket[1]} px, sides must be multiples of {side}; set"
            " dataset.bucket_step accordingly"
        )
    return cut


def said_of(row: Mapping) -> tuple[Caption, ...]:
    """Return the captions of a row of table dataset or clipset."""
    return tuple((of["form"], tuple((piece["part"], piece["text"]) for piece in of["parts"])) for of in row["captions"])


def _boxes(rows: Iterable[Iterable[int]]) -> tuple[Box, ...]:
    return tuple((x0, y0, x1, y1) for x0, y0, x1, y1 in rows)
