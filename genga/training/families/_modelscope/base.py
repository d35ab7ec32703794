"""A base of ModelScope's text-to-video in its parts: a diffusers folder, and perhaps the original file of its UNet.

It may be of any size, as long as its modules have the names and its VAE the 8x downscaling of the published one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import safetensors
import torch
from diffusers.models.unets.unet_3d_condition import UNet3DConditionModel
from safetensors.torch import load_file

from genga.errors import GengaError
from genga.training._layouts import modelscope as names
from genga.training._layouts.sd import CLIP, Places
from genga.training.families._moving.common import spare_memory
from genga.training.families._sd import files
from genga.training.families._sd.parts import SCHEDULE, Kind, Part, autoencoder, clip
from genga.training.families._sd.scheduled import Scheduled

_UNET = "unet"


def _no_places(keys: Any) -> Places:
    """A whole base is not in one file: the original one has the UNet alone."""
    raise NotImplementedError


KIND = Kind(
    name="ModelScope text-to-video",
    family="modelscope",
    pipeline="TextToVideoSDPipeline",
    parts=(
        Part(_UNET, _UNET, "diffusers.UNet3DConditionModel", UNet3DConditionModel, {}, _no_places),
        clip("text", CLIP["sd15"]),
        autoencoder(scale=0.18215, size=512),
    ),
    tokenizers=("tokenizer",),
    schedule=SCHEDULE,
)


@dataclass(frozen=True)
class Base(Scheduled):
    """A loaded base, frozen and in float32; adapters may be put into `unet`.

    The libraries' classes carry no types that a checker could use.
    """

    kind: ClassVar[Kind] = KIND
    tokenizer: Any  # transformers.CLIPTokenizer
    text_encoder: Any  # transformers.CLIPTextModel
    vae: Any  # diffusers.AutoencoderKL
    unet: Any  # diffusers.UNet3DConditionModel
    schedule: dict[str, Any]  # the noise scheduler's configuration


def load(path: Path) -> Base:
    """Load a base that is a diffusers folder.

    Raises GengaError naming the file or folder that is missing, damaged, or not of this family.
    """
    if path.suffix in (".safetensors", ".pth", ".ckpt"):
        raise GengaError(
            f"{path}: the original file holds the UNet alone; name the base's diffusers folder as folder of its entry"
            " in models.yaml, and this file as files.original beside it"
        )
    config = path / _UNET / "config.json"
    if config.is_file() and (found := json.loads(config.read_text(encoding="utf-8"))["_class_name"]) != (
        wanted := UNet3DConditionModel.__name__
    ):
        raise GengaError(f"{config}: is of a {found}, not a {wanted}; write the base's own family into models.yaml")
    base = Base(**files.read(path, KIND))
    for layer in base.unet.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0  # what is drawn is drawn by its key (genga.training.rng), and nothing is drawn here
    width, wanted_width = base.text_encoder.config.hidden_size, base.unet.config.cross_attention_dim
    if width != wanted_width:
        raise GengaError(f"{path}: the text encoder's width is {width}, the UNet expects {wanted_width}")
    base.unet.enable_gradient_checkpointing = partial(spare_memory, base.unet)  # diffusers has none of it
    return base


def load_files(parts: Mapping[str, Path]) -> Base:
    """Load a base by part: `base`, its diffusers folder, and `original`, the file of another UNet of its size."""
    if "base" not in parts or "original" not in parts:
        first = next(iter(parts.values()))
        raise GengaError(f"{first}: models.yaml has to name the base's folder, and this file as files.original")
    base, path = load(parts["base"]), parts["original"]
    own, tensors = base.unet.state_dict(), _read(path)
    try:
        state = names.inside(own, tensors.__getitem__)
    except KeyError as error:
        raise GengaError(f"{path}: has no {error.args[0]}; not the UNet of {KIND.name}") from error
    if odd := next((name for name in own if own[name].shape != state[name].shape), None):
        shapes = tuple(state[odd].shape), tuple(own[odd].shape)
        raise GengaError(f"{path}: its {odd} is {shapes[0]}, {shapes[1]} is expected; not the UNet of this base")
    base.unet.load_state_dict({name: tensor.float() for name, tensor in state.items()})
    return base


def _read(path: Path) -> dict[str, torch.Tensor]:
    if path.suffix != ".safetensors":
        raise GengaError(f"{path}: the original file is taken as .safetensors alone, which runs no code; convert it")
    try:
        tensors = load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise GengaError(f"{path}: cannot be read as safetensors ({error}); verify it (genga models verify)") from error
    return {name.removeprefix(names.PREFIX): tensor for name, tensor in tensors.items()}
