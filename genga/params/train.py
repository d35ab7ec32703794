"""Section `train`: what is trained, and how. docs/training.md says of recipes, methods and optimizers."""

from typing import Annotated, Any, Literal, Optional, Self

from pydantic import AfterValidator, Field, ValidationError, create_model, model_validator

from genga.params.section import Section

Side = Annotated[int, Field(ge=8, le=8192)]  # px


def _said(bounds: list[float | None]) -> list[float | None]:
    """Refuse bounds that say nothing, or leave nothing."""
    least, most = bounds
    if least is None and most is None:
        raise ValueError("has no bound; write [least, most], one of them null where it is open, or leave the key out")
    if least is not None and most is not None and least > most:
        raise ValueError(f"[{least:g}, {most:g}] leaves nothing; write the lower bound first")
    return bounds


Range = Annotated[list[float | None], Field(min_length=2, max_length=2), AfterValidator(_said)]  # least and most


class Scores(Section):
    """What the still of an image scores at least and at most, both included, as stage quality measures it."""

    sharpness: Range | None = None  # luma levels squared; more is sharper
    exposure: Range | None = None  # mean luma, 0..255
    clipped_dark: Range | None = None  # share of pixels at black, 0..1
    clipped_bright: Range | None = None  # share of pixels at white, 0..1
    blockiness: Range | None = None  # ratio; about 1 without blocks, more with them
    text_cover: Range | None = None  # share of the picture under burnt-in text, 0..1
    combing: Range | None = None  # share of pixels where two fields are woven into one frame, 0..1
    colour: Range | None = None  # code values beyond what luma tells; 0 is grey, one tint all over makes little of it
    smear: Range | None = None  # sharpness in the direction in which it is least, beside what is usual: 1
    aesthetic: Range | None = None  # on the scale of the model in that role; without one there is no such score


class Select(Section):
    """Which of the dataset's images are learnt from; what is null leaves none out."""

    tiers: list[Literal["best", "good", "poor", "reject"]] | None = Field(default=None, min_length=1)  # of the still
    kinds: list[Literal["fullbody", "halfbody", "head", "still", "scenery"]] | None = Field(default=None, min_length=1)
    characters: list[str] | None = Field(default=None, min_length=1)
    scores: Scores | None = None
    images: int | None = Field(default=None, ge=1)  # of a character, at most; which ones the seed says


class Clips(Section):
    """What is seen of a clip; of bases that move."""

    length: int | None = Field(default=None, ge=1, le=256)  # frames of a look, a clip's first ones; null: all it has
    stride: int = Field(default=1, ge=1, le=16)  # every so many-th of a clip's frames: 2 halves its rate
    stills: float = Field(default=0.0, ge=0, le=0.9)  # share of looks at the dataset's images, clips of one frame
    stretch: bool = False  # true: positions of a motion module are stretched over clips that are longer than it knows


class Buckets(Section):
    """The sizes at which images are trained, in place of those that the dataset cuts them to."""

    sizes: list[Annotated[list[Side], Field(min_length=2, max_length=2)]] | None = Field(default=None, min_length=1)
    resolution: int | None = Field(default=None, ge=8, le=4096)  # px; or buckets of about this squared
    min: Side = 256  # px, a bucket's shortest side
    max: Side = 1024  # px, a bucket's longest side
    step: int = Field(default=64, ge=8, le=512)  # px that all sides are multiples of

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        """Refuse what says nothing, or two things."""
        if (self.sizes is None) == (self.resolution is None):
            raise ValueError("name either sizes, [[width, height], ...], or a resolution")
        if self.resolution is not None and (self.min % self.step or self.max % self.step):
            raise ValueError(f"min and max must be multiples of step {self.step}, got {self.min} and {self.max}")
        if self.resolution is not None and not self.min <= self.resolution // self.step * self.step <= self.max:
            raise ValueError(f"resolution must be in min..max, {self.min}..{self.max}, got {self.resolution}")
        return self


