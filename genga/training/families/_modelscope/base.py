"""A base of ModelScope's text-to-video in its parts: a diffusers folder, or the files of the original code.

It may be of any size, as long as its modules have the names and its VAE the 8x downscaling of the published one.
Original files: of the UNet alone, of OpenCLIP ViT-H/14 whole, of which the text's half is read but for its last layer,
and of a Stable Diffusion of which the autoencoder is. What they lack is the family's, or lies in a folder of the
UNet's name beside it, as of any single file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import torch
from diffusers.models.unets.unet_3d_condition import UNet3DConditionModel
from transformers import CLIPTextModel

from genga.errors import GengaError
from genga.training._layouts import modelscope as names
from genga.training._layouts.sd import AUTOENCODER, open_clip_places
from genga.training._layouts.unet import Levels
from genga.training.device import quiet
from genga.training.families._moving.common import spare_memory
from genga.training.families._moving.tensors import BY_TORCH, read_tensors
from genga.training.families._sd import files
from genga.training.families._sd.parts import SCHEDULE, Kind, Part, autoencoder
from genga.training.families._sd.scheduled import Scheduled
from genga.training.families._sd.vocabulary import tokenizers

_UNET = "unet"
PARTS = ("original", "text_encoder", "vae")  # files of a base's entry in models.yaml that are a whole one
_PUBLISHED = "text2video_pytorch_model.pth, open_clip_pytorch_model.bin and VQGAN_autoencoder.pth"
_OPEN_CLIP = {  # ViT-H/14's text encoder, its last layer left out, as the UNet was trained with it
    "vocab_size": 49408, "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 23,
    "num_attention_heads": 16, "max_position_embeddings": 77, "hidden_act": "gelu", "layer_norm_eps": 1e-5,
    "projection_dim": 512, "bos_token_id": 49406, "eos_token_id": 49407, "pad_token_id": 1,
}  # fmt: skip

KIND = Kind(
    name="ModelScope text-to-video",
    family="modelscope",
    pipeline="TextToVideoSDPipeline",
    parts=(
        Part(_UNET, _UNET, "diffusers.UNet3DConditionModel", UNet3DConditionModel, {}, names.places),
        Part("text", "text_encoder", "transformers.CLIPTextModel", CLIPTextModel, _OPEN_CLIP,
             partial(open_clip_places, prefix="")),
        autoencoder(scale=0.18215, size=512),
    ),
    tokenizers=("tokenizer",),
    schedule=SCHEDULE,
)  # fmt: skip


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
    if path.suffix in (".safetensors", *BY_TORCH):
        raise GengaError(f"{path}: {_WAYS}")
    config = path / _UNET / "config.json"
    if config.is_file() and (found := json.loads(config.read_text(encoding="utf-8"))["_class_name"]) != (
        wanted := UNet3DConditionModel.__name__
    ):
        raise GengaError(f"{config}: is of a {found}, not a {wanted}; write the base's own family into models.yaml")
    return _prepared(path, files.read(path, KIND))


def load_files(parts: Mapping[str, Path]) -> Base:
    """Load a base by part: `base`, its diffusers folder, with the UNet of `original`; or without one PARTS."""
    if "original" not in parts or ("base" not in parts and not set(PARTS) <= parts.keys()):
        raise GengaError(f"{next(iter(parts.values()))}: {_WAYS}")
    path = parts["original"]
    if "base" in parts:
        base = load(parts["base"])
        unet = replace(KIND.parts[0], config=dict(base.unet.config))
        return _prepared(path, {**vars(base), _UNET: _network(path, path, unet)})
    with quiet():
        found = {part.folder: _network(parts.get(part.folder, path), path, part) for part in KIND.parts}
    config, length = path.with_suffix(""), found["text_encoder"].config.max_position_embeddings
    found |= tokenizers(path, config, KIND.tokenizers, length)
    if not (config / KIND.tokenizers[0]).is_dir():
        found["tokenizer"].pad_token = "!"  # OpenCLIP's, as SDXL's second
    found["schedule"] = files.schedule_of(path, set(), {}, KIND)
    files.check(path, found)
    return _prepared(path, found)


_WAYS = (
    "models.yaml has to name a base of family modelscope as folder, of diffusers, perhaps with another UNet's file as"
    f" files.original; or as {', '.join(f'files.{part}' for part in PARTS)}, the original ones ({_PUBLISHED})"
)


def _prepared(path: Path, found: Mapping[str, Any]) -> Base:
    """The base of its parts, frozen; nothing is drawn in it."""
    base = Base(**found)
    for layer in base.unet.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0  # what is drawn is drawn by its key (genga.training.rng), and nothing is drawn here
    if Levels.of(base.unet.state_dict()) != names.LEVELS:
        raise GengaError(f"{path}: its UNet has other levels than {KIND.name}'s, and no name in a LoRA; take another")
    width, wanted = base.text_encoder.config.hidden_size, base.unet.config.cross_attention_dim
    if width != wanted:
        raise GengaError(f"{path}: the text encoder's width is {width}, the UNet expects {wanted}")
    for part in KIND.parts:
        found[part.folder].requires_grad_(False).eval()
    base.unet.enable_gradient_checkpointing = partial(spare_memory, base.unet)  # diffusers has none of it
    return base


def _network(path: Path, unet: Path, part: Part) -> Any:
    """The network of a part of an original file. unet: that of the UNet, beside which configurations may lie."""
    tensors = {name.removeprefix(names.PREFIX): tensor for name, tensor in read_tensors(path).items()}
    if part.folder == "vae":
        tensors = {AUTOENCODER + name.removeprefix(AUTOENCODER): tensor for name, tensor in tensors.items()}
    config = files.config_of(unet.with_suffix(""), part)

    def get(key: str) -> torch.Tensor:  # a copy: what lies in a mapped file may be aligned otherwise
        return tensors[key].to(torch.float32, copy=True)

    try:
        network = files.network_of(path, set(tensors), get, part, config)
    except (ValueError, RuntimeError) as error:
        raise GengaError(f"{path}: is not of a base of {KIND.name} ({error})") from error
    if part.folder == _UNET:
        wanted = {place.key for place in part.places(network.state_dict()).values()}
        if more := sorted(tensors.keys() - wanted):
            raise GengaError(f"{path}: has {more[0]} ({len(more)} tensors too many): its UNet is of another kind")
    return network
