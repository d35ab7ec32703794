"""`clipset`: a row per clip of a series that moving pictures are learnt from."""

import polars as pl

from genga.tables.clips import PICTURES, TAGGED
from genga.tables.dataset import CAPTION
from genga.tables.schema import Schema

PATH = "data/clipset/{series}.parquet"

# What a clip's place in its bucket is: scaled and cut, never padded. As in table dataset.
PLACE: Schema = {
    "scaled_width": pl.Int64,  # px to scale its pictures to
    "scaled_height": pl.Int64,
    "crop_box": pl.List(pl.Int64),  # x0 y0 x1 y1 to cut out of the scaled picture, exclusive end
    "bucket_width": pl.Int64,  # px of what is left
    "bucket_height": pl.Int64,
}
# By what each of its drawings is made larger before it is scaled. `denoise`: as params.yaml:clips.upscale has it.
UPSCALE = pl.Struct({"by": pl.String, "denoise": pl.Int64, "factor": pl.Int64})
CLIPSET: Schema = {
    "clip": pl.String,  # series/episode/000123-000170
    "shot": pl.String,  # series/episode/number, as in table dataset
    "group": pl.String,  # first shot of those that share drawings with this one, as in table dataset
    "split": pl.String,  # TRAIN or HELD_OUT of table dataset: where its images of this group are
    "characters": pl.List(pl.String),  # who is in it, by name, sorted
    "character": pl.String,  # the one who is in it; null: nobody named, or several
    "tier": pl.String,  # the worst tier of its drawings
    "stills": pl.List(pl.String),  # its drawings that are stills, each once, in order
    "tags": pl.List(TAGGED),  # as in table clips
    "caption": pl.String,  # the first of them, whole
    "captions": pl.List(CAPTION),  # of which training draws one at each look
    "keep_tokens": pl.Int64,  # words at the caption's front, which shuffling must leave there
    "repeats": pl.Int64,  # looks per epoch
    "weight": pl.Float64,  # of the loss
    "sample": pl.String,  # one of SAMPLES of table clips
    **PICTURES,
    "width": pl.Int64,  # px of its pictures as they are
    "height": pl.Int64,
    **PLACE,
    "upscale": UPSCALE,  # null: it is not, its pictures are large enough
    "video": pl.String,  # path of the file, relative to the project's folder
    "probe": pl.String,  # path of what probe found of it: by both its pictures are decoded (genga.video.footage)
    "sha256": pl.String,  # of the video's bytes
}
