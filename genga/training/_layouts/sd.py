"""Where the tensors of Stable Diffusion's parts stand in a single file of the original layout, and how they are turned.

That is the layout of the CompVis and Stability AI code, which published checkpoints have; our names are those of
diffusers and transformers. One table a part serves both ways: what is written and loaded again is equal to the bit.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple

import torch

from genga.training._layouts.unet import Levels, unet_path

# What the names of a network begin with.
UNET, AUTOENCODER = "model.diffusion_model.", "first_stage_model."
CLIP = {"sd15": "cond_stage_model.transformer.", "sdxl": "conditioner.embedders.0.transformer."}
OPEN_CLIP = "conditioner.embedders.1.model."  # SDXL's second text encoder
V_PRED, ZTSNR = "v_pred", "ztsnr"  # empty tensors that say what a base predicts; ComfyUI goes by them
# By the key that only files of a kind have: relatives that are no SD 1.x and no SDXL.
RELATIVES = {
    "cond_stage_model.model.": "Stable Diffusion 2.x",
    "conditioner.embedders.0.model.": "Stable Diffusion XL's refiner",
    "edm_": "Stable Diffusion XL trained by EDM (CosXL, Playground 2.5)",  # ComfyUI's marker, too
}
ARCHITECTURES = {"sd15": "stable-diffusion-v1", "sdxl": "stable-diffusion-xl-v1-base"}  # of the modelspec

State = Mapping[str, torch.Tensor]  # tensors of a network, by its own names


class Said(NamedTuple):
    """What a header says, and under which key; nothing under none."""

    value: Literal["v", "epsilon", ""]
    key: str


def predicted(about: Mapping[str, str]) -> Said:
    """Return what a header says that a base predicts, or the base of a LoRA: the first of these keys that says it.

    The modelspec's own, ComfyUI's, that of kohya's GUI, and the version that kohya's sd-scripts give a base.
    """
    for key in ("modelspec.prediction_type", "modelspec.predict_key", "ss_v_parameterization"):
        if value := _PREDICTIONS.get(about.get(key, "").lower()):
            return Said(value, key)
    key = "ss_base_model_version"
    return Said("v", key) if about.get(key, "").endswith("_v") else Said("", "")


def has_zero_terminal_snr(about: Mapping[str, str]) -> bool:
    """Return whether a header says that the last timestep is noise alone."""
    return about.get("ss_zero_terminal_snr", "").lower() == "true"


def other_noise(schedule: Mapping[str, Any]) -> str:
    """Return what a diffusers folder's scheduler says that no Stable Diffusion here is trained by; "" if nothing.

    EDM's (CosXL, Playground 2.5), and those of flow matching: their folders have SDXL's parts, and no marker.
    """
    name = str(schedule.get("_class_name", ""))
    if name.startswith(("EDM", "FlowMatch")):
        return f"_class_name is {name}"
    return "use_flow_sigmas is true" if schedule.get("use_flow_sigmas") else ""


def described(kind: str, velocity: bool, zero_terminal_snr: bool) -> dict[str, Any]:
    """Return what a LoRA's header says of the base that it is for: what the two above read. kind: sd15, sdxl."""
    return {
        "ss_v2": False,
        "ss_base_model_version": _VERSIONS[kind][velocity],
        **({"ss_v_parameterization": velocity} if kind == "sdxl" else {}),  # whose version does not say it
        "ss_zero_terminal_snr": zero_terminal_snr,
        "modelspec.architecture": f"{ARCHITECTURES[kind]}/lora",
        "modelspec.prediction_type": "v" if velocity else "epsilon",
    }


_VERSIONS = {"sd15": ("sd_v1", "sd_v1_v"), "sdxl": ("sdxl_base_v1-0", "sdxl_base_v1-0")}  # for noise, for velocity
_PREDICTIONS: dict[str, Literal["v", "epsilon"]] = {
    "v": "v", "v_prediction": "v", "v-prediction": "v", "true": "v", "epsilon": "epsilon", "eps": "epsilon",
    "false": "epsilon",
}  # fmt: skip


class Place(NamedTuple):
    """Where a tensor of a network stands in a single file."""

    key: str
    # transposed: as a matrix to be multiplied from the right; convolution, line: a matrix as a convolution of 1 x 1, of
    # length 1; 0, 1, 2: that third of the rows.
    form: Literal["same", "transposed", "convolution", "line", 0, 1, 2] = "same"


Places = dict[str, Place]  # by the network's own names


