"""Read images by the rows of a table, one after another: what every stage that looks at pictures begins with."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

import polars as pl

from genga.images.codec import decode
from genga.images.image import Image
from genga.jobs.progress import progress
from genga.store.shards import ShardReader
from genga.tables.schema import SHARD

T = TypeVar("T")


def read_images(rows: pl.DataFrame, key: str, what: str, unit: str = "stills") -> Iterator[tuple[str, Image]]:
    """Yield (id, image) for each row, decoded when asked for, with progress on stderr under the name `what`.

    rows: `key`, the column of the id, and SHARD. Raises GengaError naming the shard or the image if it is missing or
    damaged.
    """
    with ShardReader() as shards:
        for name, *place in progress(rows.select(key, *SHARD).iter_rows(), rows.height, what, unit):
            yield name, decode(shards.read(*place), name)


@contextmanager
def reading(rows: pl.DataFrame, key: str) -> Iterator[Callable[[str], Image]]:
    """Give a function that reads an image by its id, as long as the block lasts. rows: as in `read_images`."""
    places = {name: place for name, *place in rows.select(key, *SHARD).iter_rows()}
    with ShardReader() as shards:
        yield lambda name: decode(shards.read(*places[name]), name)


def images_of(rows: pl.DataFrame, key: str, what: str) -> Iterator[Image]:
    """Yield the image of each row, as `read_images` does."""
    yield from (image for _, image in read_images(rows, key, what, "images"))


def batched(items: Iterable[T], size: int, ahead: int = 1) -> Iterator[list[T]]:
    """Yield lists of `size` items, the last one shorter, in order; `ahead` lists are made by a thread meanwhile.

    So what `items` does lazily (read, decode) overlaps with what the caller does; at most `ahead` + 1 lists live.
    """
    source = iter(items)
    with ThreadPoolExecutor(1, "batched") as worker:
        pending = deque(worker.submit(lambda: list(islice(source, size))) for _ in range(ahead))
        try:
            while batch := pending.popleft().result():
                pending.append(worker.submit(lambda: list(islice(source, size))))
                yield batch
        finally:
            for future in pending:
                future.cancel()
