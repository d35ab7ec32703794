"""Section `quality`: how good a still is as a picture to learn from. A still is as good as its worst measure."""

from typing import Literal

from pydantic import Field

from genga.params.section import Section


class Sharpness(Section):
    best: float = Field(ge=0)  # variance of the Laplacian at or above which a still can be best
    good: float = Field(ge=0)  # likewise good
    poor: float = Field(ge=0)  # below this it is rejected


class Share(Section):
    best: float = Field(ge=0, le=1)  # share at or below which a still can be best
    good: float = Field(ge=0, le=1)  # likewise good
    poor: float = Field(ge=0, le=1)  # above this it is rejected


class Ratio(Section):
    best: float = Field(ge=0)  # ratio at or below which a still can be best
    good: float = Field(ge=0)  # likewise good
    poor: float = Field(ge=0)  # above this it is rejected


class Params(Section):
    sharpness: Sharpness  # variance of the Laplacian, luma levels squared; higher is sharper
    blockiness: Ratio  # step at block borders over steps elsewhere; 1 is a clean picture
    clipped: Share  # share of pixels at black or white; 1 is a blank picture
    # What counts as burnt-in text. located: what stage shots found to come and go; seen: any text, shop signs too.
    text: Literal["located", "seen"]
    text_cover: Share  # share of the picture under burnt-in text
    combing: Share  # share of pixels where two fields are woven into one frame
