"""Section `describe`: which images the model in the role `caption` describes."""

from typing import Literal

from pydantic import Field

from genga.params.section import Section


class Params(Section):
    kinds: list[Literal["still", "fullbody", "halfbody", "head"]] = Field(max_length=4)  # whole stills, crops; []: none
