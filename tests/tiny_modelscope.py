"""A base of ModelScope's topology with random weights and very few channels, as a diffusers folder."""

from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, TextToVideoSDPipeline, UNet3DConditionModel
from tiny_base import tokenizer
from transformers import CLIPTextConfig, CLIPTextModel

torch.set_num_threads(1)  # these are so small that more threads only wait for each other


def unet(**changes) -> UNet3DConditionModel:
    """ModelScope's UNet with few channels, and one layer a block instead of two."""
    settings = {
        "sample_size": 4, "block_out_channels": (8, 16, 16, 16), "norm_num_groups": 4, "cross_attention_dim": 16,
        "attention_head_dim": 4, "layers_per_block": 1,
    }  # fmt: skip
    return UNet3DConditionModel(**{**settings, **changes})


def save_tiny_modelscope(folder: Path) -> Path:
    """Write the base into `folder`; the same weights every time, and none of them zeros."""
    torch.manual_seed(0)
    words = tokenizer(folder / "words", length=16)
    text = CLIPTextConfig(
        vocab_size=len(words), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=16, bos_token_id=words.bos_token_id, eos_token_id=words.eos_token_id,
        hidden_act="gelu",
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(4, 4, 4, 4), layers_per_block=1, norm_num_groups=2, latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )  # fmt: skip
    network = unet()
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if ".conv4." in name:  # which begin as zeros
                weight.normal_(std=0.1)
    TextToVideoSDPipeline(
        vae=vae, text_encoder=CLIPTextModel(text), tokenizer=words, unet=network,
        scheduler=DDIMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, steps_offset=1,
            set_alpha_to_one=False,
        ),
    ).save_pretrained(folder)  # fmt: skip
    return folder
