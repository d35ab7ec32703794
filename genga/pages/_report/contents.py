"""What a run's images show: each character in each outfit, and which tags hold for them, how sure the taggers were."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from genga.errors import GengaError
from genga.tables.dataset import DATASET, TRAIN
from genga.tables.schema import only
from genga.tables.tag import TAG

OF_DATASET = only(DATASET, "image", "kind", "split", "character", "outfit", "tags")
OF_TAG = only(TAG, "tag", "category", "score", "disagreement", "kept")

MOST_PICTURES = 6  # of a character in an outfit
MOST_TAGS = 40  # those that most images have
_KINDS = ("fullbody", "halfbody", "head", "still", "scenery")  # the first of these there is shows most of an outfit


def worn(dataset: pl.DataFrame, character: str | None) -> list[dict[str, Any]]:
    """Return each character and outfit, the commonest first: on how many images of each side, and some to show.

    dataset: OF_DATASET. character: whom the run learns; None: everybody.
    """
    named = dataset.drop_nulls("character").sort("image")
    own = named if character is None else named.filter(character=character)
    found = [
        {
            "character": name,
            "outfit": outfit,
            "train": rows.filter(split=TRAIN).height,
            "held_out": rows.filter(pl.col("split") != TRAIN).height,
            "images": _some(rows),
        }
        for (name, outfit), rows in own.group_by("character", "outfit", maintain_order=True)
    ]
    return sorted(found, key=lambda one: (-one["train"] - one["held_out"], one["character"], one["outfit"] or ""))


def _some(rows: pl.DataFrame) -> list[str]:
    """Images of the kind that shows most, those of training first, evenly over the series. rows: sorted."""
    kind = next(kind for kind in _KINDS if kind in rows["kind"].to_list())
    shown = rows.filter(kind=kind)
    trained = shown.filter(split=TRAIN)
    images = (shown if trained.is_empty() else trained)["image"].to_list()
    count = min(MOST_PICTURES, len(images))
    return [images[(2 * place + 1) * len(images) // (2 * count)] for place in range(count)]


def noted(tables: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the issues that people noted of tags and characters, the open ones first.

    tables: by path, the lines of each (genga.decisions.issues), or what is wrong with it. Raises GengaError for that.
    """
    for said in tables.values():
        if isinstance(said, str):
            raise GengaError(said)
    every = [{"file": path, **line} for path, lines in tables.items() for line in lines]
    return sorted(every, key=lambda one: _STATES.index(one["state"]))


_STATES = ("open", "fixed", "kept")


def commonest(dataset: pl.DataFrame, tags: pl.DataFrame, character: str | None) -> list[dict[str, Any]]:
    """Return the tags that most training images have: on how many, which share, and what the taggers said of them.

    dataset: OF_DATASET. tags: OF_TAG of all episodes: mean score and disagreement are over pictures where it is kept;
    None where no two taggers know it.
    """
    trained = dataset.filter(split=TRAIN)
    own = trained if character is None else trained.filter(character=character)
    counts = own.select(tag=pl.col("tags").list.unique()).explode("tag").drop_nulls().group_by("tag").len("images")
    said = (
        tags.filter(pl.col("kept") & (pl.col("category") == "general"))
        .group_by("tag")
        .agg(score=pl.col("score").sort().mean().round(4), disagreement=pl.col("disagreement").sort().mean().round(4))
    )
    top = counts.sort("images", "tag", descending=[True, False]).head(MOST_TAGS)
    return top.join(said, on="tag", how="left", maintain_order="left").with_columns(
        share=(pl.col("images") / max(own.height, 1)).round(4)
    ).to_dicts()  # fmt: skip
