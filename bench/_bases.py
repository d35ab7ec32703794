"""Bases of the Stable Diffusion 1.x topology with random weights: tiny, or of SD 1.5's size."""

import json
import tempfile
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from bench._absent import absent

with absent():
    from genga.training.families._sd15.base import Base
    from genga.training.families.family import LoadedBase
    from genga.training.families.sd15 import FAMILY

__all__ = ["SIZES", "LoadedBase", "load_base", "random_base"]


SCHEDULE: dict[str, Any] = {  # SD 1.5's
    "num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
    "clip_sample": False, "steps_offset": 1, "prediction_type": "epsilon",
}  # fmt: skip
# Of each part what differs from diffusers' and transformers' defaults.
SIZES: dict[str, dict[str, dict[str, Any]]] = {
    "tiny": {
        "unet": {"block_out_channels": (8, 16, 16, 16), "layers_per_block": 1, "norm_num_groups": 4,
                 "cross_attention_dim": 16, "attention_head_dim": 2},
        "vae": {"block_out_channels": (4, 4, 4, 4), "layers_per_block": 1, "norm_num_groups": 2},
        "text": {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2},
    },
    "SD 1.5": {
        "unet": {"cross_attention_dim": 768, "attention_head_dim": 8},
        "vae": {"block_out_channels": (128, 256, 512, 512), "layers_per_block": 2},
        "text": {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12},
    },
}  # fmt: skip
LENGTH = 77  # tokens that the text encoder sees


def load_base(path: Path) -> LoadedBase:
    """Load a base of the Stable Diffusion 1.x family from a diffusers folder or one file."""
    return _named(FAMILY.load(path), path.name)


def _named(base: Base, name: str) -> LoadedBase:
    return LoadedBase(FAMILY, "sd15", base, name, "0" * 64)


def random_base(size: str, device: torch.device) -> LoadedBase:
    """Make a base of one of SIZES on `device`; on the same kind of device the same weights every time."""
    parts, words = SIZES[size], tokenizer()
    torch.manual_seed(0)
    with torch.device(device):
        vae = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            latent_channels=4,
            **parts["vae"],
        )
        unet = UNet2DConditionModel(**parts["unet"])
        about = {"bos_token_id": words.bos_token_id, "eos_token_id": words.eos_token_id, "vocab_size": len(words)}
        text = CLIPTextModel(CLIPTextConfig(max_position_embeddings=LENGTH, **about, **parts["text"]))
    for part in (vae, unet, text):
        part.requires_grad_(False).eval()
    return _named(Base(words, text, vae, unet, SCHEDULE), size)


def tokenizer() -> CLIPTokenizer:
    """A CLIP tokenizer that knows letters and no words, made without a network."""
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789,_()"]
    pieces = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    with tempfile.TemporaryDirectory() as folder:
        vocabulary, merges = Path(folder, "vocab.json"), Path(folder, "merges.txt")
        vocabulary.write_text(json.dumps({piece: number for number, piece in enumerate(pieces)}))
        merges.write_text("#version: 0.2\n")
        return CLIPTokenizer(str(vocabulary), str(merges), model_max_length=LENGTH)
