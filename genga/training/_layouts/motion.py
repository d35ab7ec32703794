"""What the parameters of an AnimateDiff motion module are called in published files, and in diffusers' networks.

Guo et al. 2023, "AnimateDiff: animate your personalized text-to-image diffusion models without specific tuning". A
published file names each block's two attentions apart, each with positions of its own; diffusers has one table of them
a block. A module with a block in the middle is of the second version.
"""

import re
from collections.abc import Iterable, Mapping

import torch

MIDDLE = "mid_block.motion_modules."
PREFIX = "module."  # of files as they were trained by several processes; no loader but the authors' takes it

_MODULE = re.compile(r"((?:down_blocks\.\d+|up_blocks\.\d+|mid_block)\.motion_modules\.\d+)\.(.+)")
_INSIDE = re.compile(r"(transformer_blocks\.\d+)\.(attn1|attn2|norm1|norm2|norm3|pos_embed\.pe)(\..+)?")
_NAMES = {
    "attn1": "attention_blocks.0", "attn2": "attention_blocks.1", "norm1": "norms.0", "norm2": "norms.1",
    "norm3": "ff_norm",
}  # fmt: skip
_POSITIONS = tuple(f"attention_blocks.{block}.pos_encoder.pe" for block in (0, 1))
SECOND = _POSITIONS[1]
_TO = re.compile(r"\.(to_[qkv]|to_out)(?:\.0)?$")


def is_motion(name: str) -> bool:
    """Whether a parameter or module of a video UNet, by diffusers' name, is of the motion module."""
    return _MODULE.match(name) is not None


def is_attention(name: str) -> bool:
    """Whether it is of its attentions."""
    return is_motion(name) and (".attn1." in name or ".attn2." in name)


def originals(name: str) -> tuple[str, ...]:
    """Return what a parameter is called in published files; positions are there twice. Raises KeyError for no such."""
    if (match := _MODULE.fullmatch(name)) is None:
        raise KeyError(name)
    place, rest = f"{match[1]}.temporal_transformer", match[2]
    if (inside := _INSIDE.fullmatch(rest)) is None:
        return (f"{place}.{rest}",)
    block, what, end = inside[1], inside[2], inside[3] or ""
    if what == "pos_embed.pe":
        return tuple(f"{place}.{block}.{name}" for name in _POSITIONS)
    return (f"{place}.{block}.{_NAMES[what]}{end}",)


def in_unet(key: str) -> str:
    """Return what a UNet calls a published file's tensor."""
    for ours, theirs in ((".pos_embed.pe", f".{_POSITIONS[0]}"), *((f".{a}.", f".{b}.") for a, b in _NAMES.items())):
        key = key.replace(theirs, ours)
    return key.replace(".temporal_transformer.", ".")


def lora_name(module: str) -> str:
    """Return what a module of an attention is called in a published motion LoRA: `….processor.to_q_lora`."""
    (path,) = originals(module)
    return _TO.sub(r".processor.\1_lora", path)


def outside(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return a published file's tensors of a video UNet's state."""
    return {
        key: tensor.detach().contiguous().clone()  # positions would share memory, which no file can have
        for name, tensor in state.items()
        if is_motion(name)
        for key in originals(name)
    }


def inside(tensors: Mapping[str, torch.Tensor], names: Iterable[str]) -> dict[str, torch.Tensor]:
    """Return the state of these parameters out of a published file's tensors. Raises KeyError if one is missing.

    Raises ValueError where the two attentions of a block have positions that differ: diffusers has one table of them.
    """
    found = {}
    for name in names:
        first, *others = originals(name)
        found[name] = tensors[first]
        if any(not torch.equal(tensors[other], tensors[first]) for other in others):
            raise ValueError(f"{first} and that of the block's other attention differ")
    return found
