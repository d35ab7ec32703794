"""Section `series`: what is to be known of series by name; others are told by what lies there."""

from pydantic import Field

from genga.params.section import Section


class Params(Section):
    shorts: bool | None = None  # whether its videos are short clips, worked on in packs; null: told by what lies there
    pack: int = Field(default=750, ge=1, le=100_000)  # clips in a pack at most; about two thirds of it in the mean
