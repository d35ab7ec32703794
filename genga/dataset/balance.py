"""How often each image is seen in an epoch: rare sorts as often as common ones, series and prior images by their share.

Prior images are counted as kohya's sd-scripts count regularisation images (`DreamBoothDataset`): as many looks as all
others have, one more at the first ones where that does not divide; of more images than that some are not used.
"""

import hashlib
from collections.abc import Mapping, Sequence

import polars as pl

from genga.tables.dataset import TRAIN


def balanced(images: pl.DataFrame, balance: Sequence[str], most: int) -> pl.DataFrame:
    """Return images with repeats: a character's of one sort are seen as often as those of the commonest, or nearly.

    images: split, character, kind, outfit, tags. balance: what tells sorts apart beside the character: kind, outfit,
    view. most: looks at an image in an epoch at most. What is held out, and what is of nobody, is seen once.
    """
    training = (pl.col("split") == TRAIN) & pl.col("character").is_not_null()
    count = training.sum().over("character", *(_SORTS[by] for by in balance))
    wanted = (count.filter(training).max() / count).round().clip(1, most).cast(pl.Int64)
    return images.with_columns(repeats=pl.when(training).then(wanted).otherwise(pl.lit(1, dtype=pl.Int64)))


def _seen_from() -> pl.Expr:
    """From where an image shows somebody: the first of these tags that it has; "" of those from the front."""
    ways = ("from_behind", "back_turned", "from_side", "profile", "from_above", "from_below")
    return pl.coalesce(*(pl.when(pl.col("tags").list.contains(way)).then(pl.lit(way)) for way in ways), pl.lit(""))


# What tells images of a character apart that are to be seen equally often.
_SORTS = {"kind": pl.col("kind"), "outfit": pl.col("outfit"), "view": _seen_from()}


def by_series(repeats: Mapping[str, int], weights: Mapping[str, float]) -> dict[str, int]:
    """Return repeats with which the looks of each series are to each other as their weights.

    repeats: of each image, by its id, which begins with the series. weights: of series; 1 of those not named. None has
    fewer looks than before. What does not divide goes to images drawn by their ids.
    """
    looks: dict[str, int] = {}
    for image, count in repeats.items():
        looks[_series_of(image)] = looks.get(_series_of(image), 0) + count
    most = max((count / weights.get(series, 1.0) for series, count in looks.items()), default=0.0)
    found: dict[str, int] = {}
    for series, count in looks.items():
        wanted = round(weights.get(series, 1.0) * most)
        exact = {image: own * wanted / count for image, own in repeats.items() if _series_of(image) == series}
        whole = {image: int(share) for image, share in exact.items()}
        order = sorted(exact, key=lambda image: (whole[image] - exact[image], _drawn(image)))
        more = {*order[: wanted - sum(whole.values())]}
        found |= {image: number + (image in more) for image, number in whole.items()}
    return found


def prior_repeats(images: Sequence[str], looks: int) -> dict[str, int]:
    """Return how often each prior image is seen where others have so many looks; those that are not used are not in it.

    images: their ids; which come first is drawn by these.
    """
    order = sorted(images, key=_drawn)
    each, more = divmod(looks, max(len(order), 1))
    return {image: each + (place < more) for place, image in enumerate(order) if each + (place < more)}


def _series_of(image: str) -> str:
    return image.partition("/")[0]


def _drawn(image: str) -> bytes:
    return hashlib.sha256(image.encode()).digest()
