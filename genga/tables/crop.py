"""`crop`: a row per person cut out of a still, or left out with the reason."""

import polars as pl

from genga.tables.schema import SHARD, Schema, without

PATH = "data/crop/{series}/{episode}.parquet"

KINDS = ("fullbody", "halfbody", "head")
CROP: Schema = {
    "crop": pl.String,  # <still>-<box>-<kind>
    "still": pl.String,
    "box": pl.Int64,  # number of the person box
    "kind": pl.String,  # one of KINDS
    "x0": pl.Int64,  # px of the still
    "y0": pl.Int64,
    "x1": pl.Int64,  # exclusive
    "y1": pl.Int64,
    "width": pl.Int64,  # px
    "height": pl.Int64,
    "kept": pl.Boolean,
    "reason": pl.String,  # small: a side is too short; repeat: nearly a larger crop of this person; text; "" if kept
    "text": pl.Float64,  # share of it under burnt-in text, 0..1
    "tags": pl.List(pl.String),  # in the order of a caption
    "decided": pl.List(pl.String),  # of which lines of people say whether they hold; no rule changes them
    "aesthetic": pl.Float64,  # how good it looks by itself; null where not kept, or where no model says it
    **SHARD,  # null where not kept
}
PLAN = without(CROP, "aesthetic", *SHARD)  # what is known of a crop before it is cut out
