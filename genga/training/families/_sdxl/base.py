"""A base of Stable Diffusion XL in its parts.

It may be of any width, as long as its modules have the names of SDXL and its VAE the 8x downscaling.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from genga.errors import GengaError
from genga.training._layouts.sd import CLIP, OPEN_CLIP
from genga.training._layouts.unet import Levels
from genga.training.families._sd import files
from genga.training.families._sd.parts import SCHEDULE, Kind, autoencoder, clip, open_clip, unet
from genga.training.families._sd.scheduled import Scheduled

KIND = Kind(
    name="Stable Diffusion XL",
    family="sdxl",
    pipeline="StableDiffusionXLPipeline",
    parts=(
        unet({
            "sample_size": 128, "in_channels": 4, "out_channels": 4, "cross_attention_dim": 2048,
            "attention_head_dim": (5, 10, 20), "block_out_channels": (320, 640, 1280), "layers_per_block": 2,
            "transformer_layers_per_block": (1, 2, 10), "use_linear_projection": True, "norm_num_groups": 32,
            "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
            "projection_class_embeddings_input_dim": 2816,
        }),
        clip("text", CLIP["sdxl"]),
        open_clip("text_2", OPEN_CLIP),
        autoencoder(scale=0.13025, size=1024),
    ),
    tokenizers=("tokenizer", "tokenizer_2"),
    schedule=SCHEDULE,
)  # fmt: skip

LEVELS = Levels(layers=2, attending=frozenset({0, 1}))  # of every SDXL: what names in files go by


@dataclass(frozen=True)
class Base(Scheduled):
    """A loaded base, frozen and in float32; adapters may be put into the UNet and the text encoders."""

    kind: ClassVar[Kind] = KIND
    tokenizer: Any  # transformers.CLIPTokenizer
    tokenizer_2: Any  # the same vocabulary, filled up with "!" instead of the end
    text_encoder: Any  # transformers.CLIPTextModel
    text_encoder_2: Any  # transformers.CLIPTextModelWithProjection
    vae: Any  # diffusers.AutoencoderKL
    unet: Any  # diffusers.UNet2DConditionModel
    schedule: dict[str, Any]  # the noise scheduler's configuration

    @property
    def encoders(self) -> tuple[tuple[Any, Any], ...]:
        """Each text encoder with its tokenizer, in the order of their widths in what the UNet is told."""
        return (self.tokenizer, self.text_encoder), (self.tokenizer_2, self.text_encoder_2)


def load(path: str | Path) -> Base:
    """Load a base: a diffusers folder, or one `.safetensors` file in the original layout.

    Raises GengaError naming the file or folder that is missing, damaged, or not of the SDXL family.
    """
    path = Path(path)
    base = Base(**files.read(path, KIND))
    width = sum(encoder.config.hidden_size for _, encoder in base.encoders)
    if width != (wanted := base.unet.config.cross_attention_dim):
        raise GengaError(f"{path}: the text encoders' width is {width}, the UNet expects {wanted}; not an SDXL base")
    if (levels := Levels.of(base.unet.state_dict())) != LEVELS:
        raise GengaError(f"{path}: the UNet has {levels.layers} layers a level, or attention elsewhere than SDXL's")
    if base.unet.config.addition_embed_type != "text_time":
        raise GengaError(f"{path}: the UNet takes no sizes of images; not an SDXL base")
    return base
