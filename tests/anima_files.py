"""Write a base of Anima as the files that are published, in the original layout: the reverse of how they are read.

Names are those of the original code: Cosmos-Predict2's transformer, Wan 2.1's autoencoder.
"""

import re
import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file

WEIGHTS = ("transformer", "text_conditioner", "text_encoder", "vae")
_ENDS = {
    "patch_embed.proj": "x_embedder.proj.1",
    "time_embed.t_embedder": "t_embedder.1",
    "time_embed.norm": "t_embedding_norm",
    "norm_out.linear_1": "final_layer.adaln_modulation.1",
    "norm_out.linear_2": "final_layer.adaln_modulation.2",
    "proj_out": "final_layer.linear",
}
_IN_BLOCK = {
    "norm1.linear_": "adaln_modulation_self_attn.",
    "norm2.linear_": "adaln_modulation_cross_attn.",
    "norm3.linear_": "adaln_modulation_mlp.",
    "attn1.": "self_attn.",
    "attn2.": "cross_attn.",
    "ff.net.0.proj": "mlp.layer1",
    "ff.net.2": "mlp.layer2",
}
_IN_ATTENTION = {
    "to_q": "q_proj",
    "to_k": "k_proj",
    "to_v": "v_proj",
    "to_out.0": "output_proj",
    "norm_q": "q_norm",
    "norm_k": "k_norm",
}
_IN_RESNET = {
    "norm1": "residual.0",
    "conv1": "residual.2",
    "norm2": "residual.3",
    "conv2": "residual.6",
    "conv_shortcut": "shortcut",
}
_IN_VAE = {"conv_in": "conv1", "norm_out": "head.0", "conv_out": "head.2"}
_MIDDLE = {"resnets.0": "0", "attentions.0": "1", "resnets.1": "2"}


def save_original_files(folder: Path, base: Path, prefix: str = "net.") -> dict[str, Path]:
    """Write a diffusers folder's base into files, by part."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {part: load_file(next((base / part).glob("*.safetensors"))) for part in WEIGHTS}
    model = {prefix + transformer_key(name): tensor for name, tensor in tensors["transformer"].items()}
    model |= {f"{prefix}llm_adapter.{name}": tensor for name, tensor in tensors["text_conditioner"].items()}
    encoder = {f"model.{name.removeprefix('model.')}": tensor for name, tensor in tensors["text_encoder"].items()}
    vae = {vae_key(name): tensor for name, tensor in tensors["vae"].items()}
    files = {}
    for part, found in (("model", model), ("text_encoder", encoder), ("vae", vae)):
        save_file(found, files.setdefault(part, folder / f"{part}.safetensors"))
    for part in ("tokenizer", "t5_tokenizer"):
        shutil.copyfile(base / part / "tokenizer.json", files.setdefault(part, folder / f"{part}.json"))
    return files


def transformer_key(name: str) -> str:
    """A parameter's name in the original transformer."""
    if not name.startswith("transformer_blocks."):
        return _renamed(name, _ENDS)
    _, number, rest = name.split(".", 2)
    module = _renamed(rest, _IN_BLOCK)
    if rest.startswith("attn"):
        attention, inner = module.split(".", 1)
        module = f"{attention}.{_renamed(inner, _IN_ATTENTION)}"
    return f"blocks.{number}.{module}"


def vae_key(name: str) -> str:
    """A parameter's name in the original autoencoder: going up, a level has four places, the last its upsampler."""
    if "quant_conv" in name:
        return name.replace("post_quant_conv", "conv2").replace("quant_conv", "conv1")
    half, rest = name.split(".", 1)
    if rest.split(".")[0] in _IN_VAE:
        return f"{half}.{_renamed(rest, _IN_VAE)}"
    if found := re.match(r"mid_block\.(\w+\.\d)\.(.+)", rest):
        return f"{half}.middle.{_MIDDLE[found[1]]}.{_in_resnet(found[2])}"
    if found := re.match(r"down_blocks\.(\d+)\.(.+)", rest):
        return f"{half}.downsamples.{found[1]}.{_in_resnet(found[2])}"
    found = re.match(r"up_blocks\.(\d)\.(resnets|upsamplers)\.(\d)\.(.+)", rest)
    place = 3 if found[2] == "upsamplers" else int(found[3])
    return f"{half}.upsamples.{4 * int(found[1]) + place}.{_in_resnet(found[4])}"


def _in_resnet(name: str) -> str:
    return _renamed(name, _IN_RESNET) if name.split(".")[0] in _IN_RESNET else name


def _renamed(name: str, words: dict[str, str]) -> str:
    start = next(start for start in words if name.startswith(start))
    return words[start] + name.removeprefix(start)
