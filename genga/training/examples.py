"""The images that a run learns from, as the dataset gives them."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from genga.errors import GengaError
from genga.tables.dataset import DATASET
from genga.tables.schema import SHARD, only
from genga.training.families.family import LoadedBase, Size
from genga.training.transforms import Cut
from genga.vocabulary.text import plain, tokens

# The dataset's columns that training reads.
OF_DATASET = only(
    DATASET,
    "image",
    "still",
    "crop",
    "split",
    "character",
    "width",
    "height",
    "scaled_width",
    "scaled_height",
    "crop_box",
    "caption",
    "keep_tokens",
    "repeats",
    "weight",
    *SHARD,
)


@dataclass(frozen=True)
class Example:
    """An image of the dataset."""

    image: str  # unique id
    still: str
    crop: str | None  # None: the whole still
    caption: str  # as the dataset has it
    keep_tokens: int  # tags at its front that are never moved or dropped: the names
    cut: Cut
    file: tuple[str, int, int, str]  # where its pixels are: shard, offset, size, sha256
    repeats: int  # looks per epoch
    weight: float  # of its loss
    original: tuple[int, int] = (0, 0)  # width, height of the image as it is, px

    @property
    def words(self) -> str:
        """The caption as a base is to see it, without the backslashes of prompts."""
        return plain(self.caption)

    @property
    def size(self) -> Size:
        """How it comes to its pixels."""
        return Size(self.original, self.cut.box[:2], self.cut.bucket)


def examples_of(dataset: pl.DataFrame, character: str, side: int, name: str) -> list[Example]:
    """Return the training images of a character (all characters if empty), in the dataset's order.

    side: px that every side has to be a multiple of; name: the dataset's file, for messages. Raises GengaError if there
    are none.
    """
    rows = dataset.filter(pl.col("split") == "train")
    chosen = rows.filter(pl.col("character") == character) if character else rows
    if chosen.is_empty():
        known = ", ".join(sorted(rows["character"].drop_nulls().unique())) or "none"
        wanted = f"of character {character} " if character else ""
        raise GengaError(f"{name}: no training images {wanted}(characters there: {known})")
    return [_example(row, side, name) for row in chosen.iter_rows(named=True)]


def trigger_of(examples: Iterable[Example]) -> str:
    """Return the tag that all captions begin with; empty if they do not begin alike."""
    first = {next(iter(tokens(example.words)), "") for example in examples}
    return first.pop() if len(first) == 1 else ""


def cut_captions(examples: Iterable[Example], loaded: LoadedBase, windows: int = 1) -> int:
    """Return how many captions are longer than the base sees in so many windows: their last tags have no effect."""
    return sum(loaded.seen(example.words, windows) != example.words for example in examples)


def tell_cut_captions(examples: Sequence[Example], loaded: LoadedBase, run: str, windows: int = 1) -> None:
    """Say on stderr how many captions are longer than the base sees, if any are."""
    if cut := cut_captions(examples, loaded, windows):
        note = f"note: train {run}: {cut} of {len(examples)} captions are too long: last tags not seen (see its ledger)"
        print(note, file=sys.stderr)


def _example(row: Mapping, side: int, name: str) -> Example:
    x0, y0, x1, y1 = row["crop_box"]
    cut = Cut((row["scaled_width"], row["scaled_height"]), (x0, y0, x1, y1))
    if any(length % side for length in cut.bucket):
        raise GengaError(
            f"{name}: image {row['image']} is cut to {cut.bucket[0]}x{cut.bucket[1]} px, sides must be multiples of"
            f" {side}; set dataset.bucket_step accordingly"
        )
    return Example(
        image=row["image"],
        still=row["still"],
        crop=row["crop"],
        caption=row["caption"],
        keep_tokens=row["keep_tokens"],
        cut=cut,
        file=(row["shard"], row["offset"], row["size"], row["sha256"]),
        repeats=row["repeats"],
        weight=row["weight"],
        original=(row["width"], row["height"]),
    )
