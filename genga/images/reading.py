"""Read images by the rows of a table, one after another: what every stage that looks at pictures begins with."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any, TypeVar

import polars as pl

from genga.images.codec import decode
from genga.images.image import Image, Pictures, Prepare
from genga.jobs.script import progress
from genga.store.shards import ShardReader
from genga.tables.schema import SHARD

T = TypeVar("T")
U = TypeVar("U")

Look = tuple[str, Pictures]  # id, and what is looked at of its image
Views = Callable[[str, Image], Iterable[Image]]  # of an image by its id: what is looked at of it


def read_images(rows: pl.DataFrame, key: str, what: str, unit: str = "stills") -> Iterator[tuple[str, Image]]:
    """Yield (id, image) for each row, decoded when asked for, with progress on stderr under the name `what`.

    rows: `key`, the column of the id, and SHARD. Raises GengaError naming the shard or the image if it is missing or
    damaged.
    """
    with ShardReader() as shards:
        for name, *place in progress(rows.select(key, *SHARD).iter_rows(), rows.height, what, unit):
            yield name, decode(shards.read(*place), name)


def whole(_: str, image: Image) -> list[Image]:
    """The one view of an image that is looked at as it is."""
    return [image]


def prepared(
    rows: pl.DataFrame,
    key: str,
    what: str,
    models: Iterable[Prepare],
    batch: int,
    threads: int,
    views: Views = whole,
    unit: str = "stills",
) -> Iterator[list[Look]]:
    """Yield the images of the rows in batches, in order, each decoded once and prepared once for equal `models`.

    Twice `threads` threads work ahead of whoever looks at a batch, by at most one more: so much and no more is in
    memory, however many rows there are. Twice, as a small model takes half as long for an image on `threads` threads.
    rows, key, what, errors: as in `read_images`.
    """
    how = list(dict.fromkeys(models))
    with ShardReader() as shards:

        def look(row: tuple[Any, ...]) -> Look:
            name, *place = row
            images = list(views(name, decode(shards.read(*place), name)))
            return name, Pictures(images, [{one: one(image) for one in how} for image in images])

        made = ahead(look, rows.select(key, *SHARD).iter_rows(), 2 * threads, batch)
        with closing(made):
            looks = iter(progress(made, rows.height, what, unit))
            while some := list(islice(looks, batch)):
                yield some


def ahead(work: Callable[[T], U], items: Iterable[T], threads: int, most: int) -> Generator[U]:
    """Yield work(item) for each item, in order; `threads` threads do `most` at a time that nobody has asked for yet."""
    source = iter(items)
    with ThreadPoolExecutor(threads, "ahead") as workers:
        pending = deque(workers.submit(work, item) for item in islice(source, most))
        try:
            while pending:
                done = pending.popleft().result()
                pending.extend(workers.submit(work, item) for item in islice(source, 1))
                yield done
                del done  # not to be kept until the next one is there
        finally:
            for future in pending:
                future.cancel()


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