class _Section(Section):
    """All of section `train` but its phases."""

    seed: int = Field(ge=0, le=2**31 - 1)  # of every random draw; another seed is another run
    threads: int = Field(ge=1, le=256)  # CPU threads of torch; part of the result: another count, other last bits
    launch: str | None  # a configuration of accelerate, to train by several processes; null: by one
    precision: Literal["float32", "float16", "bfloat16"]  # of the arithmetic; the latter two are mixed precision
    speed: Literal["exact", "fast"]  # fast: other last bits, and about half the time; docs/training.md
    gradient_checkpointing: bool  # true: a third slower, far less GPU memory

    select: Select  # which of the dataset's images are learnt from; {}: all
    buckets: Buckets | None  # null: as the dataset has cut them
    clips: Clips  # of moving pictures, for a base that moves; {}: all frames of each clip, and no stills
    enlarge: Literal["opencv", "pillow", "area"]  # images: by whose Lanczos; or by areas, as shrinking is

    epochs: int = Field(ge=1, le=10_000)  # passes over the dataset
    min_steps: int = Field(
        ge=0, le=10_000_000
    )  # train on, past `epochs`, until there are so many steps; 0: no such floor
    max_steps: int = Field(ge=1, le=10_000_000)  # and never more than so many
    batch: int = Field(ge=1, le=1024)  # images of one bucket seen at once
    accumulation: int = Field(ge=1, le=1024)  # batches per optimizer step
    save_every: int = Field(ge=1, le=10_000_000)  # steps between checkpoints; the last step always is one
    save_precision: Literal["float32", "float16", "bfloat16"]  # of the checkpoint's weights

    method: Literal["lora", "dora", "loha", "lokr", "full"]  # full: all weights; else matrices (docs/training.md)
    rank: int = Field(ge=1, le=1024)  # columns of a LoRA's two matrices; its capacity and its size
    alpha: float = Field(gt=0, le=1024)  # the LoRA's output is scaled by alpha / rank; alpha = rank: not at all
    conv_rank: int | None = Field(ge=1, le=1024)  # of convolutions wider than 1x1; null: rank
    conv_alpha: float | None = Field(gt=0, le=1024)  # likewise; null: alpha
    factor: int = Field(ge=-1, le=1024)  # lokr's blocks along a weight's sides, 2..; -1: near the sides' square roots
    modules: Literal["attention", "transformer"]  # attention: q, k, v, out; transformer: also ff and proj, as kohya's
    convolutions: bool  # also the convolutions of the resnets and the down- and upsamplers (LoCon)
    parts: list[str] | None = Field(min_length=1)  # of all that what has such a word in its name; null: all
    expert: Literal["high_noise", "low_noise"] | None = None  # of a base of two transformers the one; null: it has one
    text_encoder: bool  # also attention and MLP of the text encoder

    learning_rate: float = Field(ge=0, le=1)  # of the UNet's matrices, at its highest; 0: they stay as they are
    text_learning_rate: float = Field(ge=0, le=1)  # of the text encoder's, where it is trained
    schedule: Literal["constant", "linear", "cosine"]  # after the warm-up: stay, or fall to 0 at the last step
    warmup: int = Field(ge=0, le=1_000_000)  # steps in which the learning rate rises from 0
    optimizer: Literal["adamw", "adamw8bit", "adafactor", "prodigy", "schedulefree"]  # docs/training.md says of each
    betas: list[Annotated[float, Field(ge=0, lt=1)]] = Field(min_length=2, max_length=2)  # decay of its two averages
    weight_decay: float = Field(ge=0, le=1)  # share of a weight that goes per step, times the learning rate
    ema: float = Field(ge=0, lt=1)  # decay of the average that checkpoints have of what is learnt; 0: no average
    max_grad_norm: float = Field(ge=0, le=1000)  # longest gradient (L2, over all matrices); 0: not clipped

    clip_skip: int = Field(
        ge=1, le=12
    )  # text encoder's layer, from the end: 1 the last, 2 the one before (anime models); no more than it has
    max_tokens: Literal[75, 150, 225]  # of a caption that are seen; more than 75 in windows of 75, as the UIs have it
    caption_dropout: float = Field(ge=0, le=1)  # share of captions replaced by the empty one; 0 never, 1 always
    tag_dropout: float = Field(ge=0, le=1)  # share of tags left out, but for the names in front
    shuffle: bool  # tags in another order each time, but for the names in front
    flip: bool  # mirror half of what is seen; wrong for characters that are not symmetric

    timesteps: Literal["uniform", "logit_normal"]  # how often each is drawn: alike, or those in the middle most
    timestep_scale: float = Field(gt=0, le=10)  # of logit_normal: small the middle alone, 3 and more the ends
    timestep_mean: float = Field(ge=-10, le=10)  # of logit_normal: below 0 less noisy ones, above 0 noisier ones
    shift: float | None = Field(gt=0, le=100)  # of flow matching: 1 none, more: noisier; null: the family's own
    noise_offset: float = Field(ge=0, le=1)  # 0 none; 0.05 lets very dark and very bright pictures be learnt
    multires_iterations: int = Field(ge=0, le=16)  # layers of noise added, coarser from the second on; 0 none
    multires_discount: float = Field(ge=0, le=1)  # strength of each layer against the one before
    input_perturbation: float = Field(ge=0, le=1)  # more noise in what is seen, not in what is asked for; 0 none
    loss: Literal["l2", "huber", "smooth_l1"]  # of a px: the error squared, or beyond huber_delta in proportion to it
    huber_delta: float = Field(gt=0, le=10)  # error of a px up to which it counts as squared; l2 knows of none
    huber_schedule: Literal["constant", "snr", "exponential"]  # at all timesteps huber_delta, or 1 falling to it
    min_snr_gamma: float = Field(ge=0, le=100)  # loss weight min(snr, gamma) / snr; 0: all timesteps weigh the same
    debiased: bool  # loss weight 1 / sqrt(snr), or 1 / (snr + 1) for v; not beside min_snr_gamma
    mask_text: float = Field(ge=0, le=1)  # weight of px under burnt-in text; 0: they are not learnt, 1: as the others
    mask_background: float = Field(ge=0, le=1)  # weight of px outside every person's box; 0 and 1 as above

    held_out: int = Field(
        ge=0, le=10_000
    )  # images by shot, and by episode, whose loss checkpoints are measured by; 0 none
    patience: int = Field(ge=0, le=10_000)  # checkpoints without a lower held-out loss that end the run; 0: none does

    @model_validator(mode="after")
    def _method_has_it(self) -> Self:
        """Refuse what a method or an optimizer has no use for."""
        if self.factor in (0, 1):
            raise ValueError(f"factor {self.factor} divides nothing; set it to -1, or to 2 and more")
        if self.factor > 0 and self.method != "lokr":
            raise ValueError(f"factor is lokr's, and method is {self.method}; set it to -1, or method to lokr")
        if not self.convolutions and (self.conv_rank is not None or self.conv_alpha is not None):
            raise ValueError("conv_rank and conv_alpha are of convolutions; set them to null, or convolutions to true")
        if self.optimizer == "prodigy" and self.text_encoder and self.learning_rate != self.text_learning_rate:
            raise ValueError(
                f"prodigy has one learning rate, and learning_rate is {self.learning_rate:g}, text_learning_rate"
                f" {self.text_learning_rate:g}; set both to 1, or text_encoder to false"
            )
        return self

    @model_validator(mode="after")
    def _nothing_cancels(self) -> Self:
        """Refuse what would take away from each other, or have no effect."""
        if self.debiased and self.min_snr_gamma > 0:
            raise ValueError(
                "debiased and min_snr_gamma both weigh timesteps; set debiased to false, or min_snr_gamma to 0"
            )
        if self.huber_schedule != "constant" and self.huber_delta > 1:
            raise ValueError(
                f"huber_schedule {self.huber_schedule} falls from 1 to huber_delta, which is {self.huber_delta:g}; set"
                " that to 1 or less, or the schedule to constant"
            )
        if self.patience > 0 and self.held_out == 0:
            raise ValueError("patience asks for the held-out loss; set held_out above 0, or patience to 0")
        if self.multires_iterations == 0:
            return self
        if self.noise_offset > 0:
            raise ValueError(
                "noise_offset and multires_iterations do not go together: what divides by the deviation takes a part of"
                " the offset away; set one of them to 0"
            )
        if self.multires_iterations == 1 or self.multires_discount == 0:
            raise ValueError(
                "multires_iterations adds nothing coarser with 1 layer, or a multires_discount of 0; set it to 0, or to"
                " 2 and more with a discount above 0"
            )
        return self


