"""LoRA as tensors of a file, in the format of kohya's sd-scripts, which every UI of the field reads.

Three tensors per changed module: `{name}.lora_down.weight`, `{name}.lora_up.weight`, `{name}.alpha` (0-d); the module's
weight changes by alpha / rank * up @ down. `name` is what the base's family calls the module; a family may have other
words for the three, and none for alpha, whose scale is then folded in. Method: Hu et al. 2021, "LoRA: low-rank
adaptation of large language models".
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

from genga.errors import GengaError
from genga.training.families.family import KOHYA, LoadedBase, LoraKeys
from genga.training.tensor_file import Tensors


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
