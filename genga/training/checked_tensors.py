"""Tensors in a safetensors file that are to the bit what was written: its metadata has the sha256 of the rest."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import safetensors
import torch
from safetensors.torch import save_file

from genga.errors import GengaError
from genga.store.files import SEAL, replacing

Tensors = Mapping[str, torch.Tensor]


def save(path: str | Path, tensors: Tensors, metadata: Mapping[str, str]) -> None:
    """Write tensors and words, whole or not at all. Raises GengaError if there is no room."""
    with replacing(path) as temporary:
        try:
            save_file(dict(tensors), temporary, {**metadata, SEAL: _sha256(tensors, metadata)})
        except safetensors.SafetensorError as error:
            raise GengaError(f"{path}: cannot be written ({error}); make room, and run again") from error


def load(path: str | Path) -> tuple[dict[str, torch.Tensor], dict[str, str]] | None:
    """Return what `save` wrote, None if the file is damaged. Raises OSError if there is none."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except safetensors.SafetensorError:
        return None
    return (tensors, metadata) if metadata.pop(SEAL, "") == _sha256(tensors, metadata) else None


def _sha256(tensors: Tensors, metadata: Mapping[str, str]) -> str:
    digest = hashlib.sha256(json.dumps(dict(metadata), sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
