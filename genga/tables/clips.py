"""`clips`: a row per clip of an episode: frames of one shot that may be learnt as moving pictures, kept or not."""

import polars as pl

from genga.tables.schema import Schema

PATH = "data/clips/{series}/{episode}.parquet"

SAMPLES = ("frames", "drawings", "timing")  # how a clip takes its pictures out of the video
# Why a clip is left out, the first that holds: too few pictures; pictures of two sizes; an earlier episode has it; a
# step leads to another picture; hardly any light; burnt-in text; the camera moves; the drawing stays; too much changes
# from step to step.
REASONS = ("short", "size", "again", "cut", "dark", "text", "camera", "frozen", "restless")

SPAN = pl.Struct({"start": pl.Int64, "end": pl.Int64})  # places in the clip, from 0, the end exclusive
# A tag that holds in a clip, and in which of its pictures: all over it is [0, length).
TAGGED = pl.Struct({"tag": pl.String, "score": pl.Float64, "spans": pl.List(SPAN)})
# What of a clip its pictures are decoded by (genga.video.footage), each list as long as the clip.
PICTURES: Schema = {
    "frames": pl.List(pl.Int64),  # whose px are shown, in order; a drawing that is held is one frame again and again
    "times": pl.List(pl.Float64),  # s, of each of these frames in the video
    "keys": pl.List(pl.Float64),  # s, of the last keyframe up to it; null: there is none
    "holds": pl.List(pl.Int64),  # for how many of the video's frames each picture stands
    "rate": pl.Float64,  # 1/s, at which the pictures play, from pts; of drawings their mean rate
}
MOVES: Schema = {
    "drawings": pl.Int64,  # different frames in `frames`
    "drawings_per_second": pl.Float64,  # steps at which another is shown, 1/s of the video
    "held": pl.Float64,  # share of the steps at which none is, 0..1
    "difference": pl.Float64,  # mean over the steps of the largest local difference of luma, 0..255
    "changed": pl.Float64,  # mean over the steps of the share of the picture that changes, 0..1
    "another": pl.Float64,  # most that changes at a step which changes the tones too: much of it is a cut; 0..1
    "camera": pl.Float64,  # share of the frames over which the camera moves, 0..1
    "flicker": pl.Float64,  # mean luma by which the picture turns lighter and darker in turn, 0..255
}
CLIPS: Schema = {
    "clip": pl.String,  # series/episode/000123-000170: first and last frame
    "shot": pl.Int64,
    "first": pl.Int64,  # of the video's frames that it stands for
    "last": pl.Int64,
    "sample": pl.String,  # one of SAMPLES
    **PICTURES,
    "width": pl.Int64,  # px, square pixels
    "height": pl.Int64,
    **MOVES,
    "luma": pl.Float64,  # mean, code value 0..255
    "text": pl.Float64,  # most of the picture that burnt-in text covers in a frame, 0..1
    "tier": pl.String,  # the worst tier of its drawings (quality); null: none of them is a still of this episode
    "stills": pl.List(pl.String),  # its drawings that are stills of this episode, each once, in order
    "tags": pl.List(TAGGED),  # in the order of a caption
    "reason": pl.String,  # one of REASONS; null: kept
}
