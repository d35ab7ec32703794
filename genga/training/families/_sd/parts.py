"""The parts of a Stable Diffusion: how each is made of a configuration, and where its tensors stand in a single file.

Configurations are those of the published bases (their JSON files on the hub): facts that a single file does not have.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from genga.training._layouts.sd import Places, autoencoder_places, clip_places, open_clip_places, unet_places

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """A network of a base."""

    network: str  # what its family calls it
    folder: str  # where it lies in a diffusers folder; the base's field of that name
    library: str  # its class, for model_index.json: library and name
    made: Any  # its class
    config: Config  # of the published base
    places: Callable[[Iterable[str]], Places]  # of its parameters in a single file
    # What a single file has besides: buffers and numbers that no network here holds, of its configuration.
    besides: Callable[[Config], dict[str, torch.Tensor]] = lambda config: {}

    @property
    def is_transformers(self) -> bool:
        return self.library.startswith("transformers.")

    def build(self, config: Config) -> Any:
        """Return the network of a configuration, its weights whatever they are."""
        own = {key: value for key, value in config.items() if not key.startswith("_")}
        return self.made(CLIPTextConfig(**own)) if self.is_transformers else self.made.from_config(own)

    def load(self, folder: Any) -> Any:
        """Return the network that lies in a diffusers folder, in float32."""
        dtype = {"dtype" if self.is_transformers else "torch_dtype": torch.float32}
        return self.made.from_pretrained(folder / self.folder, local_files_only=True, use_safetensors=True, **dtype)


@dataclass(frozen=True)
class Kind:
    """A kind of base."""

    name: str  # as people call it
    family: str  # as models.yaml does
    pipeline: str  # its class of diffusers
    parts: tuple[Part, ...]
    tokenizers: tuple[str, ...]  # folders of them, each for a text encoder
    schedule: Config  # of a base that predicts the noise

    @property
    def folders(self) -> list[str]:
        """What a diffusers folder of this kind has."""
        return sorted([*self.tokenizers, *(part.folder for part in self.parts), "scheduler"])


def clip(network: str, prefix: str) -> Part:
    """Return CLIP ViT-L/14's text encoder, its tensors below `prefix` in a single file."""
    return Part(
        network, "text_encoder", "transformers.CLIPTextModel", CLIPTextModel, _CLIP,
        partial(clip_places, prefix=prefix),
        lambda config: {f"{prefix}text_model.embeddings.position_ids": _positions(config)},
    )  # fmt: skip


def open_clip(network: str, prefix: str) -> Part:
    """Return OpenCLIP ViT-bigG/14's text encoder with its projection, its tensors below `prefix` in a single file."""
    return Part(
        network, "text_encoder_2", "transformers.CLIPTextModelWithProjection", CLIPTextModelWithProjection, _OPEN_CLIP,
        partial(open_clip_places, prefix=prefix),
        # Of matching pictures with texts, which nothing here does: ln 100, where CLIP's training stops it.
        lambda config: {f"{prefix}logit_scale": torch.tensor(100.0).log()},
    )  # fmt: skip


def unet(config: Config) -> Part:
    return Part("unet", "unet", "diffusers.UNet2DConditionModel", UNet2DConditionModel, config, unet_places)


def autoencoder(scale: float, size: int) -> Part:
    """Return the autoencoder of SD and SDXL. scale: of its latents; size: px that it was trained at."""
    config = {**_AUTOENCODER, "scaling_factor": scale, "sample_size": size}
    return Part("autoencoder", "vae", "diffusers.AutoencoderKL", AutoencoderKL, config, autoencoder_places)


def _positions(config: Config) -> torch.Tensor:
    return torch.arange(config["max_position_embeddings"])[None]


_CLIP = {
    "vocab_size": 49408, "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
    "num_attention_heads": 12, "max_position_embeddings": 77, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
    "projection_dim": 768, "bos_token_id": 49406, "eos_token_id": 49407, "pad_token_id": 1,
}  # fmt: skip
_OPEN_CLIP = {
    **_CLIP, "hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "num_attention_heads": 20,
    "hidden_act": "gelu", "projection_dim": 1280,
}  # fmt: skip
_AUTOENCODER = {
    "in_channels": 3, "out_channels": 3, "latent_channels": 4, "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2, "norm_num_groups": 32,
}  # fmt: skip
SCHEDULE = {  # of all of them, where the noise is predicted
    "num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
    "clip_sample": False, "steps_offset": 1, "set_alpha_to_one": False, "prediction_type": "epsilon",
}  # fmt: skip
