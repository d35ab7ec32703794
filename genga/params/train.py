"""Section `train`: how a LoRA is trained. docs/training.md gives the values of published recipes."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from genga.params.section import Section


class Params(Section):
    seed: int = Field(ge=0, le=2**31 - 1)  # of every random draw; another seed is another run
    threads: int = Field(ge=1, le=256)  # CPU threads of torch; part of the result: another count, other last bits
    launch: str | None  # a configuration of accelerate, to train by several processes; null: by one
    precision: Literal["float32", "float16", "bfloat16"]  # of the arithmetic; the latter two are mixed precision
    gradient_checkpointing: bool  # true: a third slower, far less GPU memory

    epochs: int = Field(ge=1, le=10_000)  # passes over the dataset
    min_steps: int = Field(
        ge=0, le=10_000_000
    )  # train on, past `epochs`, until there are so many steps; 0: no such floor
    max_steps: int = Field(ge=1, le=10_000_000)  # and never more than so many
    batch: int = Field(ge=1, le=1024)  # images of one bucket seen at once
    accumulation: int = Field(ge=1, le=1024)  # batches per optimizer step
    save_every: int = Field(ge=1, le=10_000_000)  # steps between checkpoints; the last step always is one
    save_precision: Literal["float32", "float16", "bfloat16"]  # of the checkpoint's weights

    method: Literal["lora", "full"]  # lora: matrices beside the base's; full: all its weights (a fine-tune)
    rank: int = Field(ge=1, le=1024)  # columns of a LoRA's two matrices; its capacity and its size
    alpha: float = Field(gt=0, le=1024)  # the LoRA's output is scaled by alpha / rank; alpha = rank: not at all
    modules: Literal["attention", "transformer"]  # attention: q, k, v, out; transformer: also ff and proj, as kohya's
    convolutions: bool  # also the convolutions of the resnets and the down- and upsamplers (LoCon)
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

    noise_offset: float = Field(ge=0, le=1)  # 0 none; 0.05 lets very dark and very bright pictures be learnt
    multires_iterations: int = Field(ge=0, le=16)  # layers of noise added, coarser from the second on; 0 none
    multires_discount: float = Field(ge=0, le=1)  # strength of each layer against the one before
    min_snr_gamma: float = Field(ge=0, le=100)  # loss weight min(snr, gamma) / snr; 0: all timesteps weigh the same

    @property
    def windows(self) -> int:
        """Of the text encoder, one after another, that a caption may fill."""
        return self.max_tokens // 75

    @model_validator(mode="after")
    def _nothing_cancels(self) -> Self:
        """Refuse what would take away from each other, or have no effect."""
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
