"""What buckets cut off the pictures of a training set."""

import polars as pl


def lost_by_bucket(table: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each bucket, sorted: its width, height, images, and the share of their pictures cut off.

    table: bucket_width, bucket_height, scaled_width, scaled_height.
    """
    kept = pl.col("bucket_width") * pl.col("bucket_height") / (pl.col("scaled_width") * pl.col("scaled_height"))
    by_bucket = table.sort("scaled_width", "scaled_height").group_by("bucket_width", "bucket_height")
    return by_bucket.agg(images=pl.len(), lost=(1 - kept).mean()).sort("bucket_width", "bucket_height")
