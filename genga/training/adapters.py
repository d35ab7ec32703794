"""Put LoRA matrices into the base, and take them out again, by peft.

Which modules: those that kohya's sd-scripts changes. On SD 1.5 `transformer` is 192 modules of the UNet, and the text
encoder has 72.
"""

from collections.abc import Iterator
from typing import Any

import torch
from diffusers.models.downsampling import Downsample2D
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from diffusers.models.upsampling import Upsample2D
from peft import LoraConfig, inject_adapter_in_model

from genga.training.rng import generator

_ADAPTER = "default"  # peft's name for the one adapter
_TEXT = (".q_proj", ".k_proj", ".v_proj", ".out_proj", ".fc1", ".fc2")


def unet_modules(unet: torch.nn.Module, modules: str, convolutions: bool) -> list[str]:
    """Return the paths of the UNet's modules to adapt, sorted.

    modules: `attention` for the q, k, v and out projections, `transformer` for all linear layers and 1x1 convolutions
    of the transformers. convolutions: also all layers of the resnets, downsamplers and upsamplers.
    """
    found: set[str] = set()
    for path, module in unet.named_modules():
        if isinstance(module, Transformer2DModel):
            layers = _layers(path, module)
            found.update(layer for layer in layers if modules == "transformer" or _is_attention(layer))
        elif convolutions and isinstance(module, ResnetBlock2D | Downsample2D | Upsample2D):
            found.update(_layers(path, module))
    return sorted(found)


def text_modules(text_encoder: torch.nn.Module) -> list[str]:
    """Return the paths of the text encoder's modules to adapt, sorted: attention and MLP of every layer."""
    return sorted(
        path
        for path, module in text_encoder.named_modules()
        if isinstance(module, torch.nn.Linear) and path.endswith(_TEXT)
    )


def attach(model: torch.nn.Module, modules: list[str], rank: int, alpha: float, seed: int, part: str) -> None:
    """Put LoRA matrices at `modules`, in float32 and trainable; the model's output does not change by it.

    `down` is uniform in +-1/sqrt(inputs) (PyTorch's and kohya's initialisation), `up` is 0. The draws depend on
    (seed, part, module) alone, part being `unet` or `text`.
    """
    settings: dict[str, Any] = {"r": rank, "lora_alpha": alpha, "target_modules": modules}
    inject_adapter_in_model(LoraConfig(**settings), model, _ADAPTER)
    with torch.no_grad():
        for module, down, up in matrices(model, modules):
            bound = down[0].numel() ** -0.5
            drawn = generator(seed, part, module, "down").uniform(-bound, bound, tuple(down.shape))
            down.data = torch.from_numpy(drawn).to(down.device, torch.float32)
            up.data = torch.zeros_like(up, dtype=torch.float32)


def matrices(
    model: torch.nn.Module, modules: list[str]
) -> Iterator[tuple[str, torch.nn.Parameter, torch.nn.Parameter]]:
    """Yield (module, down, up) for each adapted module, in the order given."""
    for module in modules:
        layer: Any = model.get_submodule(module)  # of peft
        yield module, layer.lora_A[_ADAPTER].weight, layer.lora_B[_ADAPTER].weight


def _layers(path: str, module: torch.nn.Module) -> list[str]:
    return [
        f"{path}.{name}"
        for name, layer in module.named_modules()
        if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)
    ]


def _is_attention(path: str) -> bool:
    return ".attn1." in path or ".attn2." in path
