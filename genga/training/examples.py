"""The images that a run learns from, as the dataset gives them."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from genga.errors import GengaError
from genga.tables.dataset import DATASET
from genga.tables.schema import SHARD, only
from genga.training.captions import tokens
from genga.training.families.sd15 import VAE_SCALE, Base, length_of
from genga.training.transforms import Cut

# The dataset's columns that training reads.
OF_DATASET = only(
    DATASET,
    "image",
    "still",
    "crop",
    "split",
    "character",
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
class Picture:
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


def pictures_of(dataset: pl.DataFrame, character: str, name: str) -> list[Picture]:
    """Return the training images of a character (all characters if empty), in the dataset's order.

    name: the dataset's file, for messages. Raises GengaError if there are none.
    """
    rows = dataset.filter(pl.col("split") == "train")
    found = rows.filter(pl.col("character") == character) if character else rows
    if found.is_empty():
        known = ", ".join(sorted(rows["character"].drop_nulls().unique())) or "none"
        wanted = f"of character {character} " if character else ""
        raise GengaError(f"{name}: no training images {wanted}(characters there: {known})")
    return [_picture(row, name) for row in found.iter_rows(named=True)]


def trigger_of(pictures: Iterable[Picture]) -> str:
    """Return the tag that all captions begin with; empty if they do not begin alike."""
    first = {next(iter(tokens(picture.caption)), "") for picture in pictures}
    return first.pop() if len(first) == 1 else ""


def cut_captions(pictures: Iterable[Picture], base: Base) -> int:
    """Return how many captions are longer than the text encoder sees: their last tags have no effect."""
    limit = base.tokenizer.model_max_length - 2
    return sum(length_of(base, picture.caption) > limit for picture in pictures)


def tell_cut_captions(pictures: Sequence[Picture], base: Base, run: str) -> None:
    """Say on stderr how many captions are longer than the text encoder sees, if any are."""
    if cut := cut_captions(pictures, base):
        note = f"note: train {run}: {cut} of {len(pictures)} captions are too long: last tags not seen"
        print(note, file=sys.stderr)


def _picture(row: Mapping, name: str) -> Picture:
    x0, y0, x1, y1 = row["crop_box"]
    cut = Cut((row["scaled_width"], row["scaled_height"]), (x0, y0, x1, y1))
    if any(side % VAE_SCALE for side in cut.bucket):
        raise GengaError(
            f"{name}: image {row['image']} is cut to {cut.bucket[0]}x{cut.bucket[1]} px, sides must be multiples of"
            f" {VAE_SCALE}; set dataset.bucket_step accordingly"
        )
    return Picture(
        image=row["image"],
        still=row["still"],
        crop=row["crop"],
        caption=row["caption"],
        keep_tokens=row["keep_tokens"],
        cut=cut,
        file=(row["shard"], row["offset"], row["size"], row["sha256"]),
        repeats=row["repeats"],
        weight=row["weight"],
    )
