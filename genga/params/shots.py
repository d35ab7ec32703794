"""Section `shots`: where shots begin, how one passes into the next, and how the camera moves."""

from pydantic import Field

from genga.params.section import Section


class Params(Section):
    # Fraction of the parts with texture that stay where they were, under which a step is a cut. Higher: fast action is
    # cut to pieces; 0: there are no cuts.
    cut: float = Field(ge=0, le=1)
    # Frames a picture may be away and come back (a flash) without there being a new shot. 0: every flash is two cuts.
    flash: int = Field(ge=0, le=12)
    # Largest part of a change that a mixture of the pictures before and after may leave unexplained, for a dissolve or
    # fade, with the detail that it should have lost. Lower: dissolves over motion are missed; higher: motion is one.
    blend: float = Field(ge=0, le=1)
    # Largest part of a change that moving the whole picture may leave unexplained, for a camera move.
    camera: float = Field(ge=0, le=1)
    # Mean and standard deviation of luma (code values) under which a frame is black.
    black: float = Field(ge=0, le=255)
