"""`quality`: a row per still, how good it is as a picture."""

import polars as pl

from genga.tables.schema import Schema

PATH = "data/quality/{series}/{episode}.parquet"

TIERS = ("best", "good", "poor", "reject")  # the best first
# A line of burnt-in text, px of the still; x1 and y1 exclusive.
TEXT = pl.Struct({side: pl.Int64 for side in ("x0", "y0", "x1", "y1")})
# A line that was read: where it is, likewise, what stands in it, the mean probability of its letters, and what it is:
# subtitle, mark (both over the picture), sign (in the scene), text (nobody knows which).
READ = pl.Struct(
    {
        **{side: pl.Int64 for side in ("x0", "y0", "x1", "y1")},
        "text": pl.String,
        "score": pl.Float64,
        "kind": pl.String,
    }
)
QUALITY: Schema = {
    "still": pl.String,
    "sharpness": pl.Float64,  # luma levels squared
    "exposure": pl.Float64,  # mean luma, 0..255
    "clipped_dark": pl.Float64,  # share of pixels at black, 0..1
    "clipped_bright": pl.Float64,  # share of pixels at white, 0..1
    "blockiness": pl.Float64,  # ratio; about 1 without blocks
    "text_cover": pl.Float64,  # share of the picture, 0..1
    "combing": pl.Float64,  # share of pixels where two fields are woven, 0..1
    "colour": pl.Float64,  # code values beyond what luma tells; 0 is grey
    # Sharpness in the direction in which it is least, beside the clip's usual: 1; null: of too few stills.
    "smear": pl.Float64,
    "aesthetic": pl.Float64,  # what the model in the role of that name says of it; null: there is none
    "tier": pl.String,  # one of TIERS
    "reason": pl.String,  # the measures that keep it from a better tier; "" for best
    "text": pl.List(TEXT),  # lines of burnt-in text, px of the still
    "read": pl.List(READ),  # lines that the model in the role ocr read, px of the still; null: there is none
    "outline": pl.Binary,  # 32 bytes: a signature of its outlines, whatever its colours; null: it has hardly any
}
