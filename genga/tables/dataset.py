"""`dataset`: a row per training image of a series."""

import polars as pl

from genga.tables.schema import SHARD, Schema

PATH = "data/dataset/{series}.parquet"

TRAIN, HELD_OUT = "train", "held-out"
PRIOR = "prior"  # a side of a run alone (genga.dataset.together): of what it is not to forget
MIRRORED = 0x55  # bits of a byte of a signature that a mirror image turns: of odd frequencies across, the first bit 0
# Of the still, as stage quality measures it; but for `aesthetic`, which is of the image itself.
MEASURES: Schema = {
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
    "aesthetic": pl.Float64,  # on its model's scale, more is better; null: no model plays that role
}
# A caption: tags, sentence or both, and its parts in order, each with what it is and its text, as params.yaml has them.
CAPTION = pl.Struct({"form": pl.String, "parts": pl.List(pl.Struct({"part": pl.String, "text": pl.String}))})
# Of a person: their box, px of the image, which may reach beyond it, and which px of the box are theirs, a PNG of one
# bit (genga.tables.detect); null: all of it counts.
MASK = pl.Struct({**{side: pl.Int64 for side in ("x0", "y0", "x1", "y1")}, "mask": pl.Binary})
DATASET: Schema = {
    "image": pl.String,  # the crop's id, or the still's
    "still": pl.String,
    "crop": pl.String,  # null: the whole still
    "kind": pl.String,  # fullbody, halfbody, head, still (somebody is in it), scenery (nobody was found)
    "shot": pl.String,  # series/episode/number
    "group": pl.String,  # first shot of those that share drawings with this one: never divided by the split
    "split": pl.String,  # train or held-out
    "character": pl.String,  # null: not named, or a whole still
    "outfit": pl.String,
    "tier": pl.String,  # quality of the still, or what a person says of it, or of the image
    **MEASURES,
    "tags": pl.List(pl.String),  # all that hold, with underscores, in the caption's order
    "caption": pl.String,  # the first of them, whole
    "captions": pl.List(CAPTION),  # of which training draws one at each look
    "keep_tokens": pl.Int64,  # words at the caption's front, which shuffling must leave there: in front of its tags
    "repeats": pl.Int64,  # looks per epoch
    "weight": pl.Float64,  # of the loss
    "width": pl.Int64,  # px of the image as it is
    "height": pl.Int64,
    "scaled_width": pl.Int64,  # px to scale it to
    "scaled_height": pl.Int64,
    "crop_box": pl.List(pl.Int64),  # x0 y0 x1 y1 to cut out of the scaled image, exclusive end
    "bucket_width": pl.Int64,  # px of what is left
    "bucket_height": pl.Int64,
    "text": pl.List(pl.List(pl.Int64)),  # lines of burnt-in text: x0 y0 x1 y1, px of the image as it is, exclusive end
    "persons": pl.List(pl.List(pl.Int64)),  # boxes around whom it shows, likewise; of a crop the one person it is of
    "signature": pl.Binary,  # 32 bytes, of the still: twins differ in few bits
    "outline": pl.Binary,  # likewise, of its outlines; null: it has hardly any
    "masks": pl.List(MASK),  # of each of these, in that order; null: nobody says, in all of the series
    **SHARD,
}
