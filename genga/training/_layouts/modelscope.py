"""What the parameters of ModelScope's text-to-video UNet are called in its original file, and in diffusers' network.

Wang et al. 2023, "ModelScope text-to-video technical report". It is the UNet of Stable Diffusion with a layer over time
behind each one over space, so places shift by them; `temopral_conv` is what the file has. A LoRA has these names, too:
`Stable LoRA`, the one form that the extension for stable-diffusion-webui reads (diffusers reads none).
"""

import re
from collections.abc import Callable, Iterable

import torch

from genga.training._layouts import sd
from genga.training._layouts.sd import Place, Places, State
from genga.training._layouts.unet import ENDS, RESNET, Levels
from genga.training.lora_file import LoraKeys

PREFIX = "model.diffusion_model."  # of files that were written in Stable Diffusion's way
LEVELS = Levels(layers=2, attending=frozenset({1, 2, 3}))  # of every such base: what names in a LoRA go by
# No alpha: the scale is folded in. The metadata have STABLE_LORA, or the file is not even listed.
LORA_KEYS = LoraKeys(".lora_A", ".lora_B", None, by_loralib=True)
STABLE_LORA = {"stable_lora_text_to_video": "v1"}
_PLACES = {"resnets": 0, "attentions": 1, "temp_attentions": 2, "temp_convs": 0}
_INSIDE = re.compile(
    r"(?:mid_block|(?P<way>down|up)_blocks\.(?P<level>\d+))"
    r"\.(?P<part>resnets|attentions|temp_attentions|temp_convs|downsamplers|upsamplers)\.(?P<number>\d+)\.(?P<name>.+)"
)
# There a convolution over time, and by Stable LoRA passed over.
_BY_TIME = re.compile(r"(?:temp_attentions\.\d+|transformer_in)\.proj_(?:in|out)(?:\.weight)?$")


def original(name: str, levels: Levels) -> str:
    """Return what a module or parameter of diffusers' is called in the original file. Raises KeyError for no such."""
    for ours, theirs in {**ENDS, "transformer_in": "input_blocks.0.1"}.items():
        if name == ours or name.startswith(f"{ours}."):
            return theirs + name.removeprefix(ours)
    if (match := _INSIDE.fullmatch(name)) is None:
        raise KeyError(name)
    part, number, rest = match["part"], int(match["number"]), match["name"]
    if part == "resnets":
        first, dot, last = rest.partition(".")
        rest = RESNET[first] + dot + last
    elif part == "temp_convs":
        rest = f"temopral_conv.{rest}"
    if match["way"] is None:
        return f"middle_block.{_PLACES[part] if part.endswith('attentions') else 3 * number}.{rest}"
    level, step = int(match["level"]), levels.layers + 1
    if part == "downsamplers":
        return f"input_blocks.{level * step + step}.op{rest.removeprefix('conv')}"
    if part == "upsamplers":  # behind what stands beside a level's last resnet
        return f"output_blocks.{level * step + levels.layers}.{3 if level in levels.attending else 1}.{rest}"
    place = level * step + number + (match["way"] == "down")
    return f"{'input' if match['way'] == 'down' else 'output'}_blocks.{place}.{_PLACES[part]}.{rest}"


def is_passed_over(module: str) -> bool:
    """Whether no LoRA changes a module for the UIs that there are."""
    return _BY_TIME.search(module) is not None


def places(keys: Iterable[str]) -> Places:
    """Return where the parameters of a network, by diffusers' names, stand in the original file."""
    names = list(keys)
    levels = Levels.of(names)
    return {name: Place(original(name, levels), "line" if _BY_TIME.search(name) else "same") for name in names}


def outside(state: State) -> dict[str, torch.Tensor]:
    """Return the original file's tensors of a network's state."""
    return sd.outside(places(state), state)


def inside(names: Iterable[str], get: Callable[[str], torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the state of these parameters out of an original file's tensors. get: the file's tensor of a key."""
    return sd.inside(places(names), get)
