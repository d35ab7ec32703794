"""Section `detect`: where people are."""

from pydantic import Field

from genga.params.section import Section


class Confidence(Section):
    person: float = Field(ge=0, le=1)
    halfbody: float = Field(ge=0, le=1)
    head: float = Field(ge=0, le=1)
    face: float = Field(ge=0, le=1)


class Overlap(Section):
    person: float = Field(ge=0, le=1)
    halfbody: float = Field(ge=0, le=1)
    head: float = Field(ge=0, le=1)
    face: float = Field(ge=0, le=1)


class Params(Section):
    confidence: Confidence  # score above which a box counts, 0..1; higher: fewer false boxes, more people missed
    overlap: Overlap  # IoU above which the weaker of two boxes of a kind is dropped, 0..1; 1 drops none
    least_side: int = Field(ge=1, le=4096)  # px; a box with a shorter side is dropped; 1 keeps all
    contain: float = Field(gt=0, le=1)  # share of a part that must lie in a person box to be that person's
