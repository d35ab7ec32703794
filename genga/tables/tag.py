"""`tag`: a row per tag on a still, or on a person in it, that may hold."""

import polars as pl

from genga.tables.schema import Schema

PATH = "data/tag/{series}/{episode}.parquet"

TAG: Schema = {
    "still": pl.String,
    "box": pl.Int64,  # number of the person box; null: the whole still
    "tag": pl.String,  # with underscores
    "category": pl.String,  # general, rating, character, copyright, artist, meta, year, quality, model
    "score": pl.Float64,  # mean over the taggers that know it; the detection's for origin box; 1 for rule and person
    "votes": pl.Int64,  # taggers above the threshold
    # Highest less lowest score of the taggers that know it, 0..1; null: fewer than two do, or it has no row of theirs.
    "disagreement": pl.Float64,
    "origin": pl.String,  # who decided: model, box, shot, persons, read, rule, table, person
    "kept": pl.Boolean,
    "reason": pl.String,  # a key of genga.people.tag_rules.REASONS; "" if kept
}
