"""Section `probe`: what a video file must be to go down the line."""

from typing import Annotated, Literal

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
    # Which of a file's video streams is the picture: the largest, the first, the first marked as default, or the one of
    # this number in the file. Covers are none.
    stream: Literal["largest", "first", "default"] | Annotated[int, Field(ge=0, le=1000)]
    # Whether black bars are part of the picture; cut: frames and stills are without them.
    bars: Literal["keep", "cut"]
    # What shows through transparent px.
    ground: Literal["white", "black"]
