"""Section `sample`: the pictures drawn with the base and with every checkpoint."""

from typing import Annotated, Literal

from pydantic import Field

from genga.params.section import Section

Prompt = Annotated[str, Field(min_length=1)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Params(Section):
    prompts: list[Prompt] = Field(min_length=1)  # {trigger} becomes what the run's captions begin with
    negative: str  # what every picture should not show; may be empty
    seeds: list[Seed] = Field(min_length=1)  # each prompt is drawn once with each
    width: int = Field(ge=8, le=4096)  # px, a multiple of 8
    height: int = Field(ge=8, le=4096)  # px, a multiple of 8
    steps: int = Field(ge=1, le=1000)  # of the sampler
    guidance: float = Field(ge=1, le=30)  # classifier-free guidance; 1: none, and half the time
    scheduler: Literal["ddim", "dpm++", "euler"]  # dpm++: DPM-Solver++ 2M; all without noise of their own
    batch: int = Field(ge=1, le=1024)  # pictures drawn at once
    threads: int = Field(ge=1, le=256)  # CPU threads of torch; part of the result: another count, other last bits
    precision: Literal["float32", "float16", "bfloat16"]  # of UNet and text encoder
