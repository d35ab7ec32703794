"""`evaluate`: a row per sample of a run, how it was judged. Of a clip means are over the frames that are looked at."""

import polars as pl

from genga.tables.schema import Schema

PATH = "data/evaluate/{run}.parquet"

EVALUATE: Schema = {
    "sample": pl.String,
    "step": pl.Int64,  # 0: the base
    "prompt": pl.Int64,
    "seed": pl.Int64,
    "character": pl.String,  # whose images it is compared with; null: all of the run's
    "box": pl.List(pl.Int64),  # x0 y0 x1 y1 of who was compared, px of the sample, of a clip's middle look; null: all
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
    # Of a clip; null of a picture. A figure's range is that of drawn clips (genga.evaluation.drawn_clips).
    "dynamics": pl.Float64,  # way of what moves most, in shares of the shorter side a second
    "held": pl.Float64,  # share of its steps in which nothing moves
    "hold": pl.Float64,  # s that its longest held picture stands
    "flicker": pl.Float64,  # code values by which pixels leave what they are before and after
    "warping": pl.Float64,  # code values left between a frame and the one before brought to its place
    "identity": pl.Float64,  # share of pairs of its frames that show the same person
    "outside": pl.List(pl.String),  # which of these are outside the range
    "freezes": pl.Boolean,  # `hold` is above the range
    "moves": pl.Float64,  # 1: as drawn clips do; 0: not at all
    "nearest_clip": pl.List(pl.String),  # training clips by the embedder, the nearest first
    "nearest_clip_frame": pl.List(pl.Int64),  # the frame of each that is nearest
    "nearest_clip_difference": pl.List(pl.Float64),
    "caption_clip": pl.List(pl.String),  # training clips whose captions have most in common with the prompt
    "caption_overlap": pl.List(pl.Float64),  # share of the words of both that both have
}
