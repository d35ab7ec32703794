"""A base of Stable Diffusion, written as one file of the original layout or as a diffusers folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from safetensors.torch import save_file

from genga.store.files import write_json
from genga.training._layouts.sd import V_PRED, ZTSNR, State, inside, outside
from genga.training.families._sd.parts import Kind


def whole(base: Any, states: Mapping[str, State]) -> dict[str, torch.Tensor]:
    """Return the tensors of a base as one file of the original layout.

    states: of networks, by the family's names, which take the place of the base's own; `autoencoder` is one. Each
    tensor has the dtype that it is given in.
    """
    found: dict[str, torch.Tensor] = {}
    for part in base.kind.parts:
        network = getattr(base, part.folder)
        state = states.get(part.network, network.state_dict())
        found |= outside(part.places(state), state) | part.besides(_plain(network.config))
    markers = {V_PRED: base.prediction == "v_prediction", ZTSNR: base.zero_terminal_snr}
    return found | {name: torch.empty(0) for name, holds in markers.items() if holds}


def states(base: Any, tensors: Mapping[str, torch.Tensor]) -> dict[str, State]:
    """Return the states of a base's networks out of the tensors of such a file. Raises KeyError if one is missing."""
    return {
        part.network: inside(part.places(getattr(base, part.folder).state_dict()), tensors.__getitem__)
        for part in base.kind.parts
    }


def write_folder(base: Any, states: Mapping[str, State], folder: Path) -> None:
    """Write a base as a diffusers folder, equal to the byte for equal content. states: as of `whole`."""
    kind: Kind = base.kind
    index: dict[str, Any] = {"_class_name": kind.pipeline, "scheduler": ["diffusers", "DDPMScheduler"]}
    for part in kind.parts:
        network = getattr(base, part.folder)
        state = {
            name: tensor.detach().contiguous()
            for name, tensor in states.get(part.network, network.state_dict()).items()
        }
        config, file = _plain(network.config), "diffusion_pytorch_model.safetensors"
        library, name = part.library.split(".")
        if part.is_transformers:
            config, file = {**config, "architectures": [name], "model_type": "clip_text_model"}, "model.safetensors"
            state = {_published(key): tensor for key, tensor in state.items()}
        else:
            config["_class_name"] = name
        index[part.folder] = [library, name]
        write_json(folder / part.folder / "config.json", config)
        save_file(state, folder / part.folder / file, {"format": "pt"})
    for name in kind.tokenizers:
        index[name] = ["transformers", "CLIPTokenizer"]
        _write_tokenizer(getattr(base, name), folder / name)
    DDPMScheduler.from_config(base.schedule).save_config(folder / "scheduler")
    write_json(folder / "model_index.json", {**index, **_index_of(kind)})


def _index_of(kind: Kind) -> dict[str, Any]:
    if not kind.pipeline.startswith("StableDiffusion"):
        return {}
    none = [None, None]
    if "text_encoder_2" in kind.folders:
        # An empty prompt says here what the encoders say of it, in training and sampling alike.
        return {"feature_extractor": none, "image_encoder": none, "force_zeros_for_empty_prompt": False}
    return {"feature_extractor": none, "image_encoder": none, "safety_checker": none, "requires_safety_checker": False}


def _published(key: str) -> str:
    """A text encoder's parameter as published folders name it, which every version of transformers reads."""
    return key if key.startswith(("text_model.", "text_projection.")) else f"text_model.{key}"


def _plain(config: Any) -> dict[str, Any]:
    """What a network is made of, without what it was loaded from."""
    values = config.to_dict() if hasattr(config, "to_dict") else dict(config)
    passing = ("dtype", "torch_dtype", "transformers_version", "architectures", "model_type")
    return {key: value for key, value in values.items() if not key.startswith("_") and key not in passing}


def _write_tokenizer(words: Any, folder: Path) -> None:
    """Write a tokenizer in today's form, and with the two files that older versions read."""
    words.save_pretrained(folder)
    model = json.loads(words.backend_tokenizer.to_str())["model"]
    write_json(folder / "vocab.json", model["vocab"])
    merges = [one if isinstance(one, str) else " ".join(one) for one in model["merges"]]
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{one}\n" for one in merges), encoding="utf-8")
