"""`sample`: a row per picture drawn with a checkpoint of a run, or with its base."""

import polars as pl

from genga.tables.schema import SHARD, Schema

PATH = "data/sample/{run}.parquet"

SAMPLE: Schema = {
    "sample": pl.String,  # run/step-prompt-seed
    "step": pl.Int64,  # of the checkpoint; 0: the base without LoRA
    "prompt": pl.Int64,  # 0.., its place in params.yaml
    "prompt_text": pl.String,  # with the trigger in it
    "seed": pl.Int64,
    **SHARD,
    "width": pl.Int64,  # px
    "height": pl.Int64,
}
