"""`package`: a row per image of a data set that is given away, the frames that it is made of, and where these are from.

Written by `genga package`, read by `genga rebuild`: what is needed to cut every image out of its video again.
"""

import polars as pl

from genga.tables.dataset import CAPTION, MASK
from genga.tables.schema import Schema

PACKAGE: Schema = {
    "id": pl.String,  # the crop's, or the still's
    "file": pl.String,  # name of its PNG
    "split": pl.String,  # train or held-out
    "caption": pl.String,  # as prompts have it, without backslashes
    "captions": pl.List(CAPTION),
    "tags": pl.List(pl.String),
    "keep_tokens": pl.Int64,  # words at the caption's front that are names
    "kind": pl.String,
    "character": pl.String,  # null: not named, or a whole still
    "outfit": pl.String,
    "tier": pl.String,  # quality of the still
    "repeats": pl.Int64,  # looks per epoch
    "weight": pl.Float64,  # of the loss
    "shot": pl.String,  # series/episode/number
    "still": pl.String,
    "episode": pl.String,  # series/episode
    "frame": pl.Int64,  # of the video
    "box": pl.List(pl.Int64),  # x0 y0 x1 y1 of the still, px, exclusive end; null: all of it
    "width": pl.Int64,  # px of the image
    "height": pl.Int64,
    "lines": pl.List(pl.List(pl.Int64)),  # of burnt-in text: x0 y0 x1 y1, px of the image
    "persons": pl.List(pl.List(pl.Int64)),  # likewise
    # Which px of these are people's, as in table dataset; null: the package has no masks, or nobody says.
    "masks": pl.List(MASK),
    "size": pl.Int64,  # bytes of the PNG
    "sha256": pl.String,  # of the PNG
    "pixels": pl.String,  # sha256 of `height x width` and the RGB bytes: the same whatever wrote the PNG
}
# Of the frames that the stills are of, those that stitched ones are laid together of, and the keyframes before them.
PACKAGE_FRAMES: Schema = {
    "episode": pl.String,
    "frame": pl.Int64,
    "time": pl.Float64,  # s, by which the frame is found in its file
    "keyframe": pl.Boolean,
    "shot": pl.Int64,
    "keeper": pl.Int64,  # frame whose still it is part of; null: a keyframe that is only on the way
    "reason": pl.String,  # as stage dedup has it; null: likewise
}
# Where the videos came from, and the pictures of albums: what `genga fetch` put on record.
PACKAGE_ORIGINS: Schema = {
    "episode": pl.String,  # series/episode
    "frame": pl.Int64,  # of an album; null: the video
    "sha256": pl.String,  # of the file
    "name": pl.String,  # what it was called there
    "kind": pl.String,  # gallery, gifs, torrent, folder
    "origin": pl.String,  # a page's address, or a magnet; "": a place of one's own
    "licence": pl.String,  # as noted when it was fetched; "": nothing was
    "credited": pl.String,  # where it is from, as the site or a sidecar says
}
