"""Section `overview`: how the episodes of a series are shown beside each other."""

from pydantic import Field

from genga.params.section import Section


class Params(Section):
    odd: float = Field(ge=1, le=100)  # usual distances from the series' median beyond which a figure is marked
    closest: int = Field(ge=0, le=1000)  # decisions of the whole series listed, those of the smallest margin; 0: none
