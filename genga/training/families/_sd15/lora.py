"""Which modules of SD 1.x a LoRA changes, as kohya's sd-scripts has it.

On SD 1.5 `transformer` is 192 modules of the UNet, and the text encoder has 72.
"""

import torch
from diffusers.models.downsampling import Downsample2D
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from diffusers.models.upsampling import Upsample2D

_TEXT = (".q_proj", ".k_proj", ".v_proj", ".out_proj", ".fc1", ".fc2")


def unet_modules(unet: torch.nn.Module, modules: str, convolutions: bool) -> list[str]:
    """Return the paths of the UNet's modules to adapt, sorted.

    modules: `attention` for the q, k, v and out projections, `transformer` for all linear layers and 1x1 convolutions
    of the transformers. convolutions: also all layers of the resnets, downsamplers and upsamplers.
    """
    paths: set[str] = set()
    for path, module in unet.named_modules():
        if isinstance(module, Transformer2DModel):
            layers = _layers(path, module)
            paths.update(layer for layer in layers if modules == "transformer" or _is_attention(layer))
        elif convolutions and isinstance(module, ResnetBlock2D | Downsample2D | Upsample2D):
            paths.update(_layers(path, module))
    return sorted(paths)


def text_modules(text_encoder: torch.nn.Module) -> list[str]:
    """Return the paths of the text encoder's modules to adapt, sorted: attention and MLP of every layer."""
    return sorted(
        path
        for path, module in text_encoder.named_modules()
        if isinstance(module, torch.nn.Linear) and path.endswith(_TEXT)
    )


def _layers(path: str, module: torch.nn.Module) -> list[str]:
    return [
        f"{path}.{name}"
        for name, layer in module.named_modules()
        if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)
    ]


def _is_attention(path: str) -> bool:
    return ".attn1." in path or ".attn2." in path
