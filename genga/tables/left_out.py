"""`left out`: a row per candidate of a series that is not in its dataset, with the reason."""

import polars as pl

from genga.tables.schema import Schema

PATH = "data/dataset/left-out/{series}.parquet"

# A row for every candidate that is not in the dataset.
LEFT_OUT: Schema = {
    "image": pl.String,
    "still": pl.String,
    "crop": pl.String,  # null: the whole still
    "kind": pl.String,
    "character": pl.String,
    "tier": pl.String,  # as in table dataset
    # series (another clip shows it), kind (weight 0), nobody, unnamed, tier, text, monochrome, smeared, small, shot
    # (enough of that shot), bucket (too thin)
    "reason": pl.String,
    "same_as": pl.String,  # of reason series: the still that is kept, of the clip that this one repeats; else null
}
