"""Section `review`: how an episode is shown to a person who checks it."""

from pydantic import Field

from genga.params.section import Section


class Params(Section):
    thumbnail: int = Field(ge=32, le=512)  # px, longest side of a kept drawing; never enlarged
    quality: int = Field(ge=1, le=100)  # of these WebP pictures; 1 smallest, 100 best
    max_megabytes: float = Field(gt=0, le=100)  # of them in a page; beyond it they are made smaller, down to 32 px
    closest: int = Field(ge=0, le=100)  # decisions shown side by side, those of the smallest margin; 0: none
