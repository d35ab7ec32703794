"""Bases of the families at their published sizes, on torch's meta device: shapes without numbers."""

from types import SimpleNamespace
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_qwenimage import AutoencoderKLQwenImage
from diffusers.models.condition_embedders.condition_embedder_anima import AnimaTextConditioner
from diffusers.models.transformers.transformer_cosmos import CosmosTransformer3DModel
from transformers import Qwen3Config, Qwen3Model

from bench._bases import tokenizer
from genga.training.families import anima, sd15, sdxl
from genga.training.families._anima.base import SHIFT
from genga.training.families._anima.base import Base as AnimaBase
from genga.training.families._sd15.base import KIND as SD15
from genga.training.families._sd15.base import Base as Sd15Base
from genga.training.families._sdxl.base import KIND as SDXL
from genga.training.families._sdxl.base import Base as SdxlBase
from genga.training.families.family import LoadedBase

META = torch.device("meta")

# Cosmos-Predict2 2B as Anima has it, and Qwen3 0.6B: what differs from diffusers' and transformers' defaults.
_TRANSFORMER: dict[str, Any] = {
    "in_channels": 16, "out_channels": 16, "num_attention_heads": 16, "attention_head_dim": 128, "num_layers": 28,
    "mlp_ratio": 4.0, "text_embed_dim": 1024, "adaln_lora_dim": 256, "max_size": (128, 240, 240),
    "patch_size": (1, 2, 2), "rope_scale": (1.0, 4.0, 4.0), "concat_padding_mask": True,
    "extra_pos_embed_type": None,
}  # fmt: skip
_QWEN: dict[str, Any] = {
    "vocab_size": 151_936, "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28,
    "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128,
}  # fmt: skip


class _Words:
    """A tokenizer of one token a word: of texts there is their length alone."""

    eos_token_id = 1

    def __call__(self, text: str, **_: Any) -> SimpleNamespace:
        return SimpleNamespace(input_ids=[0] * len(text.split()))


def full_size(family: str) -> LoadedBase:
    """Return a base of a family at its published size."""
    if family == "anima":
        return LoadedBase(anima.FAMILY, family, _anima(), family, "0" * 64)
    kind, made, known = {"sd15": (SD15, Sd15Base, sd15.FAMILY), "sdxl": (SDXL, SdxlBase, sdxl.FAMILY)}[family]
    with META:
        networks = {part.folder: part.build(part.config).requires_grad_(False).eval() for part in kind.parts}
    words = {folder: tokenizer() for folder in kind.tokenizers}
    return LoadedBase(known, family, made(**words, **networks, schedule=dict(kind.schedule)), family, "0" * 64)


def _anima() -> AnimaBase:
    with META:
        base = AnimaBase(
            words=_Words(),
            t5_words=_Words(),
            text_encoder=Qwen3Model(Qwen3Config(**_QWEN)),
            adapter=AnimaTextConditioner(),
            transformer=CosmosTransformer3DModel(**_TRANSFORMER),
            vae=AutoencoderKLQwenImage(),
            shift=SHIFT,
        )
    for part in (base.text_encoder, base.adapter, base.transformer, base.vae):
        part.requires_grad_(False).eval()
    base.transformer.register_to_config(concat_padding_mask=False)  # as where a base is loaded
    return base
