"""A base of Wan in its parts: a diffusers folder, as `WanPipeline` saves it, of one transformer.

It may be of any size, as long as its modules have Wan's names and its VAE takes four frames for one of latents.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from safetensors.torch import save_file
from transformers import AutoTokenizer, UMT5EncoderModel

from genga.errors import GengaError
from genga.store.files import read_json, write_json
from genga.training.device import quiet
from genga.training.families.family import States

FRAMES = 4  # of a video for one of latents, the first aside
SHIFT = 3.0  # of the flow, where a base does not say; as the pipeline has it for 480 lines

_FOLDERS = ("scheduler", "text_encoder", "tokenizer", "transformer", "vae")
_CLASSES = {
    "scheduler": ("diffusers", "UniPCMultistepScheduler"), "text_encoder": ("transformers", "UMT5EncoderModel"),
    "tokenizer": ("transformers", "T5TokenizerFast"), "transformer": ("diffusers", "WanTransformer3DModel"),
    "vae": ("diffusers", "AutoencoderKLWan"),
}  # fmt: skip
_PASSING = ("dtype", "torch_dtype", "transformers_version", "architectures")  # of how a network was loaded


@dataclass(frozen=True)
class Base:
    """A loaded base, frozen and in float32; adapters may be put into `transformer`.

    The libraries' classes carry no types that a checker could use.
    """

    words: Any  # the text encoder's tokenizer
    text_encoder: Any  # transformers.UMT5EncoderModel
    transformer: Any  # diffusers.WanTransformer3DModel
    vae: Any  # diffusers.AutoencoderKLWan
    scheduler: dict[str, Any]  # its configuration, as it lies with the base
    index: dict[str, Any]  # likewise what else the pipeline is told

    @property
    def shift(self) -> float:
        """Of the flow."""
        return float(self.scheduler.get("flow_shift", SHIFT))

    @property
    def scale(self) -> int:
        """Px of a picture per latent, each way."""
        return int(self.vae.config.scale_factor_spatial)

    @property
    def side(self) -> int:
        """Px that sides are multiples of."""
        return self.scale * int(self.transformer.config.patch_size[1])


def load(path: Path) -> Base:
    """Load a base that is a diffusers folder. Nothing is fetched from a network.

    Raises GengaError naming the file or folder that is missing, damaged, or not of this family.
    """
    for part in _FOLDERS:
        if not (path / part).is_dir():
            raise GengaError(
                f"{path}: not a diffusers folder of Wan, {part}/ is missing; `genga models pull` fetches the base, or"
                " write its own family into models.yaml"
            )
    index = read_json(path / "model_index.json")
    if (path / "transformer_2").is_dir() or index.get("boundary_ratio") is not None:
        raise GengaError(
            f"{path}: has two transformers, for much and for little noise (Wan 2.2 of 14 billion): a LoRA of it is two"
            " files, which is not made here; take a base of one transformer (Wan 2.1, or 2.2 of 5 billion)"
        )
    try:
        with quiet():
            base = _parts(path, index)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise GengaError(f"{path}: cannot be loaded as a base: {why}") from error
    _check(path, base)
    for part in (base.text_encoder, base.transformer, base.vae):
        part.requires_grad_(False).eval()
    return base


def _parts(path: Path, index: dict[str, Any]) -> Base:
    float32: dict[str, Any] = {"torch_dtype": torch.float32, "local_files_only": True, "use_safetensors": True}
    return Base(
        words=AutoTokenizer.from_pretrained(path / "tokenizer", local_files_only=True),
        text_encoder=UMT5EncoderModel.from_pretrained(
            path / "text_encoder", dtype=torch.float32, local_files_only=True, use_safetensors=True
        ),
        transformer=WanTransformer3DModel.from_pretrained(path / "transformer", **float32),
        vae=AutoencoderKLWan.from_pretrained(path / "vae", **float32),
        scheduler=json.loads((path / "scheduler" / "scheduler_config.json").read_text(encoding="utf-8")),
        index={key: value for key, value in index.items() if key == "expand_timesteps"},
    )


def _check(path: Path, base: Base) -> None:
    """Refuse what is not of the family before hours are spent on it."""
    transformer, vae = base.transformer.config, base.vae.config
    for whose, found, wanted in (
        ("text encoder's width", base.text_encoder.config.d_model, transformer.text_dim),
        ("VAE's channels", vae.z_dim, transformer.in_channels),
        ("VAE's frames for one of latents", vae.scale_factor_temporal, FRAMES),
        ("transformer's width of images", transformer.image_dim, None),
    ):
        if found != wanted:
            raise GengaError(f"{path}: the {whose} is {found}, {wanted} is expected; not a text-to-video base of Wan")


def write_folder(base: Base, states: States, folder: Path) -> None:
    """Write a base as a diffusers folder, equal to the byte for equal content.

    states: of networks, by the names of its folders, which take the place of the base's own.
    """
    networks = {"text_encoder": base.text_encoder, "transformer": base.transformer, "vae": base.vae}
    for name, network in networks.items():
        of_transformers, kind = _CLASSES[name][0] == "transformers", _CLASSES[name][1]
        config = network.config.to_dict() if of_transformers else dict(network.config)
        config = {key: value for key, value in config.items() if not key.startswith("_") and key not in _PASSING}
        config |= {"architectures": [kind]} if of_transformers else {"_class_name": kind}
        write_json(folder / name / "config.json", config)
        own = states.get(name, network.state_dict())
        if of_transformers:  # one table under two names, of which files have one
            own = {key: tensor for key, tensor in own.items() if key != "encoder.embed_tokens.weight"}
        file = "model.safetensors" if of_transformers else "diffusion_pytorch_model.safetensors"
        tensors = {key: tensor.detach().cpu().contiguous() for key, tensor in own.items()}
        save_file(tensors, folder / name / file, {"format": "pt"})
    base.words.save_pretrained(folder / "tokenizer")
    write_json(folder / "scheduler" / "scheduler_config.json", base.scheduler)
    classes = {**_CLASSES, "scheduler": ("diffusers", base.scheduler["_class_name"])}
    kinds = {name: list(kind) for name, kind in classes.items()}
    kinds["tokenizer"] = ["transformers", type(base.words).__name__]
    index = {"_class_name": "WanPipeline", "boundary_ratio": None, "transformer_2": [None, None], **base.index}
    write_json(folder / "model_index.json", {**index, **kinds})
