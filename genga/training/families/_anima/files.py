"""A base of Anima from its published files in the original layout: what they lack of configuration is told here.

Sizes are read off the tensors, so a base may be of any; what no tensor tells is as Anima has it.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import safetensors
import torch
from accelerate import init_empty_weights
from diffusers.models.autoencoders.autoencoder_kl_qwenimage import AutoencoderKLQwenImage
from diffusers.models.condition_embedders.condition_embedder_anima import AnimaTextConditioner
from diffusers.models.transformers.transformer_cosmos import CosmosTransformer3DModel
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3Model

from genga.errors import GengaError
from genga.training._layouts.anima import ADAPTER, Tensors, is_buffer, original, prefix_of
from genga.training.families._anima.base import SHIFT, Base, prepared

PARTS = ("model", "text_encoder", "vae", "tokenizer", "t5_tokenizer")  # files of a base's entry in models.yaml

_ROPE_SCALE = (1.0, 4.0, 4.0)  # of time, height and width
_THETA = 1_000_000.0  # of the text encoder's positions


def load_files(files: Mapping[str, Path]) -> Base:
    """Load a base from its files, by part: see PARTS; the two tokenizers are `tokenizer.json` files.

    Raises GengaError naming the file that is missing, damaged, or not what it should be.
    """
    model = next(iter(files.values()))
    for part in PARTS:
        if part not in files:
            raise GengaError(
                f"{model}: models.yaml lists no file {part} with it; a base of Anima has {', '.join(PARTS)}"
            )
        if not files[part].is_file():
            raise GengaError(f"{files[part]}: no such file; `genga models pull` fetches the base")
    return prepared(files["model"], lambda: _loaded(files))


def _loaded(files: Mapping[str, Path]) -> Base:
    inside = _read(files["model"])
    prefix = prefix_of(inside)
    named = {name.removeprefix(prefix): tensor for name, tensor in inside.items() if name.startswith(prefix)}
    adapter = {name.removeprefix(ADAPTER): named[name] for name in named if name.startswith(ADAPTER)}
    transformer = {name: named[name] for name in named if not (name.startswith(ADAPTER) or is_buffer(name))}
    if not adapter:
        raise GengaError(f"{files['model']}: has no {ADAPTER}* as Anima has; write its own family into models.yaml")
    encoder = {
        name.removeprefix("model."): tensor
        for name, tensor in _read(files["text_encoder"]).items()
        if not name.startswith("lm_head.")
    }
    return Base(
        words=_tokenizer(files["tokenizer"], None),
        t5_words=_tokenizer(files["t5_tokenizer"], "</s>"),
        text_encoder=_filled(files["text_encoder"], Qwen3Model, _encoder_config, encoder),
        adapter=_filled(files["model"], AnimaTextConditioner, _adapter_config, adapter),
        transformer=_filled(files["model"], CosmosTransformer3DModel, _transformer_config, transformer),
        vae=_filled(files["vae"], AutoencoderKLQwenImage, _vae_config, _read(files["vae"])),
        shift=SHIFT,
    )


def _read(path: Path) -> Tensors:
    try:
        return load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise GengaError(f"{path}: cannot be read as safetensors ({error}); verify it (genga models verify)") from error


def _tokenizer(path: Path, end: str | None) -> Any:
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GengaError(f"{path}: is not the tokenizer.json that it should be ({error})") from error
    if not isinstance(written, dict) or not isinstance(written.get("model"), dict):
        raise GengaError(f"{path}: is not the tokenizer.json that it should be: it has no model")
    found = Tokenizer.from_file(str(path))
    if end is not None and found.token_to_id(end) is None:
        raise GengaError(f"{path}: has no token {end}: it is not T5's tokenizer.json")
    # What a folder that is written of it says: there are no tokens but those of the file.
    return PreTrainedTokenizerFast(tokenizer_object=found, eos_token=end, extra_ids=0)


def _transformer_config(tensors: Tensors) -> dict[str, Any]:
    width, patch = tensors["x_embedder.proj.1.weight"].shape  # a patch: 2 x 2 of the channels and of the padding's
    head = len(tensors["blocks.0.self_attn.q_norm.weight"])
    return {
        "in_channels": patch // 4 - 1,
        "out_channels": len(tensors["final_layer.linear.weight"]) // 4,
        "num_attention_heads": width // head,
        "attention_head_dim": head,
        "num_layers": _blocks(tensors, "blocks."),
        "mlp_ratio": len(tensors["blocks.0.mlp.layer1.weight"]) / width,
        "text_embed_dim": tensors["blocks.0.cross_attn.k_proj.weight"].shape[1],
        "adaln_lora_dim": len(tensors["blocks.0.adaln_modulation_self_attn.1.weight"]),
        "rope_scale": _ROPE_SCALE,
        "concat_padding_mask": True,
        "extra_pos_embed_type": None,
    }


def _adapter_config(tensors: Tensors) -> dict[str, Any]:
    width = len(tensors["blocks.0.self_attn.q_proj.weight"])
    vocabulary, target = tensors["embed.weight"].shape
    return {
        "source_dim": tensors["blocks.0.cross_attn.k_proj.weight"].shape[1],
        "target_dim": target,
        "model_dim": width,
        "num_layers": _blocks(tensors, "blocks."),
        "num_attention_heads": width // len(tensors["blocks.0.self_attn.q_norm.weight"]),
        "target_vocab_size": vocabulary,
    }


def _encoder_config(tensors: Tensors) -> dict[str, Any]:
    vocabulary, width = tensors["embed_tokens.weight"].shape
    head = len(tensors["layers.0.self_attn.q_norm.weight"])
    settings: dict[str, Any] = {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "intermediate_size": len(tensors["layers.0.mlp.gate_proj.weight"]),
        "num_hidden_layers": _blocks(tensors, "layers."),
        "num_attention_heads": len(tensors["layers.0.self_attn.q_proj.weight"]) // head,
        "num_key_value_heads": len(tensors["layers.0.self_attn.k_proj.weight"]) // head,
        "head_dim": head,
        "max_position_embeddings": 32768,
        "rms_norm_eps": 1e-6,
        "rope_parameters": {"rope_type": "default", "rope_theta": _THETA},
        "tie_word_embeddings": False,
    }
    return {"config": Qwen3Config(**settings)}


def _vae_config(tensors: Tensors) -> dict[str, Any]:
    return {"base_dim": len(tensors["encoder.conv1.weight"]), "z_dim": len(tensors["conv2.weight"])}


def _blocks(tensors: Tensors, before: str) -> int:
    return 1 + max(int(name.removeprefix(before).split(".")[0]) for name in tensors if name.startswith(before))


def _filled(path: Path, kind: Any, config_of: Callable[[Tensors], dict[str, Any]], tensors: Tensors) -> Any:
    """Return a network of a kind with these tensors as its weights, in float32."""
    try:
        settings = config_of(tensors)
    except KeyError as error:
        raise GengaError(f"{path}: has no {error.args[0]}; not of a base of Anima") from error
    with init_empty_weights(include_buffers=False):
        network = kind(**settings)
    named = {name: name for name in network.state_dict()}  # by their names in the file
    if kind is CosmosTransformer3DModel:
        named = {original(name): name for name in named}
    if kind is AutoencoderKLQwenImage:
        from diffusers.loaders.single_file_utils import convert_wan_vae_to_diffusers  # only here: it takes seconds

        tensors = convert_wan_vae_to_diffusers(tensors)
    if strange := sorted(named.keys() ^ tensors.keys()):
        how = "has no" if strange[0] in named else "has a strange"
        raise GengaError(f"{path}: {how} {strange[0]} ({len(strange)} such names); not of a base of Anima")
    # Copies: what lies in a mapped file may be aligned otherwise, and then has other last bits in products.
    copies = {named[name]: tensor.to(torch.float32, copy=True) for name, tensor in tensors.items()}
    network.load_state_dict(copies, assign=True)
    return network
