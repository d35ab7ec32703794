"""Section `embed`: which crops the character embedder looks at."""

from typing import Literal

from pydantic import Field

from genga.params.section import Section


class Params(Section):
    kinds: list[Literal["fullbody", "halfbody", "head"]] = Field(min_length=1)
