"""Small checkpoints and LoRAs for tests of merges: a handful of keys, 2x2 numbers."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

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


def save(tensors: dict[str, torch.Tensor], path: Path, **metadata: str) -> Path:
    save_file(tensors, path, metadata or None)
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
