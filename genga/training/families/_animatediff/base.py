"""A base of Stable Diffusion 1.x with a motion module in its UNet: a given one, or a fresh one that changes nothing.

A module is a published file, or diffusers' folder of a MotionAdapter. The schedule of noise is the module's, linear,
whatever the base was trained with.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import safetensors
import torch
from diffusers.models.unets.unet_motion_model import MotionAdapter, UNetMotionModel
from safetensors.torch import load_file

from genga.errors import GengaError
from genga.training._layouts import motion as names
from genga.training.device import quiet
from genga.training.families._moving.common import spare_memory
from genga.training.families._moving.tensors import read_tensors
from genga.training.families._sd15 import base as sd15
from genga.training.rng import generator

Base = sd15.Base  # whose `unet` is diffusers' UNetMotionModel

FRAMES = 32  # that a fresh module has positions for, as the published ones since the second version
HEADS = 8  # of its attentions: no file says it, all published ones have so many
_LINEAR = {"beta_schedule": "linear", "beta_start": 0.00085, "beta_end": 0.012}


def load(path: Path) -> Base:
    """Load a base of sd15, a folder or one file, with a fresh module."""
    return assembled(sd15.load(path), None)


def load_files(files: Mapping[str, Path]) -> Base:
    """Load a base from its files, by part: `base`, of sd15, and perhaps `motion`, a module's file or folder."""
    if "base" not in files:
        first = next(iter(files.values()))
        raise GengaError(f"{first}: models.yaml lists no file base with it; animatediff has base and, perhaps, motion")
    return assembled(sd15.load(files["base"]), files.get("motion"))


class _Module(NamedTuple):
    """A motion module as it was read."""

    state: dict[str, torch.Tensor]  # by the names of a UNet
    heads: int | tuple[int, ...]  # of its attentions

    @property
    def frames(self) -> int:
        """How many it has positions for."""
        return next(table.shape[1] for name, table in self.state.items() if name.endswith(".pe"))


def assembled(base: Base, module: Path | None) -> Base:
    """Return the base with a module in its UNet, frozen and in float32. None: a fresh one.

    Raises GengaError naming the module's file if it is damaged, or made for another kind of base.
    """
    read = None if module is None else _read(module)
    config = base.unet.config
    if any(width % HEADS for width in config["block_out_channels"]):
        said = ", ".join(map(str, config["block_out_channels"]))
        raise GengaError(f"the base has no place for a motion module: its {said} channels are no multiples of {HEADS}")
    if read is None:
        adapter = _adapter(config, True, FRAMES, HEADS)
    else:
        adapter = _adapter(config, any(name.startswith(names.MIDDLE) for name in read.state), read.frames, read.heads)
    with quiet():
        unet = UNetMotionModel.from_unet2d(base.unet, adapter)
    if module is None or read is None:
        _begin(unet)
    else:
        _fill(unet, read.state, module)
    unet.requires_grad_(False).eval()
    unet.enable_gradient_checkpointing = partial(spare_memory, unet)  # diffusers leaves the modules out of it
    return replace(base, unet=unet, schedule={**base.schedule, **_LINEAR})


def _adapter(unet: Any, with_middle: bool, frames: int, heads: int | tuple[int, ...]) -> MotionAdapter:
    """A module that fits a UNet of this configuration, its weights whatever they are."""
    layers = unet["layers_per_block"]
    return MotionAdapter(
        block_out_channels=tuple(unet["block_out_channels"]),
        motion_layers_per_block=layers if isinstance(layers, int) else tuple(layers),
        motion_num_attention_heads=heads,
        motion_norm_num_groups=unet["norm_num_groups"],
        motion_max_seq_length=frames,
        use_motion_mid_block=with_middle,
    )


@torch.no_grad()
def _begin(unet: Any) -> None:
    """Draw a fresh module: what its layers begin with in torch, by their names alone, and `proj_out` as zeros."""
    for path, layer in unet.named_modules():
        if not isinstance(layer, torch.nn.Linear) or not names.is_motion(path):
            continue
        for kind, weight in layer.named_parameters():
            bound = 0.0 if path.endswith(".proj_out") else layer.in_features**-0.5
            drawn = generator("motion module", path, kind).uniform(-bound, bound, tuple(weight.shape))
            weight.copy_(torch.from_numpy(drawn))


