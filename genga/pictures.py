"""Read images by the rows of a table, one after another: what every stage that looks at pictures begins with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import polars as pl

from genga.image import Image
from genga.images import decode
from genga.progress import progress
from genga.shards import ShardReader
from genga.tables.schema import SHARD


def pictures(rows: pl.DataFrame, key: str, what: str, unit: str = "stills") -> Iterator[tuple[str, Image]]:
    """Yield (id, image) for each row, decoded when asked for, with progress on stderr under the name `what`.

    rows: `key`, the column of the id, and SHARD. Raises GengaError naming the shard or the image if it is missing or
    damaged.
    """
    with ShardReader() as shards:
        for name, *place in progress(rows.select(key, *SHARD).iter_rows(), rows.height, what, unit):
            yield name, decode(shards.read(*place), name)


@contextmanager
def reading(rows: pl.DataFrame, key: str) -> Iterator[Callable[[str], Image]]:
    """Give a function that reads an image by its id, as long as the block lasts. rows: as in `pictures`."""
    places = {name: place for name, *place in rows.select(key, *SHARD).iter_rows()}
    with ShardReader() as shards:
        yield lambda name: decode(shards.read(*places[name]), name)


def images(rows: pl.DataFrame, key: str, what: str) -> Iterator[Image]:
    """Yield the image of each row, as `pictures` does."""
    yield from (image for _, image in pictures(rows, key, what, "images"))
