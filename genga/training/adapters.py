"""Put LoRA matrices into a network, and take them out again, by peft."""

from collections.abc import Iterator
from typing import Any

import torch
from peft import LoraConfig, inject_adapter_in_model

from genga.training.rng import generator

_ADAPTER = "default"  # peft's name for the one adapter


def attach(network: torch.nn.Module, modules: list[str], rank: int, alpha: float, seed: int, name: str) -> None:
    """Put LoRA matrices at `modules`, in float32 and trainable; the network's output does not change by it.

    `down` is uniform in +-1/sqrt(inputs) (PyTorch's and kohya's initialisation), `up` is 0. The draws depend on
    (seed, name, module) alone; name: what its family calls the network.
    """
    settings: dict[str, Any] = {"r": rank, "lora_alpha": alpha, "target_modules": modules}
    inject_adapter_in_model(LoraConfig(**settings), network, _ADAPTER)
    with torch.no_grad():
        for module, down, up in matrices(network, modules):
            bound = down[0].numel() ** -0.5
            drawn = generator(seed, name, module, "down").uniform(-bound, bound, tuple(down.shape))
            down.data = torch.from_numpy(drawn).to(down.device, torch.float32)
            up.data = torch.zeros_like(up, dtype=torch.float32)


def matrices(
    network: torch.nn.Module, modules: list[str]
) -> Iterator[tuple[str, torch.nn.Parameter, torch.nn.Parameter]]:
    """Yield (module, down, up) for each adapted module, in the order given."""
    for module in modules:
        layer: Any = network.get_submodule(module)  # of peft
        yield module, layer.lora_A[_ADAPTER].weight, layer.lora_B[_ADAPTER].weight
