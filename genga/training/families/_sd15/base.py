"""A base of Stable Diffusion 1.x in its parts.

It may be of any size, as long as its modules have the names and its VAE the 8x downscaling of SD 1.5.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from genga.errors import GengaError
from genga.training._layouts.sd import CLIP
from genga.training.families._sd import files
from genga.training.families._sd.parts import SCHEDULE, Kind, autoencoder, clip, unet
from genga.training.families._sd.scheduled import Scheduled

KIND = Kind(
    name="Stable Diffusion 1.x",
    family="sd15",
    pipeline="StableDiffusionPipeline",
    parts=(
        unet({
            "sample_size": 64, "in_channels": 4, "out_channels": 4, "cross_attention_dim": 768, "attention_head_dim": 8,
            "block_out_channels": (320, 640, 1280, 1280), "layers_per_block": 2, "norm_num_groups": 32,
            "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
            "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        }),
        clip("text", CLIP["sd15"]),
        autoencoder(scale=0.18215, size=512),
    ),
    tokenizers=("tokenizer",),
    schedule=SCHEDULE,
)  # fmt: skip


@dataclass(frozen=True)
class Base(Scheduled):
    """A loaded base, frozen and in float32; adapters may be put into `unet` and `text_encoder`.

    The libraries' classes carry no types that a checker could use.
    """

    kind: ClassVar[Kind] = KIND
    tokenizer: Any  # transformers.CLIPTokenizer
    text_encoder: Any  # transformers.CLIPTextModel
    vae: Any  # diffusers.AutoencoderKL
    unet: Any  # diffusers.UNet2DConditionModel
    schedule: dict[str, Any]  # the noise scheduler's configuration


def load(path: str | Path) -> Base:
    """Load a base: a diffusers folder, or one `.safetensors` file in the original layout.

    Raises GengaError naming the file or folder that is missing, damaged, or not of the SD 1.x family.
    """
    path = Path(path)
    base = Base(**files.read(path, KIND))
    width, wanted = base.text_encoder.config.hidden_size, base.unet.config.cross_attention_dim
    if width != wanted:
        raise GengaError(f"{path}: the text encoder's width is {width}, the UNet expects {wanted}; not an SD 1.x base")
    return base
