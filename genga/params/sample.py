"""Section `sample`: the pictures, or clips, drawn with the base and with every checkpoint."""

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from genga.params.section import Section

Prompt = Annotated[str, Field(min_length=1)]
ByFrame = Annotated[dict[int, Prompt], Field(min_length=1)]  # what holds from which frame on; between them it changes
DEFAULT_WINDOW = 16  # that motion modules were made for
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


def _which(value: Any) -> str:
    return "frames" if isinstance(value, dict) else "text"


class Lora(Section):
    """A LoRA beside the checkpoint's own."""

    file: str = Field(pattern=r"^[^{}]+\.safetensors$")  # from the project's folder on
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")  # of that file: it is held to it
    weight: float = Field(default=1.0, ge=-4, le=4)  # times what it changes
    expert: Literal["high_noise", "low_noise"] | None = None  # of a base of two transformers; null: as its header says


class Interpolate(Section):
    """How samples come to a higher rate. A rate alone is by the filter."""

    by: Literal["minterpolate", "model"] = "minterpolate"  # FFmpeg's filter; the model in the role `interpolate`
    rate: float = Field(gt=0, le=120)  # 1/s


class Clips(Section):
    """What is drawn with a base that moves."""

    frames: int = Field(default=16, ge=2, le=1024)  # of a clip
    rate: float = Field(default=8.0, gt=0, le=120)  # 1/s at which they play: that of the clips learnt from
    window: int | None = Field(
        default=None, ge=2, le=1024
    )  # frames that the base sees at once; null: all, or 16 of a motion module
    overlap: int = Field(default=4, ge=1, le=1023)  # frames that a window shares with the one before it
    motion: float = Field(default=1.0, ge=0, le=4)  # scale of attention's keys over time; above 1 more moves
    format: Literal["mp4", "webm", "webp", "gif"] = "mp4"
    interpolate: Interpolate | None = None  # frames put between: a rate, or {by, rate}; null: none
    compare_style: bool = True  # each prompt once more without `clipset.style`, where that is set

    @field_validator("interpolate", mode="before")
    @classmethod
    def _rate_alone(cls, said: Any) -> Any:
        return {"rate": said} if isinstance(said, int | float) and not isinstance(said, bool) else said

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.frames > (window := self.window or DEFAULT_WINDOW) <= self.overlap:
            raise ValueError(f"overlap must be less than the window of {window} frames, got {self.overlap}")
        if self.interpolate is not None and (wanted := self.interpolate.rate) <= self.rate:
            raise ValueError(f"interpolate must be more than rate, {self.rate:g}, got {wanted:g}; or null")
        return self


class Params(Section):
    # {trigger} becomes what the run's captions begin with
    prompts: list[
        Annotated[Annotated[Prompt, Tag("text")] | Annotated[ByFrame, Tag("frames")], Discriminator(_which)]
    ] = Field(min_length=1)
    negative: str  # what every picture should not show; may be empty
    seeds: list[Seed] = Field(min_length=1)  # each prompt is drawn once with each
    width: int = Field(ge=8, le=4096)  # px, a multiple of 8
    height: int = Field(ge=8, le=4096)  # px, a multiple of 8
    steps: int = Field(ge=1, le=1000)  # of the sampler
    guidance: float = Field(ge=1, le=30)  # classifier-free guidance; 1: none, and half the time
    guidance_low_noise: float | None = Field(default=None, ge=1, le=30)  # that of the second of two transformers
    scheduler: Literal["ddim", "dpm++", "euler"]  # dpm++: DPM-Solver++ 2M; all without noise of their own
    batch: int = Field(ge=1, le=1024)  # pictures drawn at once
    threads: int = Field(ge=1, le=256)  # CPU threads of torch; part of the result: another count, other last bits
    precision: Literal["float32", "float16", "bfloat16"]  # of UNet and text encoder
    loras: list[Lora] = []  # beside the checkpoint's own, with the base too
    clips: Clips = Clips()  # of a base that moves; {}: 16 frames at 8 a second

    @model_validator(mode="after")
    def _frames_are_there(self) -> Self:
        """Refuse prompts of frames that are not drawn."""
        for number, prompt in enumerate(self.prompts):
            frames = sorted(prompt) if isinstance(prompt, dict) else [0]
            if frames[0] != 0:
                raise ValueError(f"prompts.{number} must begin at frame 0, got {frames[0]}")
            if frames[-1] >= self.clips.frames:
                last = self.clips.frames - 1
                raise ValueError(
                    f"prompts.{number} has frame {frames[-1]}, the last of a clip is {last} (clips.frames)"
                )
        return self