def inside(places: Mapping[str, Place], get: Callable[[str], torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return a network's tensors out of a file's. get: the file's tensor of a key."""
    found = {}
    for name, (key, form) in places.items():
        tensor = get(key)
        if form == "transposed":
            tensor = tensor.T
        elif isinstance(form, int):
            tensor = tensor.chunk(3)[form]
        elif form != "same":
            tensor = tensor.flatten(1)
        found[name] = tensor.contiguous()
    return found


def outside(places: Mapping[str, Place], state: State) -> dict[str, torch.Tensor]:
    """Return a file's tensors of a network's: the reverse of `inside`."""
    found: dict[str, torch.Tensor] = {}
    thirds: dict[str, dict[int, torch.Tensor]] = {}
    for name, (key, form) in places.items():
        tensor = state[name].detach()
        if isinstance(form, int):
            thirds.setdefault(key, {})[form] = tensor
        elif form in ("convolution", "line"):
            found[key] = (tensor[..., None] if form == "line" else tensor[:, :, None, None]).contiguous()
        else:
            found[key] = (tensor.T if form == "transposed" else tensor).contiguous()
    return {**found, **{key: torch.cat([rows[third] for third in range(3)]) for key, rows in thirds.items()}}


def unet_places(keys: Iterable[str]) -> Places:
    """Return the places of a UNet's parameters."""
    names = list(keys)
    levels = Levels.of(names)
    return {name: Place(UNET + unet_path(name, levels)) for name in names}


def autoencoder_places(keys: Iterable[str]) -> Places:
    """Return the places of an autoencoder's parameters; the original attention is of 1 x 1 convolutions.

    Its parts have other names in folders that diffusers wrote before its version 0.15, as many published ones.
    """
    names = list(keys)
    top = max(int(match[1]) for name in names if (match := re.match(r"decoder\.up_blocks\.(\d+)\.", name)))
    found = {}
    for name in names:
        key = re.sub(r"mid_block\.resnets\.(\d)", lambda match: f"mid.block_{int(match[1]) + 1}", name)
        key = re.sub(r"mid_block\.attentions\.0\.(\w+(?:\.0)?)\.", lambda of: f"mid.attn_1.{_ATTENTION[of[1]]}.", key)
        key = re.sub(r"down_blocks\.(\d)\.resnets", r"down.\1.block", key)
        key = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", key)
        key = re.sub(r"up_blocks\.(\d)\.resnets", lambda match: f"up.{top - int(match[1])}.block", key)
        key = re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda match: f"up.{top - int(match[1])}.upsample", key)
        key = key.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
        if "_block" in key:
            raise KeyError(name)
        matrix = ".attentions." in name and ".group_norm." not in name and name.endswith(".weight")
        found[name] = Place(AUTOENCODER + key, "convolution" if matrix else "same")
    return found


_ATTENTION = {
    "group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out",
    "query": "q", "key": "k", "value": "v", "proj_attn": "proj_out",
}  # fmt: skip


def today(key: str) -> str:
    """Return the name of a tensor in a single file as published files have it today.

    The first anime bases name their text encoder without `text_model`.
    """
    return _OLD.sub(r"\1text_model.", key)


_OLD = re.compile(r"^(cond_stage_model\.transformer\.)(?=embeddings\.|encoder\.|final_layer_norm\.)")


def clip_places(keys: Iterable[str], prefix: str) -> Places:
    """Return the places of a CLIP text encoder's parameters, written as transformers had them before 5.6."""
    return {name: Place(f"{prefix}text_model.{name.removeprefix('text_model.')}") for name in keys}


def open_clip_places(keys: Iterable[str], prefix: str) -> Places:
    """Return the places of a text encoder's parameters in OpenCLIP's form: q, k and v are one matrix."""
    found = {}
    for name in keys:
        bare = name.removeprefix("text_model.")
        if match := _ATTENDS.fullmatch(bare):
            place = Place(f"resblocks.{match[1]}.attn.in_proj_{match[3]}", ("q", "k", "v").index(match[2]))  # type: ignore[arg-type]
        elif match := _LAYER.match(bare):
            place = Place(f"resblocks.{match[1]}.{_OPEN_CLIP[match[2]]}{bare[match.end() :]}")
        elif bare in _OPEN_CLIP_ENDS:
            place = _OPEN_CLIP_ENDS[bare]
        else:
            raise KeyError(name)
        key = f"transformer.{place.key}" if place.key.startswith("resblocks.") else place.key
        found[name] = Place(prefix + key, place.form)
    return found


_ATTENDS = re.compile(r"encoder\.layers\.(\d+)\.self_attn\.([qkv])_proj\.(weight|bias)")
_LAYER = re.compile(r"encoder\.layers\.(\d+)\.(self_attn\.out_proj|layer_norm1|layer_norm2|mlp\.fc1|mlp\.fc2)")
_OPEN_CLIP = {
    "self_attn.out_proj": "attn.out_proj", "layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}  # fmt: skip
_OPEN_CLIP_ENDS = {
    "embeddings.token_embedding.weight": Place("token_embedding.weight"),
    "embeddings.position_embedding.weight": Place("positional_embedding"),
    "final_layer_norm.weight": Place("ln_final.weight"),
    "final_layer_norm.bias": Place("ln_final.bias"),
    "text_projection.weight": Place("text_projection", "transposed"),
}
