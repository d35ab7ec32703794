"""Read images by the rows of a table, one after another: what every stage that looks at pictures begins with."""

from collections.abc import Iterator

import polars as pl

from genga.image import Image
from genga.images import decode
from genga.shards import SHARD_SCHEMA, ShardReader
from genga.tables import Schema

# The columns of the table stills that its pictures are found by.
STILLS: Schema = {"still": pl.String, **SHARD_SCHEMA}


def pictures(rows: pl.DataFrame, key: str, shards: ShardReader) -> Iterator[tuple[str, Image]]:
    """Yield (id, image) for each row, decoded when asked for; `key` is the column of the id.

    Raises GengaError naming the shard or the image if it is missing or damaged.
    """
    for name, *place in rows.select(key, *SHARD_SCHEMA).iter_rows():
        yield name, decode(shards.read(*place), name)
