"""Read images by the rows of a table, one after another: what every stage that looks at pictures begins with."""

from collections.abc import Iterator

import polars as pl

from genga.image import Image
from genga.images import decode
from genga.shards import ShardReader
from genga.tables.schema import only
from genga.tables.shard import SHARD
from genga.tables.stills import STILLS

# The columns of the table stills that its pictures are found by.
OF_STILLS = only(STILLS, "still", *SHARD)


def pictures(rows: pl.DataFrame, key: str, shards: ShardReader) -> Iterator[tuple[str, Image]]:
    """Yield (id, image) for each row, decoded when asked for; `key` is the column of the id.

    Raises GengaError naming the shard or the image if it is missing or damaged.
    """
    for name, *place in rows.select(key, *SHARD).iter_rows():
        yield name, decode(shards.read(*place), name)
