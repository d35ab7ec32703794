"""Section `models`: which models the line uses."""

from typing import Literal

from pydantic import Field

from genga.params.section import Section


class Params(Section):
    use: Literal["embedded", "published"]  # embedded: the small ones in demo/, that know the drawn world only
    folder: str = Field(
        pattern=r"^[^{}]+$"
    )  # where published model files lie, put there by `genga models pull` or by hand
    device: Literal["auto", "cpu", "cuda"]  # auto: cuda where there is one, and says when it falls back
    batch: int = Field(ge=1, le=1024)  # images read at once; on a GPU a model sees them together
