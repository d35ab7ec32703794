"""LoRA files in the format of kohya's sd-scripts, which every UI of the field reads.

Three tensors per changed module: `{name}.lora_down.weight`, `{name}.lora_up.weight`, `{name}.alpha` (0-d); the module's
weight changes by alpha / rank * up @ down. `name` is what the base's family calls the module; a family may have other
words for the three, and none for alpha, whose scale is then folded in. Method: Hu et al. 2021, "LoRA: low-rank
adaptation of large language models".

Files are equal to the byte for equal content: the header's keys are sorted (safetensors leaves metadata in random
order).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import safetensors
import torch
from safetensors.torch import load_file, save

from genga.errors import GengaError
from genga.store.files import replacing
from genga.training.families.family import KOHYA, LoadedBase, LoraKeys

Tensors = dict[str, torch.Tensor]


def entry(
    name: str, down: torch.Tensor, up: torch.Tensor, alpha: float, dtype: torch.dtype, keys: LoraKeys = KOHYA
) -> Tensors:
    """Return the tensors of one module. down (rank, in, ...), up (out, rank, ...)."""
    if keys.alpha is None:
        up = up * (alpha / down.shape[0])
    found = {
        f"{name}{keys.down}": down.detach().to("cpu", dtype).contiguous(),
        f"{name}{keys.up}": up.detach().to("cpu", dtype).contiguous(),
    }
    return found if keys.alpha is None else {**found, f"{name}{keys.alpha}": torch.tensor(alpha, dtype=dtype)}


def to_bytes(tensors: Tensors, metadata: Mapping[str, str]) -> bytes:
    """Return a safetensors file with `metadata` and `sshs_model_hash`, the sha256 of all bytes after the header."""
    raw = save(tensors)
    start = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:start])
    header["__metadata__"] = {**metadata, "sshs_model_hash": hashlib.sha256(raw[start:]).hexdigest()}
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the format wants the tensors aligned to 8 bytes
    return len(text).to_bytes(8, "little") + text + raw[start:]


def write(path: str | Path, tensors: Tensors, metadata: Mapping[str, str]) -> str:
    """Write a LoRA file, whole or not at all; returns its sha256."""
    data = to_bytes(tensors, metadata)
    with replacing(path) as temporary:
        temporary.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def read(path: str | Path) -> Tensors:
    """Return a LoRA file's tensors. Raises GengaError naming the file if it is missing or damaged."""
    try:
        return load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise GengaError(f"{path}: cannot be read as safetensors ({error}); train the run again") from error


def read_metadata(path: str | Path) -> dict[str, str]:
    """Return a LoRA file's metadata. Raises GengaError naming the file if it is missing or damaged."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return file.metadata() or {}
    except (OSError, safetensors.SafetensorError) as error:
        raise GengaError(f"{path}: cannot be read as safetensors ({error}); train the run again") from error


def deltas(tensors: Tensors, keys: LoraKeys = KOHYA) -> Tensors:
    """Return what each module's weight changes by, name -> float32 of the weight's shape: alpha / rank * up @ down."""
    found = {}
    for key, down in tensors.items():
        if key.endswith(keys.down):
            name = key.removesuffix(keys.down)
            up = tensors[name + keys.up].float()
            alpha = down.shape[0] if keys.alpha is None else tensors[name + keys.alpha].item()
            product = up.flatten(1) @ down.float().flatten(1)
            found[name] = (product * (alpha / down.shape[0])).reshape(up.shape[0], *down.shape[1:])
    return found


def modules_by_name(loaded: LoadedBase) -> dict[str, torch.nn.Module]:
    """Return the modules of a base that a LoRA can change (linear and convolution), by their name in the file."""
    return {
        loaded.family.name_in_file(name, path): module
        for name, network in loaded.family.networks(loaded.base).items()
        for path, module in network.named_modules()
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d)
    }


@contextmanager
def merged(
    modules: Mapping[str, torch.nn.Module], tensors: Tensors, keys: LoraKeys = KOHYA, scale: float = 1.0
) -> Iterator[None]:
    """Within the block, the weights of `modules` are those of the base plus `scale` times the LoRA.

    Afterwards they are what they were, to the bit. Raises GengaError for a LoRA made for another base.
    """
    before = {}
    try:
        with torch.no_grad():
            for name, delta in deltas(tensors, keys).items():
                weight = _weight(modules, name, delta.shape)
                before[name] = weight.clone()
                weight += (scale * delta).to(weight)
        yield
    finally:
        with torch.no_grad():
            for name, weight in before.items():
                _weight(modules, name, weight.shape).copy_(weight)


def _weight(modules: Mapping[str, torch.nn.Module], name: str, shape: torch.Size) -> torch.Tensor:
    weight = getattr(modules.get(name), "weight", None)
    if not isinstance(weight, torch.Tensor) or weight.shape != shape:
        found = "no such module" if weight is None else f"shape {tuple(weight.shape)}, not {tuple(shape)}"
        raise GengaError(f"the LoRA was made for another base: {name} has {found} here")
    return weight
