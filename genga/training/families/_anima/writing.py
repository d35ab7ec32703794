"""A base of Anima written as the diffusers folder that it may be read from: equal to the byte for equal content."""

from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from genga.store.files import write_json
from genga.training.families._anima.base import Base
from genga.training.families.family import States

# Library and class of every part of `AnimaModularPipeline`, by its folder.
_CLASSES = {
    "scheduler": ("diffusers", "FlowMatchEulerDiscreteScheduler"),
    "t5_tokenizer": ("transformers", "T5TokenizerFast"),
    "text_conditioner": ("diffusers", "AnimaTextConditioner"),
    "text_encoder": ("transformers", "Qwen3Model"),
    "tokenizer": ("transformers", "Qwen2Tokenizer"),
    "transformer": ("diffusers", "CosmosTransformer3DModel"),
    "vae": ("diffusers", "AutoencoderKLQwenImage"),
}
# Where diffusers looks for what a folder lacks; nothing is lacking here.
_REPO = "circlestone-labs/Anima-Base-v1.0-Diffusers"
_PASSING = ("dtype", "torch_dtype", "transformers_version", "architectures")  # of how a network was loaded


def write_folder(base: Base, states: States, folder: Path) -> None:
    """Write a base with states in the place of its own, by the names of its folders: transformer, text_encoder, ..."""
    networks = {
        "text_conditioner": base.adapter,
        "text_encoder": base.text_encoder,
        "transformer": base.transformer,
        "vae": base.vae,
    }
    for name, network in networks.items():
        is_of_transformers = _CLASSES[name][0] == "transformers"
        config = network.config.to_dict() if is_of_transformers else dict(network.config)
        config = {key: value for key, value in config.items() if not key.startswith("_") and key not in _PASSING}
        config |= {"architectures": [_CLASSES[name][1]]} if is_of_transformers else {"_class_name": _CLASSES[name][1]}
        if name == "transformer":
            config["concat_padding_mask"] = True  # only `predict` gives the mask itself
        write_json(folder / name / "config.json", config)
        file = "model.safetensors" if is_of_transformers else "diffusion_pytorch_model.safetensors"
        state = states.get(name, network.state_dict())
        tensors = {key: tensor.detach().cpu().contiguous() for key, tensor in state.items()}
        save_file(tensors, folder / name / file, {"format": "pt"})
    for name, words in (("tokenizer", base.words), ("t5_tokenizer", base.t5_words)):
        words.save_pretrained(folder / name)
    scheduler = {"_class_name": _CLASSES["scheduler"][1], "num_train_timesteps": 1000, "shift": base.shift}
    write_json(folder / "scheduler" / "scheduler_config.json", scheduler)
    write_json(folder / "modular_model_index.json", _index())


def _index() -> dict[str, Any]:
    places = {
        name: {
            "pretrained_model_name_or_path": _REPO,
            "subfolder": name,
            "type_hint": list(kind),
            "revision": None,
            "variant": None,
        }
        for name, kind in _CLASSES.items()
    }
    return {
        "_blocks_class_name": "AnimaAutoBlocks",
        "_class_name": "AnimaModularPipeline",
        **{name: [*_CLASSES[name], place] for name, place in places.items()},
    }
