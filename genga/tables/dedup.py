"""`dedup`: a row per decoded frame of an episode, which frame stands for it and why."""

import polars as pl

from genga.tables.schema import MOTION, Schema

PATH = "data/dedup/{series}/{episode}.parquet"

DEDUP: Schema = {
    "frame": pl.Int64,
    "shot": pl.Int64,
    # The frame that stands for it: itself if kept; null if it shows no drawing, or one that a person dropped.
    "keeper": pl.Int64,
    # kept, restored (by a person): a still. held, weather, recurring, camera, blend: another frame stands for it.
    # series: a frame of an earlier episode does. stitched: it is part of the keeper's picture.
    # dissolve (and fade), black, flash: no drawing. dropped: by a person.
    "reason": pl.String,
    # Block difference to the keeper; of a kept frame to the drawing before it in its shot; of a series frame that of
    # its drawing to the frame it was found again in. Null where there is none.
    "distance": pl.Float64,
    "keeper_episode": pl.String,  # earlier episode of the series whose frame the keeper is; null: this one
    "asked": pl.String,  # the closest question: is it held (as before it in the shot), recurring; null: none
    "compared": pl.Int64,  # the frame that it was compared with for that
    "difference": pl.Float64,  # block difference to that one, luma levels 0..255
    "threshold": pl.Float64,  # luma levels, up to which the answer is yes: it is held, or recurs
    # Of a frame that the camera moves over: takes a point of it to its place in the keeper's picture; empty: not known.
    # Of a kept frame: to its place in that of `beside`. Null: what is shown is where it is in the keeper's picture.
    "motion": MOTION,
    "beside": pl.Int64,  # of a kept frame at one end of a camera move: the kept frame at the other; null: none
    # Where that picture is another one: boxes (x0, y0, x1, y1) in thousandths of the frame's width and height.
    "unlike": pl.List(pl.List(pl.Int64)),
}
KEPT = ("kept", "restored")  # reasons of the frames that become stills
CAMERA, STITCHED = MOVED = ("camera", "stitched")  # reasons of frames with what is in the keeper's picture elsewhere
