"""A base of the SDXL topology with random weights and very few channels, as a diffusers folder: all of its blocks."""

from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDPMScheduler, StableDiffusionXLPipeline, UNet2DConditionModel
from tiny_base import tokenizer
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

UNET = {
    "sample_size": 4, "block_out_channels": (8, 16, 24), "norm_num_groups": 4, "layers_per_block": 2,
    "transformer_layers_per_block": (1, 2, 10), "attention_head_dim": (2, 2, 4), "cross_attention_dim": 40,
    "use_linear_projection": True, "addition_embed_type": "text_time", "addition_time_embed_dim": 4,
    "projection_class_embeddings_input_dim": 24 + 6 * 4,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
}  # fmt: skip
LENGTH = 16  # tokens of a window


def save_tiny_sdxl(folder: Path, length: int = LENGTH, shallow: bool = False, **schedule) -> Path:
    """Write the base into `folder`; the same weights every time.

    length: tokens of a window; shallow: each transformer has one block, for what trains many steps; schedule: what
    differs from SDXL's.
    """
    torch.manual_seed(0)
    words, words_2 = (tokenizer(folder / name, "!", length) for name in ("words", "words_2"))
    words_2.pad_token = "!"

    def text(width: int, layers: int) -> CLIPTextConfig:
        return CLIPTextConfig(
            vocab_size=len(words),
            hidden_size=width,
            intermediate_size=32,
            num_hidden_layers=layers,
            num_attention_heads=2,
            projection_dim=24,
            max_position_embeddings=length,
            bos_token_id=words.bos_token_id,
            eos_token_id=words.eos_token_id,
        )

    StableDiffusionXLPipeline(
        vae=AutoencoderKL(
            block_out_channels=(4, 4, 4, 4),
            layers_per_block=1,
            norm_num_groups=2,
            latent_channels=4,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            scaling_factor=0.13025,
        ),
        text_encoder=CLIPTextModel(text(16, 3)),
        text_encoder_2=CLIPTextModelWithProjection(text(24, 4)),
        tokenizer=words,
        tokenizer_2=words_2,
        unet=UNet2DConditionModel(**{**UNET, **({"transformer_layers_per_block": (1, 1, 1)} if shallow else {})}),
        scheduler=DDPMScheduler(
            **{
                "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "clip_sample": False,
                "steps_offset": 1, "prediction_type": "epsilon", **schedule,
            }
        ),
        force_zeros_for_empty_prompt=False,
        add_watermarker=False,
    ).save_pretrained(folder)  # fmt: skip
    return folder


VELOCITY = {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True}  # as NoobAI's
