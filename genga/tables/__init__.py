"""The tables that stages hand on to each other: a module a table, with its columns, its words and its path.

candidates      `candidates`: what may become a training image, within stage dataset; it is not written.
characters      `characters`: a row per kept crop of a series, who is on it.
crop            `crop`: a row per person cut out of a still, or left out with the reason.
dataset         `dataset`: a row per training image of a series.
dedup           `dedup`: a row per decoded frame of an episode, which frame stands for it and why.
detect          `detect`: a row per box around a person, or a part of one, in a still.
embed           `embed`: a row per crop that the character embedder looked at.
evaluate        `evaluate`: a row per sample of a run, how it was judged.
exposure_sheet  The exposure sheet of an episode: a row per stretch in which one drawing is on screen. It is exported,
                as CSV.
frames          `frames`: a row per decoded frame of an episode.
ledger          `ledger`: a row per look of a run at a training image, in the order of training.
left_out        `left out`: a row per candidate of a series that is not in its dataset, with the reason.
losses          `losses`: a row per step of a run.
places          Where what stages hand on lies below the project's folder: `data/<stage>/<series>/<episode>.parquet`
                and the like.
quality         `quality`: a row per still, how good it is as a picture.
sample          `sample`: a row per picture drawn with a checkpoint of a run, or with its base.
schema          Columns and their types: how a table is declared, and a part of one.
shots           `shots`: a row per shot of an episode.
stills          `stills`: a row per kept drawing of an episode, and where its image is.
tag             `tag`: a row per tag on a still, or on a person in it, that may hold.
"""
