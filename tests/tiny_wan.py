"""A base of Wan's topology with random weights and very few channels, as a diffusers folder."""

from pathlib import Path

import torch
from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanPipeline, WanTransformer3DModel
from tiny_anima import t5_tokenizer
from transformers import UMT5Config, UMT5EncoderModel

torch.set_num_threads(1)  # these are so small that more threads only wait for each other

TINY = {
    "num_attention_heads": 2, "attention_head_dim": 12, "in_channels": 16, "out_channels": 16, "text_dim": 16,
    "freq_dim": 16, "ffn_dim": 32, "num_layers": 2, "cross_attn_norm": True, "rope_max_seq_len": 32,
}  # fmt: skip


def save_tiny_wan(folder: Path, boundary: float | None = None) -> Path:
    """Write the base into `folder` as diffusers does; the same weights every time. boundary: of two transformers."""
    torch.manual_seed(0)
    words = t5_tokenizer()
    encoder = UMT5Config(
        vocab_size=len(words), d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, dropout_rate=0.0,
    )  # fmt: skip
    WanPipeline(
        tokenizer=words,
        text_encoder=UMT5EncoderModel(encoder),
        transformer=WanTransformer3DModel(**TINY),
        vae=AutoencoderKLWan(base_dim=4, dim_mult=[1, 1, 1, 1], num_res_blocks=1),
        transformer_2=WanTransformer3DModel(**TINY) if boundary else None,
        boundary_ratio=boundary,
        scheduler=UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0),
    ).save_pretrained(folder)
    return folder
