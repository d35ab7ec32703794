"""What the parts of Anima are called: in diffusers, and in the original layout that ComfyUI and trainers have.

A LoRA is written as diffusion-pipe has it, the trainer of the base's authors. Each of 28 blocks has ten modules that it
changes: modulation, norms, embedders and the last layer stay, and so do text encoder and adapter.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import torch

from genga.training.lora_file import LoraKeys

T = TypeVar("T")
Tensors = dict[str, torch.Tensor]

VERSION = "anima-base-v1.0"
# What a LoRA's header says of the base that it is for.
DESCRIBED: dict[str, Any] = {
    "ss_v2": False,
    "ss_base_model_version": VERSION,
    "ss_network_module": "networks.lora_anima",  # kohya's, whatever the names of the tensors
    "modelspec.architecture": f"{VERSION}/lora",
}
WHOLE = "net."  # before every name in a file of a base
ADAPTER = "llm_adapter."  # before those of the text conditioner, there and in a LoRA

LORA_KEYS = LoraKeys(".lora_A.weight", ".lora_B.weight", None)
_PREFIXES = (WHOLE, "model.diffusion_model.")  # the latter where a UI has saved it
_BUFFERS = ("pos_embedder.", "accum_", "_extra_state")  # of the original code: they are not learnt
LORA = "diffusion_model."
_TEXT = "text_encoders.qwen3_06b.transformer.model."  # ComfyUI's; no LoRA of ours has it
_ATTENTION = (".to_q", ".to_k", ".to_v", ".to_out.0")
_TRANSFORMER = (".ff.net.0.proj", ".ff.net.2")

# diffusers' words and the original ones
_WORDS = (
    ("transformer_blocks.", "blocks."),
    ("norm1.linear_", "adaln_modulation_self_attn."),
    ("norm2.linear_", "adaln_modulation_cross_attn."),
    ("norm3.linear_", "adaln_modulation_mlp."),
    ("attn1.", "self_attn."),
    ("attn2.", "cross_attn."),
    ("to_q", "q_proj"),
    ("to_k", "k_proj"),
    ("to_v", "v_proj"),
    ("to_out.0", "output_proj"),
    ("norm_q", "q_norm"),
    ("norm_k", "k_norm"),
    ("ff.net.0.proj", "mlp.layer1"),
    ("ff.net.2", "mlp.layer2"),
    ("norm_out.linear_", "final_layer.adaln_modulation."),
    ("proj_out", "final_layer.linear"),
    ("time_embed.t_embedder", "t_embedder.1"),
    ("time_embed.norm", "t_embedding_norm"),
    ("patch_embed.proj", "x_embedder.proj.1"),
)


def original(path: str) -> str:
    """Return what a module or tensor of the transformer is called in the original layout."""
    for ours, theirs in _WORDS:
        path = path.replace(ours, theirs)
    return path


_ADAPTED = tuple(original(end) for end in _ATTENTION + _TRANSFORMER)


def prefix_of(names: Iterable[str]) -> str:
    """Return what a file of a base has before the names of its tensors; "" for nothing."""
    named = set(names)
    return next((prefix for prefix in _PREFIXES if any(name.startswith(prefix) for name in named)), "")


def is_buffer(name: str) -> bool:
    """Whether a tensor, named without what is before, is none that is learnt."""
    return name.startswith(_BUFFERS[:2]) or name.endswith(_BUFFERS[2])


def modules(transformer: torch.nn.Module, which: str) -> list[str]:
    """Return the paths of the transformer's modules to adapt, sorted.

    which: `attention` for the q, k, v and out projections, `transformer` for the two layers of the MLP as well.
    """
    ends = _ATTENTION if which == "attention" else _ATTENTION + _TRANSFORMER
    return sorted(
        path
        for path, module in transformer.named_modules()
        if isinstance(module, torch.nn.Linear) and path.startswith("transformer_blocks.") and path.endswith(ends)
    )


def transformer_name(module: str) -> str:
    """Return a module's name in a LoRA's file: `transformer_blocks.0.attn1.to_q` is `….blocks.0.self_attn.q_proj`."""
    return lora_name(original(module))


def lora_name(path: str) -> str:
    """Return a module's name in a LoRA's file by its path in the original layout."""
    return LORA + path


def is_adapted(path: str) -> bool:
    """Whether a module, by its path in the original layout, is one of the ten of a block that a LoRA changes."""
    return path.startswith(original("transformer_blocks.")) and path.endswith(_ADAPTED)


def adapter_name(module: str) -> str:
    return LORA + ADAPTER + module


def text_name(module: str) -> str:
    return _TEXT + module


def whole(transformer: Mapping[str, T], adapter: Mapping[str, T]) -> dict[str, T]:
    """Return the tensors of one file in the original layout, of the two networks' states."""
    named = {WHOLE + original(name): tensor for name, tensor in transformer.items()}
    return named | {WHOLE + ADAPTER + name: tensor for name, tensor in adapter.items()}


def own(tensors: Mapping[str, torch.Tensor], transformer: torch.nn.Module, adapter: torch.nn.Module) -> list[Tensors]:
    """Return the two networks' states out of the tensors of such a file. Raises KeyError if one is missing."""
    return [
        {name: tensors[WHOLE + original(name)] for name in transformer.state_dict()},
        {name: tensors[WHOLE + ADAPTER + name] for name in adapter.state_dict()},
    ]
