"""Place the images of a training set in their buckets.

Which buckets there are says the section: kohya's, those chosen for the images, or a list (`genga.dataset.buckets`).
"""

from collections.abc import Callable
from functools import partial

import polars as pl

from genga.dataset.buckets import Fit, Size, bucket_sizes, fit, fit_no_upscale, least_lost, sizes_within
from genga.params.dataset import Params
from genga.tables.dataset import DATASET


def placed(images: pl.DataFrame, params: Params) -> pl.DataFrame:
    """The images that are in, in their buckets; one too thin for any is left out."""
    place = _placer(images.filter(reason=""), params)
    fits = [
        place(width, height) if not reason else None
        for width, height, reason in images.select("width", "height", "reason").iter_rows()
    ]
    columns = {name: [None if fit is None else value(fit) for fit in fits] for name, value in _PLACE.items()}
    cut = images.hstack(pl.DataFrame(columns, schema={name: DATASET[name] for name in _PLACE}))
    thin = (pl.col("reason") == "") & pl.col("bucket_width").is_null()
    return cut.with_columns(reason=pl.when(thin).then(pl.lit("bucket")).otherwise("reason"))


def _placer(images: pl.DataFrame, params: Params) -> Callable[[int, int], Fit | None]:
    """The function that places an image of a width and height. images: those that are in."""
    if params.no_upscale:
        return partial(fit_no_upscale, resolution=params.resolution, step=params.bucket_step)
    return partial(fit, sizes=_sizes(images, params))


def _sizes(images: pl.DataFrame, params: Params) -> list[Size]:
    """The buckets: kohya's, those chosen for the images, or those named."""
    if isinstance(params.buckets, list):
        return sorted({(width, height) for width, height in params.buckets})
    sides = (params.resolution, params.bucket_min, params.bucket_max, params.bucket_step)
    if params.buckets == "kohya" or images.is_empty():
        return bucket_sizes(*sides)
    counts = images.group_by("width", "height").len().sort("width", "height")
    found = {(width, height): count for width, height, count in counts.iter_rows()}
    return least_lost(found, sizes_within(*sides, params.bucket_band), params.bucket_count)


_PLACE: dict[str, Callable[[Fit], int | list[int]]] = {
    "scaled_width": lambda fit: fit.scaled[0],
    "scaled_height": lambda fit: fit.scaled[1],
    "crop_box": lambda fit: list(fit.box),
    "bucket_width": lambda fit: fit.bucket[0],
    "bucket_height": lambda fit: fit.bucket[1],
}
