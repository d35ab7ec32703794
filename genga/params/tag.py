"""Section `tag`: what the taggers' scores become."""

from typing import Annotated, Literal

from pydantic import Field

from genga.params.section import Section

VOCABULARY = "vocabulary"  # the folder of tables from boorus

_Table = Annotated[str, Field(pattern=r"^[^/\\]+$")] | None  # the name of a file in VOCABULARY


class Framing(Section):
    """How much of a figure is in the picture, told from its boxes."""

    portrait: float = Field(ge=1, le=10)  # head heights; a figure cut off below that shows head and shoulders only
    cowboy: float = Field(ge=1, le=10)  # half-body heights from which a figure shows its thighs
    full: float = Field(ge=1, le=10)  # half-body heights from which a figure is whole, even at the frame's edge


class Share(Section):
    """What drawings of one shot, and the people in them, say for each other."""

    shot: float = Field(ge=0.5, le=1)  # share of a shot's drawings beyond which what lasts is on all; 1: never
    persons: bool  # whether a whole still shows of people what holds for one of them; false: what holds for it


class Implied(Section):
    """What boorus say of their tags: CSV with columns antecedent and consequent."""

    implications: _Table  # table in vocabulary/ of tags that go along with others; null: none
    aliases: _Table  # table in vocabulary/ of other names for tags; null: none
    mode: Literal["add", "prune"]  # whether what a kept tag implies is added, or is left out beside it


class Params(Section):
    # mean: above the threshold; vote: more than half of the taggers that know the tag are above it; mcut: above the
    # widest gap between the picture's means, whatever the threshold (Largeron 2012)
    ensemble: Literal["mean", "vote", "mcut"]
    threshold: float = Field(ge=0, le=1)  # mean score above which a general tag is kept; 0 keeps all, 1 none
    votes: int = Field(ge=0, le=16)  # taggers that must be above the threshold on their own, whatever `ensemble` says
    floor: float = Field(ge=0, le=1)  # mean score from which a tag has a row at all; 0: every tag on every picture
    calibration: _Table  # table in vocabulary/ of what scores mean, by `genga calibrate`; null: scores as they are
    pad: float = Field(ge=0, le=1)  # how far beyond a person's box the taggers look, share of its longer side
    unknown: Literal["scene", "subject"]  # what a tag is taken for that genga.vocabulary.parts knows no word of
    exclusive: list[Literal["hair_colour", "eye_colour", "hair_length", "mouth"]]  # of these a person has only the best
    framing: Framing
    share: Share
    read: bool  # whether tags about text follow what was read, where a model reads; false: they are the taggers'
    implied: Implied
    overlap: bool  # whether a tag goes whose words end another that is kept: bow, with hair_bow
    blocklist: list[str]  # tags that are never kept, but where a person adds them to a picture; []: none
