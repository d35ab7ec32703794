"""Section `evaluate`: how a run's samples are judged, and which checkpoint is selected."""

from typing import Annotated, Literal

from pydantic import Field

from genga.params.section import Section

Kind = Literal["fullbody", "halfbody", "head"]


class Clips(Section):
    """How clips are judged, of a run whose base moves."""

    frames: int = Field(default=8, ge=2, le=256)  # of a clip, evenly spread, that are looked at as pictures
    drawn: int = Field(default=64, ge=2, le=10_000)  # clips of the series, evenly spread, that say how it moves
    inside: float = Field(default=0.9, gt=0.5, lt=1)  # share of these that the range of a figure holds


class Params(Section):
    kinds: Annotated[list[Kind], Field(min_length=1)]  # crops of the dataset that samples are compared with
    crop_person: bool  # cut the person out of a sample before comparing it, as the dataset's crops were
    min_held_out: int = Field(ge=1)  # images; with fewer held-out ones recognition is measured against the train split
    nearest: int = Field(ge=1, le=16)  # training images named for each sample
    fidelity: float = Field(gt=0, le=10)  # a of the F score; above 1 recognition counts for more than adherence
    select_by: Literal["corrected", "published"]  # which score selects the checkpoint; both are always reported
    copy_quantile: float = Field(gt=0, lt=1)  # share of held-out drawings as near to a training image as a copy is
    resamples: int = Field(ge=100, le=100_000)  # of the bootstrap; fewer is faster, intervals jump about more
    confidence: float = Field(gt=0.5, lt=1)  # of the intervals
    seed: int = Field(ge=0)  # of the bootstrap
    clips: Clips = Clips()  # of a base that moves; {}: 8 frames of each
