"""ModelScope's text-to-video, and what was trained from it: Stable Diffusion's latents, a UNet with layers over time.

Reference: Wang et al. 2023, "ModelScope text-to-video technical report". A full fine-tune learns what `modules` and
`convolutions` name: the attentions, or the transformers whole, over space and time; and the convolutions over time. Its
checkpoint is the original file of the UNet, or with `genga export` a diffusers folder. A LoRA is a `Stable LoRA` in its
original names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from genga.training._layouts import kohya
from genga.training._layouts import modelscope as names
from genga.training.choices import Choices
from genga.training.families import sd15
from genga.training.families._modelscope.base import Base, load, load_files
from genga.training.families._moving.common import MOVING, frame_by_frame, refuse
from genga.training.families._sd import writing
from genga.training.families.family import Conditions, Size, States

MOVES = True  # the workflow reads it here, without importing this

_UNET, _TEXT = "unet", "text"
_TRANSFORMERS = (".attentions.", ".temp_attentions.", "transformer_in.")


def decode(base: Base, latents: torch.Tensor) -> torch.Tensor:
    return frame_by_frame(partial(sd15.FAMILY.decode, base), latents)


def predict(
    base: Base, noisy: torch.Tensor, timesteps: torch.Tensor, conditions: Conditions, sizes: Sequence[Size]
) -> torch.Tensor:
    (text,) = conditions
    return base.unet(noisy.to(text.dtype), timesteps, text).sample


def check(base: Base, choices: Choices) -> None:
    """Raise GengaError for every choice that has no meaning here."""
    sd15.FAMILY.check(base, choices)
    refuse("modelscope", choices, {
        "text_encoder: false (the base's words stay as they are)": choices.text_encoder,
    })  # fmt: skip


def _is_chosen(name: str, choices: Choices) -> bool:
    """Whether a module or parameter is one that section `train` names."""
    if ".temp_convs." in name:
        return choices.convolutions
    if choices.modules == "attention":
        return ".attn1." in name or ".attn2." in name
    return any(part in name for part in _TRANSFORMERS)


def adapted(base: Base, choices: Choices) -> dict[str, list[str]]:
    layers = {path for path, layer in base.unet.named_modules() if isinstance(layer, torch.nn.Linear | torch.nn.Conv3d)}
    chosen = sorted(path for path in layers if _is_chosen(path, choices) and not names.is_passed_over(path))
    return {_UNET: chosen, _TEXT: []}


def learnt(base: Base, choices: Choices) -> dict[str, list[str]]:
    """Of a full fine-tune the parameters that are learnt."""
    return {_UNET: [name for name, _ in base.unet.named_parameters() if _is_chosen(name, choices)], _TEXT: []}


def name_in_file(network: str, module: str) -> str:
    return names.original(module, names.LEVELS) if network == _UNET else kohya.text_name(module)


def whole(base: Base, states: States) -> dict[str, torch.Tensor]:
    """Return the tensors of the UNet's original file."""
    return names.outside(states.get(_UNET, base.unet.state_dict()))


def states(base: Base, tensors: Mapping[str, torch.Tensor]) -> States:
    """Return the networks' states, the UNet's out of such a file. Raises KeyError if a tensor is missing."""
    own = names.inside(base.unet.state_dict(), tensors.__getitem__)
    return {_UNET: own, _TEXT: base.text_encoder.state_dict()}


def write_folder(base: Base, states: States, folder: Path) -> None:
    """Write a diffusers folder. states: of networks by their names in `networks`, and of `autoencoder`."""
    writing.write_folder(base, states, folder)


def header(base: Base, choices: Choices) -> dict[str, Any]:
    return {
        **sd15.header(base, choices),
        **(names.STABLE_LORA if choices.method == "lora" else {}),
        "ss_base_model_version": "modelscope-t2v",
        "modelspec.architecture": "modelscope-t2v/lora",
    }


FAMILY = replace(
    sd15.FAMILY,
    load=load,
    load_files=load_files,
    decode=decode,
    predict=predict,
    check=check,
    adapted=adapted,
    learnt=learnt,
    name_in_file=name_in_file,
    lora_keys=names.LORA_KEYS,
    header=header,
    whole=whole,
    states=states,
    write_folder=write_folder,
    clips=MOVING,
)
