"""`clips left out`: a row per clip of a series that is not in its clip set, with the reason."""

import polars as pl

from genga.tables.schema import Schema

PATH = "data/clipset/left-out/{series}.parquet"

CLIPS_LEFT_OUT: Schema = {
    "clip": pl.String,
    # one of REASONS of table clips, or kind (weight 0), tier, small, series (clips of another episode show it), bucket
    # (too thin), shot (enough of that shot)
    "reason": pl.String,
    "same_as": pl.String,  # of reason series: the clip that is kept and shows most of its drawings; else null
}
