"""Section `report`: how much a report shows."""

from pydantic import Field

from genga.params.section import Section


class Params(Section):
    thumbnail: int = Field(ge=32, le=1024)  # px, longest side of a picture in the page; never enlarged
    quality: int = Field(ge=1, le=100)  # of the page's WebP pictures; 1 smallest, 100 best
    max_megabytes: float = Field(gt=0, le=100)  # of all pictures in the page; rows of the grid are left out beyond it
