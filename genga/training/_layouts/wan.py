"""What the parameters of Wan's transformer are called: in diffusers, and in the original layout that UIs read.

Wan team 2025, "Wan: open and advanced large-scale video generative models". The norm before the attention to the text
is the third there, diffusers' second; the other two have no parameters.
"""

from collections.abc import Mapping
from typing import TypeVar

import torch

from genga.training.lora_file import LoraKeys

T = TypeVar("T")

LORA_KEYS = LoraKeys(".lora_A.weight", ".lora_B.weight", None)
_LORA = "diffusion_model."  # before every name in a LoRA
_ATTENTION = (".to_q", ".to_k", ".to_v", ".to_out.0")
_FEED_FORWARD = (".ffn.net.0.proj", ".ffn.net.2")

# diffusers' words and the original ones
_WORDS = (
    ("condition_embedder.time_embedder.linear_1.", "time_embedding.0."),
    ("condition_embedder.time_embedder.linear_2.", "time_embedding.2."),
    ("condition_embedder.text_embedder.linear_1.", "text_embedding.0."),
    ("condition_embedder.text_embedder.linear_2.", "text_embedding.2."),
    ("condition_embedder.time_proj.", "time_projection.1."),
    (".attn1.", ".self_attn."),
    (".attn2.", ".cross_attn."),
    (".to_q.", ".q."),
    (".to_k.", ".k."),
    (".to_v.", ".v."),
    (".to_out.0.", ".o."),
    (".ffn.net.0.proj.", ".ffn.0."),
    (".ffn.net.2.", ".ffn.2."),
    (".norm2.", ".norm3."),
)


def original(name: str) -> str:
    """Return what a module or parameter of the transformer is called in the original layout."""
    if name == "scale_shift_table":
        return "head.modulation"
    if name.startswith("proj_out."):
        return f"head.head.{name.removeprefix('proj_out.')}"
    name = f"{name.replace('scale_shift_table', 'modulation')}."
    for ours, theirs in _WORDS:
        name = name.replace(ours, theirs)
    return name.removesuffix(".")


def modules(transformer: torch.nn.Module, which: str) -> list[str]:
    """Return the paths of the transformer's modules to adapt, sorted.

    which: `attention` for q, k, v and out, `transformer` for the two layers of the feed-forward as well.
    """
    ends = _ATTENTION if which == "attention" else _ATTENTION + _FEED_FORWARD
    return sorted(path for path, _ in transformer.named_modules() if path.startswith("blocks.") and path.endswith(ends))


def lora_name(module: str) -> str:
    """Return a module's name in a LoRA: `blocks.0.attn1.to_q` is `diffusion_model.blocks.0.self_attn.q`."""
    return _LORA + original(module)


def outside(state: Mapping[str, T]) -> dict[str, T]:
    """Return the tensors of a file in the original layout of the transformer's state."""
    return {original(name): tensor for name, tensor in state.items()}


def inside(state: Mapping[str, T], tensors: Mapping[str, T]) -> dict[str, T]:
    """Return the transformer's state out of such a file's tensors. Raises KeyError if one is missing."""
    return {name: tensors[original(name)] for name in state}
