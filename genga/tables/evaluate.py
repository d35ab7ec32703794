"""`evaluate`: a row per sample of a run, how it was judged."""

import polars as pl

from genga.tables.schema import Schema

PATH = "data/evaluate/{run}.parquet"

EVALUATE: Schema = {
    "sample": pl.String,
    "step": pl.Int64,  # 0: the base
    "prompt": pl.Int64,
    "seed": pl.Int64,
    "character": pl.String,  # whose images it is compared with; null: all of the run's
    "box": pl.List(pl.Int64),  # x0 y0 x1 y1 of the person who was compared, px of the sample; null: the whole sample
    "recognition_v1": pl.Float64,  # against the deciding references
    "recognition_v2": pl.Float64,  # likewise
    "recognition_train": pl.Float64,  # definition 1 against the train split
    "adherence": pl.Float64,
    "nearest_image": pl.List(pl.String),  # training images by the embedder, the nearest first, one of a frame
    "nearest_still": pl.List(pl.String),  # the frames they come from
    "nearest_difference": pl.List(pl.Float64),
    "copy_image": pl.String,  # the nearest training image by pixels
    "copy_still": pl.String,
    "copy_difference": pl.Float64,  # 0..1
    "copies": pl.Boolean,  # nearer by pixels than held-out drawings are; false where there are too few to tell
}
