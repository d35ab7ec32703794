"""Section `crop`: what is cut out of the stills."""

from pydantic import Field

from genga.params.section import Section


class LeastSide(Section):
    fullbody: int = Field(ge=1, le=4096)
    halfbody: int = Field(ge=1, le=4096)
    head: int = Field(ge=1, le=4096)


class Text(Section):
    most: float = Field(ge=0, le=1)  # share of a crop under burnt-in text beyond which it is trimmed or left out
    trim: float = Field(ge=0, le=0.9)  # share of a crop's height that may be cut off to be rid of text; 0: never


class Params(Section):
    head_scale: float = Field(ge=1, le=4)  # side of the head's square, times the head's longer side; 1: tight
    least_aspect: float = Field(ge=0, le=1)  # width by height that a narrow person's crop is widened to; 0: never
    least_side: LeastSide  # px; a crop with a shorter side is not kept; 1 keeps all
    text: Text
    repeat: float = Field(
        ge=0, le=1
    )  # IoU with a larger crop of the same person above which a crop repeats it; 1 keeps all
    intrude: float = Field(gt=0, le=1)  # share of somebody else's head in a crop from which they are in the picture too
