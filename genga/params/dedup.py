"""Section `dedup`: which frames show the same drawing, and which of them stands for it."""

from typing import Literal

from pydantic import Field

from genga.params.section import Section


class Params(Section):
    # Block difference (luma levels) from which a frame is a new drawing. null: from the video's noise, shot by shot.
    # 0: every frame is one; 255: none is.
    threshold: float | None = Field(ge=0, le=255)
    # Block difference up to which a drawing is one that was there before, across shots. null: from the video.
    # 0: none is found again.
    recurring: float | None = Field(ge=0, le=255)
    # Bits of 256 by which signatures may differ for the block difference to be asked. 256: all pairs are compared.
    signature: int = Field(ge=0, le=256)
    keep: Literal["sharpest", "first"]  # which frame of a held drawing stands for it
    # What is kept of a camera move over one drawing: both ends, one, the sharpest frame of it, every frame, or one
    # picture stitched of all.
    camera: Literal["ends", "first", "last", "sharpest", "all", "stitched"]
    # Frames that a flash lasts at most: white, or a neighbouring drawing with its light turned up, is no drawing.
    # 0: it is.
    flash: int = Field(ge=0, le=12)
    # Whether burnt-in text that comes, goes or changes makes a new drawing. ignore: what it covers is not compared.
    text: Literal["ignore", "counts"]
    # Whether rain, snow or sparks in front of a picture that stays make new drawings. ignore: only what they pass over.
    weather: Literal["ignore", "counts"]
    # Episodes before this one, in name order, in which its drawings are looked for. 0: each episode keeps its own.
    back: int = Field(ge=0, le=100)
    black: float = Field(ge=0, le=255)  # mean luma plus twice its deviation (code values) under which a frame is black
