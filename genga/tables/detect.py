"""`detect`: a row per box around a person, or a part of one, in a still."""

import polars as pl

from genga.tables.schema import Schema, without

PATH = "data/detect/{series}/{episode}.parquet"

KINDS = ("person", "halfbody", "head", "face")
DETECT: Schema = {
    "still": pl.String,
    "box": pl.Int64,  # number within the still, persons first
    "kind": pl.String,  # one of KINDS
    "x0": pl.Int64,  # px of the still
    "y0": pl.Int64,
    "x1": pl.Int64,  # exclusive
    "y1": pl.Int64,
    "score": pl.Float64,  # the detector's, 0..1
    "model": pl.String,
    "person": pl.Int64,  # `box` of the person this belongs to; itself for a person; null if none
    # Of a person, where a model plays the role segment: which px of the box are somebody's, a PNG of one bit, 256 px of
    # its longer side at most; null: nobody says.
    "mask": pl.Binary,
}
BOXES = without(DETECT, "mask")
