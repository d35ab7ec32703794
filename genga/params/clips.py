"""Section `clips`: how an episode is divided into clips, which pictures they take, and which are worth learning; how
these are made larger, and exports faster.
"""

from typing import Annotated, Literal

from pydantic import Field

from genga.params.section import Section

Rate = Annotated[float, Field(gt=0, le=240)]  # 1/s


class Upscale(Section):
    """How drawings are made larger that are smaller than their bucket asks."""

    by: Literal["realcugan", "waifu2x"]
    denoise: Literal[
        -1, 0, 3
    ]  # -1: by the model that changes least; 0: edges made sharp; 3: the noise of codecs removed
    above: float = Field(ge=1, le=8)  # enlargement beyond which it is worth it; less is left to a filter


class Interpolate(Section):
    """How exports come to a higher rate: with pictures between the drawings."""

    by: Literal["minterpolate", "model"]  # FFmpeg's filter; the model in the role `interpolate`
    rate: Rate


class Params(Section):
    # frames: at a rate; drawings: each drawing once, its hold kept as data; timing: as the shot is drawn, on threes 8/s
    sample: Literal["frames", "drawings", "timing"]
    length: int = Field(ge=2, le=1024)  # pictures of a clip
    rate: Rate | None  # of frames, 1/s; null: the video's own
    stride: int = Field(ge=1, le=64)  # of frames: one of so many at that rate
    slowest: int = Field(ge=1, le=24)  # of timing: frames that a drawing is held; a shot that holds longer has none
    overlap: float = Field(ge=0, lt=1)  # share of a clip that the next one shows again; 0: none

    upscale: Upscale | None  # null: none is, and what is too small is enlarged by a filter
    interpolate: Interpolate | None  # null: exports play at the clip's own rate

    # Limits beyond which a clip is left out.
    cut: float = Field(ge=0, le=1)  # share of the picture that changes in one step, tones and all; 1: no matter
    dark: float = Field(ge=0, le=255)  # mean luma, code value, below which it is dark; 0: none is
    text: float = Field(ge=0, le=1)  # share of the picture under burnt-in text; 1: none is left out
    camera: float = Field(ge=0, le=1)  # share of its frames over which the camera moves; 1: none is left out
    frozen: float = Field(ge=0, le=240)  # drawings per second below which it stands still; 0: none does
    restless: float = Field(ge=0, le=1)  # share of the picture that changes from step to step, in the mean; 1: none is

    vote: float = Field(ge=0, le=1)  # share of the pictures of a stretch in which a tag has to hold there
    lasting: float = Field(ge=0, le=1)  # share of a clip for which a tag has to hold, or not to hold, to count
