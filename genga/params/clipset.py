"""Section `clipset`: which clips of a series are learnt from, how often, and by which word for their style.

Sizes, captions and what is held out are as section `dataset` has them.
"""

from pydantic import Field

from genga.params.dataset import Word
from genga.params.section import Section


class Weights(Section):
    """Weight of a clip's loss by who is in it, 1: as it is; 0: such clips are left out."""

    somebody: float = Field(ge=0, le=10)
    scenery: float = Field(ge=0, le=10)  # nobody is


class Params(Section):
    style: Word | None  # a word in front of each caption's tags for what they all are, such as anime; null: none
    weights: Weights
    per_shot: int = Field(ge=0, le=10_000)  # clips of a shot, evenly spread; 0: any number
    max_repeats: int = Field(ge=1, le=100)  # looks per epoch at a clip of the character who has fewest; 1: no balance
