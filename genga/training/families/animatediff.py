"""AnimateDiff: a motion module in the UNet of any base of Stable Diffusion 1.x, which itself stays as it is.

Reference: Guo et al. 2023, "AnimateDiff: animate your personalized text-to-image diffusion models without specific
tuning". What is learnt is the module, whole or its attentions, or matrices beside these (a motion LoRA). Files are as
ComfyUI, stable-diffusion-webui and diffusers load them. A fresh module changes nothing: its last layers are zeros.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from diffusers.models.unets.unet_motion_model import MotionAdapter
from safetensors.torch import save_file

from genga.errors import GengaError
from genga.store.files import write_json
from genga.training._layouts import kohya
from genga.training._layouts import motion as names
from genga.training.choices import Choices
from genga.training.families import sd15
from genga.training.families._animatediff.base import Base, is_fresh, load, load_files, positions, take_frames
from genga.training.families._moving.common import MOVING, frame_by_frame, refuse
from genga.training.families.family import Conditions, Size, States
from genga.training.lora_file import LoraKeys

MOVES = True  # the workflow reads it here, without importing this

_UNET, _TEXT = "unet", "text"


def decode(base: Base, latents: torch.Tensor) -> torch.Tensor:
    return frame_by_frame(lambda one: sd15.decode(base, one), latents)


def predict(
    base: Base, noisy: torch.Tensor, timesteps: torch.Tensor, conditions: Conditions, sizes: Sequence[Size]
) -> torch.Tensor:
    (text,) = conditions
    looks, _, frames, *_ = noisy.shape
    by_frame = len(text) == looks * frames
    every = text if by_frame else text.repeat_interleave(frames, dim=0)  # what a clip's caption says, to each frame
    return base.unet(noisy.to(text.dtype), timesteps, every).sample


def check(base: Base, choices: Choices) -> None:
    """Raise GengaError for every choice that has no meaning here, and for what no program would load."""
    sd15.check(base, choices)
    is_lora = choices.method != "full"
    if (is_lora or choices.modules == "attention") and is_fresh(base):
        raise GengaError(
            "params.yaml:train: a fresh motion module ends in zeros, behind which its attentions learn nothing; set"
            " method to full and modules to transformer, or name a trained module as files.motion of the base in"
            " models.yaml"
        )
    refuse("animatediff", choices, {
        "text_encoder: false (the base's words stay as they are)": choices.text_encoder,
        "convolutions: false (a motion module has none)": choices.convolutions,
        "method: full or lora (no program reads another of a motion module)": choices.method not in ("full", "lora"),
        "modules: attention (a motion LoRA is of attentions)": is_lora and choices.modules != "attention",
    })  # fmt: skip


def adapted(base: Base, choices: Choices) -> dict[str, list[str]]:
    """The attentions' q, k, v and out of every motion module."""
    paths = [path for path, layer in base.unet.named_modules() if isinstance(layer, torch.nn.Linear)]
    return {_UNET: sorted(path for path in paths if names.is_attention(path)), _TEXT: []}


def learnt(base: Base, choices: Choices) -> dict[str, list[str]]:
    """Of a full fine-tune the module's parameters, or those of its attentions alone."""
    is_learnt = names.is_attention if choices.modules == "attention" else names.is_motion
    return {_UNET: [name for name, _ in base.unet.named_parameters() if is_learnt(name)], _TEXT: []}


def keys_over_time(base: Base) -> list[torch.nn.Module]:
    """What AnimateDiff-Evolved scales as motion scale."""
    return [layer for path, layer in base.unet.named_modules() if names.is_attention(path) and path.endswith(".to_k")]


def name_in_file(network: str, module: str) -> str:
    if network == _UNET and names.is_attention(module):
        return names.lora_name(module)
    return kohya.unet_name(module) if network == _UNET else kohya.text_name(module)


def whole(base: Base, states: States) -> dict[str, torch.Tensor]:
    """Return the tensors of a motion module's file: it is what is loaded beside any base of Stable Diffusion 1.x."""
    return names.outside(states.get(_UNET, base.unet.state_dict()))


def states(base: Base, tensors: Mapping[str, torch.Tensor]) -> States:
    """Return the networks' states with the module of such a file. Raises KeyError if a tensor is missing.

    Where the file's positions were stretched the base's are, too: it takes as long clips then.
    """
    take_frames(base, max((one.shape[1] for key, one in tensors.items() if key.endswith(".pe")), default=1), True)
    own = base.unet.state_dict()
    module = names.inside(tensors, [name for name in own if names.is_motion(name)])
    return {_UNET: {**own, **module}, _TEXT: base.text_encoder.state_dict()}


def write_folder(base: Base, states: States, folder: Path) -> None:
    """Write the module as diffusers' folder of a MotionAdapter."""
    state = states.get(_UNET, base.unet.state_dict())
    config = base.unet.config
    heads, layers = config["motion_num_attention_heads"], config["layers_per_block"]
    adapter = MotionAdapter(
        block_out_channels=list(config["block_out_channels"]),
        motion_layers_per_block=layers if isinstance(layers, int) else list(layers),
        motion_num_attention_heads=heads if isinstance(heads, int) else list(heads),
        motion_norm_num_groups=config["norm_num_groups"],
        motion_max_seq_length=config["motion_max_seq_length"],
        use_motion_mid_block=config["use_motion_mid_block"],
    )
    own = {name: tensor.detach().contiguous() for name, tensor in state.items() if names.is_motion(name)}
    plain = {key: value for key, value in adapter.config.items() if not key.startswith("_")}
    write_json(folder / "config.json", {**plain, "_class_name": "MotionAdapter"})
    save_file(own, folder / "diffusion_pytorch_model.safetensors", {"format": "pt"})


def header(base: Base, choices: Choices) -> dict[str, Any]:
    return {
        **sd15.header(base, choices),
        "ss_network_module": "motion",
        "modelspec.architecture": "animatediff-v2/lora"
        if base.unet.config["use_motion_mid_block"]
        else "animatediff/lora",
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
    lora_keys=LoraKeys(".down.weight", ".up.weight", None),  # the scale is folded in: no loader asks for an alpha
    header=header,
    whole=whole,
    states=states,
    write_folder=write_folder,
    clips=MOVING,
    take_frames=take_frames,
    most_frames=positions,
    by_frame=True,
    keys_over_time=keys_over_time,
)
