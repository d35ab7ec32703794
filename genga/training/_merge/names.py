"""The same weights under two names: of the original Stable Diffusion code, and of diffusers and transformers.

Published checkpoints are one file in the original layout; folders, and the modules of a LoRA, go by diffusers' names.
What is where follows from the names that there are: the number of levels, of layers in a level, and whether a level has
attention. So SD 1.x, SDXL and small ones of their kind are one case. A table is a name's beginning -> the other's.
"""

import re
from collections.abc import Iterable, Mapping

Table = dict[str, str]

_RESNET = {
    "in_layers.0": "norm1", "in_layers.2": "conv1", "emb_layers.1": "time_emb_proj", "out_layers.0": "norm2",
    "out_layers.3": "conv2", "skip_connection": "conv_shortcut",
}  # fmt: skip
_ENDS = {
    "time_embed.0": "time_embedding.linear_1", "time_embed.2": "time_embedding.linear_2",
    "label_emb.0.0": "add_embedding.linear_1", "label_emb.0.2": "add_embedding.linear_2",
    "input_blocks.0.0": "conv_in", "out.0": "conv_norm_out", "out.2": "conv_out",
}  # fmt: skip
# An autoencoder's attention: of 1x1 convolutions in the original, of linear layers in diffusers, by two names of them.
_ATTENTION = {"norm": ["group_norm"], "q": ["to_q", "query"], "k": ["to_k", "key"], "v": ["to_v", "value"],
              "proj_out": ["to_out.0", "proj_attn"]}  # fmt: skip


def renamed(key: str, table: Mapping[str, str]) -> str | None:
    """Return a name by the table's longest entry that it begins with; None if there is none."""
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        if (other := table.get(".".join(parts[:length]))) is not None:
            return ".".join([other, *parts[length:]])
    return None


def unet_from_original(keys: Iterable[str]) -> Table:
    """Return original -> diffusers for a UNet with these parameters, by their original names."""
    keys = set(keys)
    count = 1 + max((int(key.split(".")[1]) for key in keys if key.startswith("input_blocks.")), default=0)
    samplers = sorted(int(key.split(".")[1]) for key in keys if re.fullmatch(r"input_blocks\.\d+\.0\.op\.weight", key))
    each = samplers[0] if samplers else max(1, count - 1)
    attentive = {
        int(match[1]) // each for key in keys if (match := re.match(r"output_blocks\.(\d+)\.1\.proj_in\.", key))
    }
    return _unet(count // each, each, attentive)


def unet_from_diffusers(keys: Iterable[str]) -> Table:
    """Return diffusers -> original for a UNet with these parameters, by diffusers' names."""
    keys = set(keys)
    levels = len({key.split(".")[1] for key in keys if key.startswith("down_blocks.")})
    layers = len({key.split(".")[3] for key in keys if key.startswith("down_blocks.0.resnets.")})
    attentive = {int(match[1]) for key in keys if (match := re.match(r"up_blocks\.(\d+)\.attentions\.", key))}
    return {theirs: ours for ours, theirs in _unet(levels, layers + 1, attentive).items()}


def _unet(levels: int, each: int, attentive: set[int]) -> Table:
    """each: entries of a level, its layers and a sampler. attentive: the levels that have attention, going up."""
    table = dict(_ENDS)
    for level in range(levels):
        for layer in range(each - 1):
            at = f"input_blocks.{1 + level * each + layer}"
            table |= _layer(at, f"down_blocks.{level}", layer)
        table[f"input_blocks.{(level + 1) * each}.0.op"] = f"down_blocks.{level}.downsamplers.0.conv"
        for layer in range(each):
            table |= _layer(f"output_blocks.{level * each + layer}", f"up_blocks.{level}", layer)
        sampler = f"output_blocks.{level * each + each - 1}.{2 if level in attentive else 1}.conv"
        table[sampler] = f"up_blocks.{level}.upsamplers.0.conv"
    for place, number in ((0, 0), (2, 1)):
        table |= {f"middle_block.{place}.{k}": f"mid_block.resnets.{number}.{v}" for k, v in _RESNET.items()}
    return table | {"middle_block.1": "mid_block.attentions.0"}


def _layer(ours: str, theirs: str, number: int) -> Table:
    resnet = {f"{ours}.0.{name}": f"{theirs}.resnets.{number}.{other}" for name, other in _RESNET.items()}
    return resnet | {f"{ours}.1": f"{theirs}.attentions.{number}"}


def vae_from_diffusers(keys: Iterable[str]) -> Table:
    """Return diffusers -> original for an autoencoder with these parameters, by diffusers' names."""
    keys = list(keys)
    levels = len({key.split(".")[2] for key in keys if key.startswith("encoder.down_blocks.")})
    table: Table = {name: name for name in ("quant_conv", "post_quant_conv")}
    for side in ("encoder", "decoder"):
        table |= {f"{side}.conv_in": f"{side}.conv_in", f"{side}.conv_out": f"{side}.conv_out"}
        table[f"{side}.conv_norm_out"] = f"{side}.norm_out"
        for number in (0, 1):
            table |= _vae_resnet(f"{side}.mid_block.resnets.{number}", f"{side}.mid.block_{number + 1}")
        for ours, names in _ATTENTION.items():
            table |= {f"{side}.mid_block.attentions.0.{name}": f"{side}.mid.attn_1.{ours}" for name in names}
    for level in range(levels):
        for side, way, sampler, at in (
            ("encoder", "down", "downsample", level),
            ("decoder", "up", "upsample", levels - 1 - level),
        ):
            theirs, ours = f"{side}.{way}_blocks.{level}", f"{side}.{way}.{at}"
            table[f"{theirs}.{sampler}rs.0"] = f"{ours}.{sampler}"
            layers = {key.split(".")[4] for key in keys if key.startswith(f"{theirs}.resnets.")}
            for layer in sorted(layers):
                table |= _vae_resnet(f"{theirs}.resnets.{layer}", f"{ours}.block.{layer}")
    return table


def _vae_resnet(theirs: str, ours: str) -> Table:
    shortcut = {f"{theirs}.conv_shortcut": f"{ours}.nin_shortcut"}
    return {f"{theirs}.{part}": f"{ours}.{part}" for part in ("norm1", "conv1", "norm2", "conv2")} | shortcut


# A layer of OpenCLIP's text encoder by transformers' names; q, k and v are thirds of one matrix.
_OPEN_CLIP = {
    "layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}  # fmt: skip
THIRDS = ("q_proj", "k_proj", "v_proj")


def open_clip(key: str) -> tuple[str, int | None]:
    """Return an OpenCLIP parameter by its name in transformers (without `text_model.`), and which third of it it is."""
    fixed = {
        "embeddings.token_embedding.weight": "token_embedding.weight",
        "embeddings.position_embedding.weight": "positional_embedding",
        "final_layer_norm.weight": "ln_final.weight",
        "final_layer_norm.bias": "ln_final.bias",
        "text_projection.weight": "text_projection",
    }
    if key in fixed:
        return fixed[key], None
    match = re.fullmatch(r"encoder\.layers\.(\d+)\.(.+)\.(weight|bias)", key)
    if match is None:
        return key, None
    place, name, kind = f"transformer.resblocks.{match[1]}", match[2], match[3]
    if name.startswith("self_attn.") and name.removeprefix("self_attn.") in THIRDS:
        return f"{place}.attn.in_proj_{kind}", THIRDS.index(name.removeprefix("self_attn."))
    return f"{place}.{_OPEN_CLIP.get(name, name)}.{kind}", None
