"""`sample`: a row per picture, or clip, drawn with a checkpoint of a run, or with its base."""

import polars as pl

from genga.tables.schema import SHARD, Schema

PATH = "data/sample/{run}.parquet"

SAMPLE: Schema = {
    "sample": pl.String,  # run/step-prompt-seed
    "step": pl.Int64,  # of the checkpoint; 0: the base without LoRA
    "prompt": pl.Int64,  # 0.., its place in params.yaml; those without the style's word come behind all others
    "prompt_text": pl.String,  # with the trigger in it; of a clip with prompts by frame the first
    "unstyled": pl.Int64,  # the prompt that is the same without the word for the style of clips; null: none
    "seed": pl.Int64,
    **SHARD,
    "width": pl.Int64,  # px
    "height": pl.Int64,
    "frames": pl.Int64,  # of a clip, as its file has them; 1: a picture
    "rate": pl.Float64,  # 1/s at which they play; null: a picture
    # What holds from which frame on; null: prompt_text in all of them.
    "by_frame": pl.List(pl.Struct({"frame": pl.Int64, "text": pl.String})),
}
