"""Turn every kept crop into the character embedder's vector, from which the stage characters tells who is who."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from genga.images.image import Image, Pictures
from genga.params.embed import Params
from genga.tables.crop import CROP
from genga.tables.schema import SHARD, only

OF_CROP = only(CROP, "crop", "kind", "kept", *SHARD)

Features = Callable[[Sequence[Image]], npt.NDArray[np.float32]]  # N images -> (N, d)


def wanted(crops: pl.DataFrame, params: Params) -> pl.DataFrame:
    """Return the rows of the table crop to look at: kept, of the kinds in `params`."""
    return crops.filter(pl.col("kept") & pl.col("kind").is_in(params.kinds))


def embed(
    crops: pl.DataFrame, images: Iterable[Sequence[tuple[str, Sequence[Image]]]], features: Features, model: str
) -> pl.DataFrame:
    """Return the features of the crops (EMBED), in their order.

    crops: rows of the table crop. images: batches of (crop, its one image), in the same order. model: its name, for
    the rows.
    """
    of = [_column(features(Pictures.joined(one for _, one in batch))) for batch in images]
    return crops.select(
        "crop",
        "kind",
        pl.concat([pl.Series("feature", [], pl.List(pl.Float32)), *of], rechunk=True),
        pl.lit(model, dtype=pl.String).alias("model"),
    )


def _column(vectors: npt.NDArray[np.float32]) -> pl.Series:
    return pl.Series("feature", vectors, pl.Array(pl.Float32, vectors.shape[1])).cast(pl.List(pl.Float32))
