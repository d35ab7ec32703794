"""Safetensors files that are equal to the byte for equal content: whatever is learnt is written as one.

The header's keys are sorted (safetensors leaves metadata in random order), tensors stand by the size of their numbers
and then by name. Written tensor by tensor: no second copy of a large model is in memory.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load_file

from genga.errors import GengaError
from genga.store.files import replacing

Tensors = dict[str, torch.Tensor]

_NAMES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
    torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
}  # fmt: skip


def write(path: str | Path, tensors: Tensors, metadata: Mapping[str, str]) -> str:
    """Write a file with `metadata` and `sshs_model_hash`, whole or not at all; returns its sha256.

    sshs_model_hash: the sha256 of all bytes after the header, by which UIs know a model.
    """
    ordered = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))
    content = hashlib.sha256()
    for name in ordered:
        content.update(_bytes(tensors[name]))
    head = _header(tensors, ordered, {**metadata, "sshs_model_hash": content.hexdigest()})
    whole = hashlib.sha256(head)
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(head)
        for name in ordered:
            data = _bytes(tensors[name])
            whole.update(data)
            file.write(data)
    return whole.hexdigest()


def _header(tensors: Tensors, ordered: list[str], metadata: Mapping[str, str]) -> bytes:
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    end = 0
    for name in ordered:
        tensor = tensors[name]
        start, end = end, end + tensor.numel() * tensor.element_size()
        header[name] = {"dtype": _NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [start, end]}
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the format wants the tensors aligned to 8 bytes
    return len(text).to_bytes(8, "little") + text


def _bytes(tensor: torch.Tensor) -> memoryview:
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data


def read(path: str | Path) -> Tensors:
    """Return a file's tensors. Raises GengaError naming the file if it is missing or damaged."""
    try:
        return load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise _unreadable(path, error) from error


def names(path: str | Path) -> Iterator[str]:
    """Yield the names of a file's tensors. Raises GengaError naming the file if it is missing or damaged."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            yield from file.keys()
    except (OSError, safetensors.SafetensorError) as error:
        raise _unreadable(path, error) from error


def read_metadata(path: str | Path) -> dict[str, str]:
    """Return a file's metadata. Raises GengaError naming the file if it is missing or damaged."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return file.metadata() or {}
    except (OSError, safetensors.SafetensorError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str | Path, error: Exception) -> GengaError:
    return GengaError(f"{path}: cannot be read as safetensors ({error}); train the run again")