def is_fresh(base: Base) -> bool:
    """Whether the module's last layers are zeros: it changes nothing yet."""
    layers = base.unet.named_parameters()
    return not any(weight.any() for name, weight in layers if names.is_motion(name) and ".proj_out." in name)


def _read(path: Path) -> _Module:
    try:
        if path.is_dir():
            return _of_folder(path)
        tensors = {name.removeprefix(names.PREFIX): tensor for name, tensor in read_tensors(path).items()}
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise GengaError(
            f"{path}: cannot be read as a motion module ({error}); verify it (genga models verify)"
        ) from error
    if not any("motion_modules." in name for name in tensors):
        raise GengaError(f"{path}: is no motion module: nothing in it is called ….motion_modules.…")
    if not any(name.endswith(".pe") for name in tensors):
        raise GengaError(
            f"{path}: has no positions (….pos_encoder.pe), so it is no whole motion module; take its own file"
        )
    try:
        return _Module(names.inside(tensors, _names_in_unet(tensors)), HEADS)
    except (KeyError, ValueError) as error:
        raise GengaError(f"{path}: is no motion module that is known ({error})") from error


def _names_in_unet(tensors: Mapping[str, torch.Tensor]) -> list[str]:
    """What a UNet calls a published file's tensors, the second table of a block's positions aside."""
    return [names.in_unet(key) for key in tensors if "motion_modules." in key and not key.endswith(names.SECOND)]


def _of_folder(path: Path) -> _Module:
    config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    if config.get("_class_name") != "MotionAdapter":
        raise GengaError(f"{path}: is no folder of a MotionAdapter: its config.json says {config.get('_class_name')}")
    heads = config.get("motion_num_attention_heads", HEADS)
    state = load_file(path / "diffusion_pytorch_model.safetensors")
    return _Module(state, heads if isinstance(heads, int) else tuple(heads))


def _fill(unet: Any, state: Mapping[str, torch.Tensor], path: Path) -> None:
    """Put a module's tensors into a UNet. Raises GengaError if they are not those that it has."""
    own = {name: tensor for name, tensor in unet.state_dict().items() if names.is_motion(name)}
    odd = sorted(own.keys() ^ state.keys()) or sorted(name for name in own if own[name].shape != state[name].shape)
    if odd:
        there = "it has none" if odd[0] not in state else f"it has {_shape(state[odd[0]])}"
        wanted = "the base has none" if odd[0] not in own else f"the base takes {_shape(own[odd[0]])}"
        raise GengaError(
            f"{path}: is a motion module for another kind of base: of {odd[0]} {there}, {wanted}; take one of the"
            " base's family"
        )
    unet.load_state_dict({name: tensor.float() for name, tensor in state.items()}, strict=False)


def _shape(tensor: torch.Tensor) -> str:
    return "x".join(map(str, tensor.shape))


def positions(base: Base) -> int:
    """Return how many frames the base has positions for."""
    return _tables(base)[0].pe.shape[1]


def _tables(base: Base) -> list[Any]:
    return [layer for path, layer in base.unet.named_modules() if path.endswith(".pos_embed") and names.is_motion(path)]


@torch.no_grad()
def take_frames(base: Base, frames: int, stretch: bool) -> None:
    """Make the base ready for clips of so many frames: positions beyond those of its module are stretched, if wanted.

    Stretched are all, linearly, the first and the last staying the ends. Raises GengaError if there are too few.
    """
    tables, known = _tables(base), positions(base)
    if frames <= known:
        return
    if not stretch:
        raise GengaError(
            f"params.yaml:train.clips: clips have {frames} frames, the motion module has positions for {known}; set"
            f" length to {known} or less, or stretch to true"
        )
    for table in tables:
        table.pe = (
            torch.nn.functional.interpolate(table.pe.transpose(1, 2), size=frames, mode="linear", align_corners=True)
            .transpose(1, 2)
            .contiguous()
        )
    base.unet.register_to_config(motion_max_seq_length=frames)
