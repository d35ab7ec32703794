"""Small checkpoints and LoRAs for tests of merges: a handful of keys, 2x2 numbers; and the names of the real ones."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from genga.params.merge import Params
from genga.params.section import parse_section
from genga.training.merge import Given, merge

UNET = "model.diffusion_model."
IN, OUT, TEXT, VAE, IDS = (
    f"{UNET}input_blocks.1.0.in_layers.2.weight",
    f"{UNET}out.2.weight",
    "cond_stage_model.transformer.text_model.encoder.layers.0.mlp.fc1.weight",
    "first_stage_model.encoder.conv_in.weight",
    "cond_stage_model.transformer.text_model.embeddings.position_ids",
)


def checkpoint(path: Path, *values: float, dtype: torch.dtype = torch.float32, **more: torch.Tensor) -> Path:
    """Write a checkpoint of SD 1.x's layout: 2x2 tensors full of `values` at IN, OUT, TEXT and VAE, and ids."""
    tensors = {
        key: torch.full((2, 2), value, dtype=dtype) for key, value in zip((IN, OUT, TEXT, VAE), values, strict=True)
    }
    return save({**tensors, IDS: torch.arange(3)[None], **more}, path)


def save(tensors: dict[str, torch.Tensor], path: Path) -> Path:
    save_file(tensors, path)
    return path


def given(path: Path, called: str = "") -> Given:
    return Given(
        path, called or path.stem, hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "f" * 64
    )


def params(method: str, **said: object) -> Params:
    """An entry of section `merges`, whose parents are files with any sha256: a merge goes by what it is given."""
    file = {"file": "x.safetensors", "sha256": "0" * 64}
    of_three = {"c": file} if method in ("add_difference", "train_difference") else {}
    return parse_section("merges.mix", Params, {"method": method, "a": file, "b": file, **of_three, **said})


def merged(out: Path, said: Params, *parents: Path) -> dict[str, torch.Tensor]:
    """What a merge of files writes, read by safetensors itself."""
    merge("mix", said, {letter: given(path) for letter, path in zip(said.parents, parents, strict=False)}).write(out)
    return load_file(out)


def save_lora(path: Path, modules: Mapping[str, tuple[torch.Tensor, torch.Tensor, float]]) -> Path:
    """Write a LoRA in kohya's form: down, up and alpha of each module."""
    tensors = {}
    for name, (down, up, alpha) in modules.items():
        tensors |= {
            f"{name}.lora_down.weight": down,
            f"{name}.lora_up.weight": up,
            f"{name}.alpha": torch.tensor(alpha),
        }
    save_file(tensors, path)
    return path


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
