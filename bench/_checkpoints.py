"""Checkpoints of the real sizes: names and shapes of SD 1.5 and SDXL without numbers, and files of random ones."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from genga.training._layouts import sd
from genga.training._layouts.sd import CLIP, OPEN_CLIP, UNET
from genga.training._merge.layout import Source
from genga.training._merge.lora import modules_of
from genga.training.tensor_file import Entry, write_file

NAMES = {"sd15": "SD 1.5", "sdxl": "SDXL"}


def real_unet(kind: str) -> UNet2DConditionModel:
    """SD 1.5's or SDXL's UNet as they are, on torch's meta device: names and shapes without numbers."""
    with torch.device("meta"):
        if kind == "sd15":
            return UNet2DConditionModel(cross_attention_dim=768)
        return UNet2DConditionModel(
            block_out_channels=(320, 640, 1280),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=2048, attention_head_dim=(5, 10, 20), transformer_layers_per_block=(1, 2, 10),
            use_linear_projection=True, addition_embed_type="text_time", addition_time_embed_dim=256,
            projection_class_embeddings_input_dim=2816,
        )  # fmt: skip


def real_vae() -> AutoencoderKL:
    """The autoencoder of both, likewise."""
    with torch.device("meta"):
        return AutoencoderKL(
            block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4,
            down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        )  # fmt: skip


def real_texts(kind: str) -> dict[str, torch.nn.Module]:
    """The text encoders, likewise, by the folders that they lie in."""
    with torch.device("meta"):
        small = CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12)
        found: dict[str, torch.nn.Module] = {"text_encoder": CLIPTextModel(small)}
        if kind == "sdxl":
            big = CLIPTextConfig(hidden_size=1280, intermediate_size=5120, num_hidden_layers=32,
                                 num_attention_heads=20, projection_dim=1280)  # fmt: skip
            found["text_encoder_2"] = CLIPTextModelWithProjection(big)
    return found


def shapes(kind: str) -> dict[str, tuple[int, ...]]:
    """Return every tensor of a published checkpoint by its original name."""
    texts = {name: module.state_dict() for name, module in real_texts(kind).items()}
    unet, vae = real_unet(kind).state_dict(), real_vae().state_dict()
    parts = [
        (unet, sd.unet_places(unet)),
        (vae, sd.autoencoder_places(vae)),
        (texts["text_encoder"], sd.clip_places(texts["text_encoder"], CLIP[kind])),
    ]
    if kind == "sdxl":
        parts.append((texts["text_encoder_2"], sd.open_clip_places(texts["text_encoder_2"], OPEN_CLIP)))
    return {key: tuple(of.shape) for state, places in parts for key, of in sd.outside(places, state).items()}


def source(kind: str) -> Source:
    """Return a checkpoint as a merge sees it, whose tensors cannot be read."""
    entries = {key: Entry(shape, torch.float16, lambda: torch.empty(0)) for key, shape in shapes(kind).items()}
    return Source(kind, "a", "0", entries, {}, kind)


def write_random(path: Path, kind: str, seed: int) -> None:
    """Write a checkpoint of random numbers, float16."""
    _write(path, shapes(kind), seed)


def write_zeros(path: Path, kind: str) -> None:
    """Write a checkpoint of zeros, float16, that takes no room on a disk: after the header the file is a hole."""
    header, place = {}, 0
    for key, shape in sorted(shapes(kind).items()):
        ends = [place, place := place + 2 * torch.Size(shape).numel()]
        header[key] = {"dtype": "F16", "shape": shape, "data_offsets": ends}
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + place)


def write_random_lora(path: Path, kind: str, rank: int) -> None:
    """Write a LoRA of the modules that kohya's sd-scripts trains by default, as they are in diffusers."""
    checkpoint, wanted = source(kind), {}
    by_place = {module: name for name, module in modules_of(checkpoint).items()}
    for module, name in by_place.items():
        if ".transformer_blocks." in module.key or not module.key.startswith(UNET):
            rows, *rest = checkpoint.entries[module.key].shape
            wanted[f"{name}.lora_down.weight"] = (rank, *rest)
            wanted[f"{name}.lora_up.weight"] = (rows // (1 if module.third is None else 3), rank)
    _write(path, wanted, 9)


def _write(path: Path, wanted: Mapping[str, tuple[int, ...]], seed: int) -> None:
    entries = {
        key: Entry(shape, torch.float16, _random(shape, seed * 100_000 + number))
        for number, (key, shape) in enumerate(sorted(wanted.items()))
    }
    write_file(path, entries, {})


def _random(shape: tuple[int, ...], seed: int) -> Callable[[], torch.Tensor]:
    return lambda: (0.02 * torch.randn(shape, generator=torch.Generator().manual_seed(seed))).half()
