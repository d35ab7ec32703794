"""Where the tensors of Stable Diffusion's parts stand in a single file of the original layout, and how they are turned.

That is the layout of the CompVis and Stability AI code, which published checkpoints have; our names are those of
diffusers and transformers. One table a part serves both ways: what is written and loaded again is equal to the bit.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, Self

import torch

State = Mapping[str, torch.Tensor]  # tensors of a network, by its own names


class Place(NamedTuple):
    """Where a tensor of a network stands in a single file."""

    key: str
    # transposed: as a matrix to be multiplied from the right; convolution: a matrix as a 1 x 1 convolution;
    # 0, 1, 2: that third of the rows.
    form: Literal["same", "transposed", "convolution", 0, 1, 2] = "same"


Places = dict[str, Place]  # by the network's own names


def inside(places: Mapping[str, Place], get: Callable[[str], torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return a network's tensors out of a file's. get: the file's tensor of a key."""
    found = {}
    for name, (key, form) in places.items():
        tensor = get(key)
        if form == "transposed":
            tensor = tensor.T
        elif form == "convolution":
            tensor = tensor.flatten(1)
        elif form != "same":
            tensor = tensor.chunk(3)[form]
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
        elif form == "convolution":
            found[key] = tensor[:, :, None, None].contiguous()
        else:
            found[key] = (tensor.T if form == "transposed" else tensor).contiguous()
    return {**found, **{key: torch.cat([rows[third] for third in range(3)]) for key, rows in thirds.items()}}


@dataclass(frozen=True)
class Levels:
    """How a UNet is built, as far as its names tell."""

    layers: int  # of a level on the way down; on the way up there is one more
    attending: frozenset[int]  # levels on the way up that have attention: their upsampler stands behind it

    @classmethod
    def of(cls, keys: Iterable[str]) -> Self:
        """Return those of the UNet that has these parameters."""
        found = [match for key in keys if (match := _LEVEL.match(key))]
        layers = max(int(match["number"]) for match in found if match["way"] == "down" and match["part"] == "resnets")
        attending = {int(match["level"]) for match in found if match["way"] == "up" and match["part"] == "attentions"}
        return cls(layers + 1, frozenset(attending))


_LEVEL = re.compile(r"(?P<way>down|up)_blocks\.(?P<level>\d+)\.(?P<part>\w+)\.(?P<number>\d+)\.")


def unet_path(path: str, levels: Levels) -> str:
    """Return the path of a module, or the name of a parameter, in the original UNet."""
    for ours, theirs in _ENDS.items():
        if path == ours or path.startswith(f"{ours}."):
            return theirs + path.removeprefix(ours)
    block, rest = path.split(".", 1)
    if block == "mid_block":
        part, number, name = rest.split(".", 2)
        place = f"middle_block.{2 * int(number) if part == 'resnets' else 1}"
    else:
        level, part, number, name = rest.split(".", 3)
        place = _place(block, int(level), part, int(number), levels)
    if part == "resnets":
        first, dot, last = name.partition(".")
        name = _RESNET[first] + dot + last
    if part == "downsamplers":
        name = "op" + name.removeprefix("conv")
    return f"{place}.{name}"


def _place(block: str, level: int, part: str, number: int, levels: Levels) -> str:
    kinds = ("resnets", "attentions")
    step = levels.layers + 1  # entries of a level: going down its layers and a sampler, going up one layer more
    if block == "down_blocks":
        return f"input_blocks.{level * step + 1 + (number if part in kinds else levels.layers)}.{int(part == kinds[1])}"
    if part in kinds:
        return f"output_blocks.{level * step + number}.{kinds.index(part)}"
    # It shares the place of the level's last layer, behind what is there.
    return f"output_blocks.{level * step + levels.layers}.{1 + (level in levels.attending)}"


_ENDS = {
    "conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2",
}  # fmt: skip
_RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection",
}  # fmt: skip


def unet_places(keys: Iterable[str]) -> Places:
    """Return the places of a UNet's parameters."""
    names = list(keys)
    levels = Levels.of(names)
    return {name: Place(UNET + unet_path(name, levels)) for name in names}


def autoencoder_places(keys: Iterable[str]) -> Places:
    """Return the places of an autoencoder's parameters; the original attention is of 1 x 1 convolutions."""
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
        matrix = ".attentions." in name and ".group_norm." not in name and name.endswith(".weight")
        found[name] = Place(AUTOENCODER + key, "convolution" if matrix else "same")
    return found


_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
UNET, AUTOENCODER = "model.diffusion_model.", "first_stage_model."


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
        else:
            place = _OPEN_CLIP_ENDS[bare]
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