_OF_A_PHASE = (
    "select", "buckets", "clips", "epochs", "min_steps", "max_steps", "batch", "accumulation", "learning_rate",
    "text_learning_rate", "schedule", "warmup", "max_grad_norm", "caption_dropout", "tag_dropout", "shuffle", "flip",
    "timesteps", "timestep_scale", "timestep_mean", "noise_offset", "multires_iterations", "multires_discount",
    "input_perturbation", "loss", "huber_delta", "huber_schedule", "min_snr_gamma", "debiased",
    "mask_text", "mask_background",
)  # fmt: skip
# A field of it says what the section's field says, and may be left out.
_FIELDS: dict[str, Any] = {
    name: (Optional[_Section.model_fields[name].annotation], None)  # noqa: UP045
    for name in _OF_A_PHASE
}
Phase: Any = create_model("Phase", __base__=Section, **_FIELDS)


class Params(_Section):
    phases: list[Phase]  # one after another, each with what differs in it from this section; []: one phase

    @property
    def windows(self) -> int:
        """Of the text encoder, one after another, that a caption may fill."""
        return self.max_tokens // 75

    def phase(self, number: int) -> "Params":
        """Return what holds in a phase, 0..: this section, and over it what the phase says."""
        said = self.phases[number].model_dump(exclude_none=True) if self.phases else {}
        return Params.model_validate({**self.model_dump(), **said, "phases": []})

    @model_validator(mode="after")
    def _phases_hold(self) -> Self:
        """Refuse a phase that does not go with the rest of the section."""
        for number in range(len(self.phases)):
            try:
                self.phase(number)
            except ValidationError as error:
                problem = error.errors()[0]
                key = ".".join(["phases", str(number), *map(str, problem["loc"])])
                raise ValueError(f"{key}: {problem.get('ctx', {}).get('error', problem['msg'].lower())}") from None
        return self
