"""Section `probe`: what a video file must be to go down the line."""

from typing import Literal

from pydantic import Field

from genga.params.section import Section


class Params(Section):
    # Part of the steps between frames that may differ from the usual one before the frame rate counts as variable.
    uneven: float = Field(ge=0, le=1)
    # Frames decoded, in eight stretches over the video, to see what its fields are, and whether it weaves. Under 24: as
    # the file says, and it does not.
    looked_at: int = Field(ge=1, le=1000)
    # What is done about fields. auto: what the pictures call for; else that, whatever they show.
    fields: Literal["auto", "progressive", "deinterlace", "telecine"]
    # Whether the picture is held still that weaves as film does in its gate. auto: if it does.
    weave: Literal["auto", "always", "never"]
