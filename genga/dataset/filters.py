"""Which images are worth training on. What is left out is said with its reason.

A shot yields many drawings that differ in a mouth or a blink: beyond `per_shot` images of one kind and character it
teaches nothing new and drowns the others. Of the best tier as many are taken as fit, spread evenly over the shot.
"""

from collections.abc import Sequence

import polars as pl

from genga.params.dataset import Params
from genga.tables.characters import NOBODY
from genga.tables.quality import TIERS

CROPS = ("fullbody", "halfbody", "head")


def choose(images: pl.DataFrame, params: Params) -> pl.DataFrame:
    """Return `images` with a column reason: "" for those that are in, else why not.

    images: image, kind, character, tier, text_cover, colour, smear, width, height, shot (unique in the series), frame;
    of series of short clips same_as, see LEFT_OUT.
    """
    weights = params.weights.model_dump()
    against = {  # the first that holds is the reason
        "kind": pl.col("kind").replace_strict(weights, return_dtype=pl.Float64) == 0,
        "nobody": pl.col("character") == NOBODY,
        "unnamed": pl.col("kind").is_in(CROPS) & pl.col("character").is_null() & (not params.unnamed),
        "tier": ~pl.col("tier").is_in(params.tiers),
        "text": ~pl.col("kind").is_in(CROPS) & (pl.col("text_cover") > params.text),  # crops are freed of it
        "monochrome": pl.col("colour") < params.colour,
        "smeared": (pl.col("smear") < params.smear).fill_null(False),  # of a clip of few stills nothing is known
        "small": pl.min_horizontal("width", "height") < params.min_side,
    }
    reason = pl.coalesce([*(pl.when(holds).then(pl.lit(name)) for name, holds in against.items()), pl.lit("")])
    judged = one_of_each(images.with_columns(reason=reason))
    if not params.per_shot:
        return judged
    picked = [
        image
        for _, rows in judged.filter(reason="").group_by("shot", "character", "kind", maintain_order=True)
        for image in of_shot(rows, params.per_shot)
    ]
    beyond = (pl.col("reason") == "") & ~pl.col("image").is_in(picked)
    return judged.with_columns(reason=pl.when(beyond).then(pl.lit("shot")).otherwise("reason"))


def one_of_each(images: pl.DataFrame) -> pl.DataFrame:
    """Return images with reason `series` for those whose drawing is kept of another clip, and that still in same_as.

    images: image, still, kind, tier, width, height, reason: "" for what may be learnt from; same_as: the still that is
    to stand for this one, null for itself; without it nothing is another's. Of the whole picture, and of each kind of
    crop, what stands for others is kept if it may be learnt from, else the best that may.
    """
    if "same_as" not in images.columns or images["same_as"].null_count() == images.height:
        return images
    known = images["same_as"].drop_nulls().implode()
    whose = images.with_columns(
        group=pl.coalesce("same_as", "still"), cut=pl.when(pl.col("kind").is_in(CROPS)).then("kind")
    )
    grouped = whose.with_columns(several=pl.col("group").is_in(known))
    order = (
        pl.col("still") != pl.col("group"), pl.col("tier").replace_strict(TIERS, range(len(TIERS)), default=len(TIERS)),
        -pl.col("width").cast(pl.Int64) * pl.col("height"), "still",
    )  # fmt: skip
    fit = grouped.filter(pl.col("several") & (pl.col("reason") == "")).sort(order)
    kept = fit.unique(["group", "cut"], keep="first", maintain_order=True).select("group", "cut", kept="still")
    found = grouped.join(kept, on=["group", "cut"], how="left", nulls_equal=True, maintain_order="left")
    found = found.with_columns(kept=pl.coalesce("kept", "group"))
    again = pl.col("several") & (pl.col("still") != pl.col("kept"))
    return found.with_columns(
        reason=pl.when(again).then(pl.lit("series")).otherwise("reason"), same_as=pl.when(again).then("kept")
    ).drop("group", "cut", "several", "kept")


def of_shot(images: pl.DataFrame, count: int) -> list[str]:
    """Return at most `count` images, of the best tiers first, evenly spread in time within the last tier needed.

    images: image, tier, frame.
    """
    picked: list[str] = []
    for tier in TIERS:
        found = images.filter(tier=tier).sort("frame", "image")["image"].to_list()
        room = count - len(picked)
        picked += found if len(found) <= room else evenly(found, room)
    return picked


def evenly(items: Sequence[str], count: int) -> list[str]:
    """Return `count` of the items, evenly spread: each from the middle of one of `count` equal parts."""
    return [items[(2 * part + 1) * len(items) // (2 * count)] for part in range(count)]
