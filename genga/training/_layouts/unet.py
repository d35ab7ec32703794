"""A Stable Diffusion UNet's modules under two names: of the original code, and of diffusers.

What is where follows from how many levels there are, of how many layers, and which have attention. So SD 1.x, SDXL and
small ones of their kind are one case; the way back is the same map, turned round.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Levels:
    """How a UNet is built, as far as its names tell."""

    layers: int  # of a level on the way down; on the way up there is one more
    attending: frozenset[int]  # levels on the way up that have attention: their upsampler stands behind it

    @classmethod
    def of(cls, keys: Iterable[str]) -> Self:
        """Return those of the UNet that has these parameters, by diffusers' names."""
        found = [match for key in keys if (match := _LEVEL.match(key))]
        layers = max(int(match["number"]) for match in found if match["way"] == "down" and match["part"] == "resnets")
        attending = {int(match["level"]) for match in found if match["way"] == "up" and match["part"] == "attentions"}
        return cls(layers + 1, frozenset(attending))


_LEVEL = re.compile(r"(?P<way>down|up)_blocks\.(?P<level>\d+)\.(?P<part>\w+)\.(?P<number>\d+)\.")


def unet_path(path: str, levels: Levels) -> str:
    """Return the path of a module, or the name of a parameter, in the original UNet. Raises KeyError for no such."""
    for ours, theirs in ENDS.items():
        if path == ours or path.startswith(f"{ours}."):
            return theirs + path.removeprefix(ours)
    if (match := _INSIDE.fullmatch(path)) is None:
        raise KeyError(path)
    part, number, name = match["part"], int(match["number"]), match["name"] or ""
    if match["way"] is None:
        place = f"middle_block.{2 * number if part == 'resnets' else 1}"
    else:
        place = _place(match["way"], int(match["level"]), part, number, levels)
    if part == "resnets":
        first, dot, last = name.removeprefix(".").partition(".")
        if first not in RESNET:
            raise KeyError(path)
        name = f".{RESNET[first]}{dot}{last}"
    if part == "downsamplers":
        name = ".op" + name.removeprefix(".conv")
    return place + name


_INSIDE = re.compile(
    r"(?:mid_block|(?P<way>down|up)_blocks\.(?P<level>\d+))\.(?P<part>resnets|attentions|(?:down|up)samplers)"
    r"\.(?P<number>\d+)(?P<name>\..+)?"
)


def _place(way: str, level: int, part: str, number: int, levels: Levels) -> str:
    kinds = ("resnets", "attentions")
    step = levels.layers + 1  # entries of a level: going down its layers and a sampler, going up one layer more
    if way == "down":
        return f"input_blocks.{level * step + 1 + (number if part in kinds else levels.layers)}.{int(part == kinds[1])}"
    if part in kinds:
        return f"output_blocks.{level * step + number}.{kinds.index(part)}"
    # It shares the place of the level's last layer, behind what is there.
    return f"output_blocks.{level * step + levels.layers}.{1 + (level in levels.attending)}"


ENDS = {
    "conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2",
}  # fmt: skip
RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection",
}  # fmt: skip


def from_original(keys: Iterable[str]) -> dict[str, str]:
    """Return by its original name what diffusers calls each of a UNet's parameters. keys: those original names.

    A name that no such UNet has is left out.
    """
    keys = set(keys)
    depth = 1 + max((int(key.split(".")[1]) for key in keys if key.startswith("input_blocks.")), default=0)
    samplers = sorted(int(key.split(".")[1]) for key in keys if re.fullmatch(r"input_blocks\.\d+\.0\.op\.weight", key))
    step = samplers[0] if samplers else max(1, depth - 1)
    upper = (int(match[1]) for key in keys if (match := re.match(r"output_blocks\.(\d+)\.1\.proj_in\.", key)))
    levels = Levels(step - 1, frozenset(number // step for number in upper))
    table = {unet_path(ours, levels): ours for ours in _modules(depth // step, levels.layers)}
    named = {key: _by_beginning(key, table) for key in keys}
    return {key: name for key, name in named.items() if name is not None}


def _modules(depth: int, layers: int) -> Iterator[str]:
    """What diffusers' names begin with: of a UNet of so many levels and layers all that there can be."""
    yield from ENDS
    yield "mid_block.attentions.0"
    yield from (f"mid_block.resnets.{number}.{name}" for number in (0, 1) for name in RESNET)
    for level in range(depth):
        for block, count in ((f"down_blocks.{level}", layers), (f"up_blocks.{level}", layers + 1)):
            for number in range(count):
                yield f"{block}.attentions.{number}"
                yield from (f"{block}.resnets.{number}.{name}" for name in RESNET)
        yield from (f"down_blocks.{level}.downsamplers.0.conv", f"up_blocks.{level}.upsamplers.0.conv")


def _by_beginning(key: str, table: Mapping[str, str]) -> str | None:
    """A name by the longest entry of the table that it begins with."""
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        if (other := table.get(".".join(parts[:length]))) is not None:
            return ".".join([other, *parts[length:]])
    return None
