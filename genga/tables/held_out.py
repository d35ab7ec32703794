"""`held_out`: what a run's checkpoints say of images that it did not learn from, a row per timestep of each."""

import polars as pl

from genga.tables.schema import Schema

PATH = "models/{run}/held_out.parquet"

BY = ("shot", "episode")  # episode: of one that the run has no image of
HELD_OUT: Schema = {
    "step": pl.Int64,  # of the checkpoint; 0: the base
    "by": pl.String,  # one of BY: what of the images is new to the run
    "timestep": pl.Int64,  # of the noise schedule
    "images": pl.Int64,
    "loss": pl.Float64,  # mean squared error over them, unweighted
}
