"""Bases of the families at their published sizes, on torch's meta device: shapes without numbers."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_qwenimage import AutoencoderKLQwenImage
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.models.condition_embedders.condition_embedder_anima import AnimaTextConditioner
from diffusers.models.transformers.transformer_cosmos import CosmosTransformer3DModel
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from diffusers.models.unets.unet_motion_model import MotionAdapter, UNetMotionModel
from transformers import Qwen3Config, Qwen3Model, UMT5Config, UMT5EncoderModel

from bench._bases import tokenizer
from genga.training.families import anima, animatediff, modelscope, sd15, sdxl, wan
from genga.training.families._anima.base import SHIFT
from genga.training.families._anima.base import Base as AnimaBase
from genga.training.families._modelscope.base import KIND as MODELSCOPE
from genga.training.families._modelscope.base import Base as FilmBase
from genga.training.families._moving.common import spare_memory
from genga.training.families._sd15.base import KIND as SD15
from genga.training.families._sd15.base import Base as Sd15Base
from genga.training.families._sdxl.base import KIND as SDXL
from genga.training.families._sdxl.base import Base as SdxlBase
from genga.training.families._wan.base import EXPERTS
from genga.training.families._wan.base import Base as WanBase
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


# UMT5-XXL; and what Wan 2.1 of 1.3 billion has that differs from the one of 14 billion, which is diffusers' default.
_UMT5: dict[str, Any] = {
    "vocab_size": 256_384, "d_model": 4096, "d_kv": 64, "d_ff": 10_240, "num_layers": 24, "num_heads": 64,
}  # fmt: skip
_WAN_SMALL: dict[str, Any] = {"num_attention_heads": 12, "ffn_dim": 8960, "num_layers": 30}


class _Words:
    """A tokenizer of one token a word: of texts there is their length alone."""

    eos_token_id = 1

    def __call__(self, text: str, max_length: int = 0, **_: Any) -> SimpleNamespace:
        ids = torch.zeros(1, max_length, dtype=torch.long, device=META) if max_length else [0] * len(text.split())
        return SimpleNamespace(input_ids=ids, attention_mask=torch.ones(1, max_length, device=META))


class _Encoder(UMT5EncoderModel):
    """Of its size, and without its operations: on the meta device it asks whether a mask is all ones."""

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> SimpleNamespace:
        states = torch.zeros(*input_ids.shape, self.config.d_model, device=META, dtype=self.dtype)
        return SimpleNamespace(last_hidden_state=states)


def full_size(family: str, expert: str | None = None) -> LoadedBase:
    """Return a base of a family at its published size; expert: of Wan 2.2's two transformers of 14 billion the one."""
    if family == "anima":
        return LoadedBase(anima.FAMILY, family, _anima(), family, "0" * 64)
    if family == "wan":
        return LoadedBase(wan.FAMILY, family, _wan(expert), family, "0" * 64)
    if family == "animatediff":
        return LoadedBase(animatediff.FAMILY, family, _animatediff(), family, "0" * 64)
    kind, made, known = {
        "sd15": (SD15, Sd15Base, sd15.FAMILY), "sdxl": (SDXL, SdxlBase, sdxl.FAMILY),
        "modelscope": (MODELSCOPE, FilmBase, modelscope.FAMILY),
    }[family]  # fmt: skip
    with META:
        networks = {part.folder: part.build(part.config).requires_grad_(False).eval() for part in kind.parts}
    if family == "modelscope":
        unet = networks["unet"]
        unet.enable_gradient_checkpointing = lambda: spare_memory(unet)  # as where a base is loaded
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


def _animatediff() -> Sd15Base:
    base: Sd15Base = full_size("sd15").base
    with META:
        unet: Any = UNetMotionModel.from_unet2d(base.unet, MotionAdapter(use_motion_mid_block=True))
    unet.requires_grad_(False).eval()
    unet.enable_gradient_checkpointing = lambda: spare_memory(unet)
    return replace(base, unet=unet)


def _wan(expert: str | None) -> WanBase:
    name = "transformer" if expert is None else EXPERTS[expert]
    with META:
        base = WanBase(
            words=_Words(),
            text_encoder=_Encoder(UMT5Config(**_UMT5)),
            loaded={name: WanTransformer3DModel(**(_WAN_SMALL if expert is None else {}))},
            vae=AutoencoderKLWan(),
            scheduler={},
            index={"boundary_ratio": None if expert is None else 0.875},
            expert=expert,
        )
    for part in (base.text_encoder, base.transformer, base.vae):
        part.requires_grad_(False).eval()
    return base
