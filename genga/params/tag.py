"""Section `tag`: what the taggers' scores become."""

from typing import Literal

from pydantic import Field

from genga.params.section import Section


class Framing(Section):
    """How much of a figure is in the picture, told from its boxes."""

    portrait: float = Field(ge=1, le=10)  # head heights; a figure cut off below that shows head and shoulders only
    cowboy: float = Field(ge=1, le=10)  # half-body heights from which a figure shows its thighs
    full: float = Field(ge=1, le=10)  # half-body heights from which a figure is whole, even at the frame's edge


class Params(Section):
    # mean: above the threshold; vote: more than half of the taggers that know the tag are above it; mcut: above the
    # widest gap between the picture's means, whatever the threshold (Largeron 2012)
    ensemble: Literal["mean", "vote", "mcut"]
    threshold: float = Field(ge=0, le=1)  # mean score above which a general tag is kept; 0 keeps all, 1 none
    votes: int = Field(ge=0, le=16)  # taggers that must be above the threshold on their own, whatever `ensemble` says
    floor: float = Field(ge=0, le=1)  # mean score from which a tag has a row at all; 0: every tag on every picture
    pad: float = Field(ge=0, le=1)  # how far beyond a person's box the taggers look, share of its longer side
    unknown: Literal["scene", "subject"]  # what a tag is taken for that genga.vocabulary.parts knows no word of
    exclusive: list[Literal["hair_colour", "eye_colour", "hair_length", "mouth"]]  # of these a person has only the best
    framing: Framing
