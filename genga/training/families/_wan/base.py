"""A base of Wan in its parts: a diffusers folder, as `WanPipeline` saves it, of one transformer or of two.

Of two (Wan 2.2 of 14 billion) `transformer` sees from `boundary_ratio` of noise on, `transformer_2` below it. They are
called experts of high and low noise, as by their authors, and each is learnt by itself: then the other is not loaded.
It may be of any size, as long as its modules have Wan's names and its VAE takes four frames for one of latents.
"""

import json
from dataclasses import dataclass, replace
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
from genga.training.families._anima.flow import TIMESTEPS
from genga.training.families.family import States

FRAMES = 4  # of a video for one of latents, the first aside
SHIFT = 3.0  # of the flow, where a base does not say; as the pipeline has it for 480 lines

EXPERTS = {"high_noise": "transformer", "low_noise": "transformer_2"}  # by what section train calls them

_FOLDERS = ("scheduler", "text_encoder", "tokenizer", "transformer", "vae")
_CLASSES = {
    "scheduler": ("diffusers", "UniPCMultistepScheduler"), "text_encoder": ("transformers", "UMT5EncoderModel"),
    "tokenizer": ("transformers", "T5TokenizerFast"), "transformer": ("diffusers", "WanTransformer3DModel"),
    "transformer_2": ("diffusers", "WanTransformer3DModel"), "vae": ("diffusers", "AutoencoderKLWan"),
}  # fmt: skip
_PASSING = ("dtype", "torch_dtype", "transformers_version", "architectures")  # of how a network was loaded


@dataclass(frozen=True)
class Base:
    """A loaded base, frozen and in float32; adapters may be put into its transformers.

    The libraries' classes carry no types that a checker could use.
    """

    words: Any  # the text encoder's tokenizer
    text_encoder: Any  # transformers.UMT5EncoderModel
    loaded: dict[str, Any]  # diffusers.WanTransformer3DModel, by its folder: one, or those of both experts
    vae: Any  # diffusers.AutoencoderKLWan
    scheduler: dict[str, Any]  # its configuration, as it lies with the base
    index: dict[str, Any]  # likewise what else the pipeline is told
    expert: str | None = None  # of two the one that is learnt, or changed: a key of EXPERTS

    @property
    def transformers(self) -> dict[str, Any]:
        """What is learnt, or changed, by its folder."""
        return self.loaded if self.expert is None else {(name := EXPERTS[self.expert]): self.loaded[name]}

    @property
    def transformer(self) -> Any:
        """The one that is learnt, or changed; of two of which none is said, that of high noise."""
        return next(iter(self.transformers.values()))

    @property
    def boundary(self) -> float | None:
        """As samplers count, the timestep from which on the expert of high noise sees; None: there is one for all."""
        ratio = self.index.get("boundary_ratio")
        return None if ratio is None else ratio * TIMESTEPS

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
    """Load a base that is a diffusers folder, whole. Nothing is fetched from a network.

    Raises GengaError naming the file or folder that is missing, damaged, or not of this family.
    """
    index = _index(path)
    folders = EXPERTS.values() if index["boundary_ratio"] is not None else ("transformer",)
    return _loaded(path, index, list(folders), None)


def load_expert(path: Path, expert: str | None) -> Base:
    """Load a base to train: of two experts the one alone. Raises GengaError if there are none, or it is not said."""
    index = _index(path)
    has_two = index["boundary_ratio"] is not None
    if has_two == (expert is None):
        has = "has two transformers, for much and for little noise" if has_two else "has one transformer"
        way = "high_noise or low_noise: each is a run, and a file, of its own" if has_two else "null"
        raise GengaError(f"params.yaml:train.expert: {path} {has}; set it to {way}")
    return _loaded(path, index, [EXPERTS[expert] if expert else "transformer"], expert)


def of_expert(base: Base, expert: str | None) -> Base:
    """Return the base of which a checkpoint of an expert changes that one alone. Raises GengaError if it has none."""
    if (base.boundary is None) != (expert is None):
        has = "one transformer" if base.boundary is None else "two transformers, and says of neither that it is of it"
        raise GengaError(f"a checkpoint of expert {expert} is not of this base of family wan, which has {has}")
    return replace(base, expert=expert)


def experts_of(base: Base) -> tuple[str, ...]:
    """Return what the two transformers of a base are called; none, where one sees all noise."""
    return () if base.boundary is None else tuple(EXPERTS)


def _index(path: Path) -> dict[str, Any]:
    """What the pipeline is told: whether there are two transformers, and how the timesteps are written."""
    for part in _FOLDERS:
        if not (path / part).is_dir():
            raise GengaError(
                f"{path}: not a diffusers folder of Wan, {part}/ is missing; `genga models pull` fetches the base, or"
                " write its own family into models.yaml"
            )
    said = read_json(path / "model_index.json")
    ratio, has_second = said.get("boundary_ratio"), (path / "transformer_2").is_dir()
    if has_second != (isinstance(ratio, float | int) and 0 < ratio < 1):
        there = "is there" if has_second else "is missing"
        raise GengaError(
            f"{path / 'model_index.json'}: boundary_ratio is {ratio}, and transformer_2/ {there}: a base of two"
            " transformers has both; fetch it again (genga models pull)"
        )
    kept = {key: value for key, value in said.items() if key == "expand_timesteps"}
    return {**kept, "boundary_ratio": ratio}


def _loaded(path: Path, index: dict[str, Any], transformers: list[str], expert: str | None) -> Base:
    try:
        with quiet():
            base = _parts(path, index, transformers, expert)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise GengaError(f"{path}: cannot be loaded as a base: {why}") from error
    _check(path, base)
    for part in (base.text_encoder, *base.loaded.values(), base.vae):
        part.requires_grad_(False).eval()
    return base


def _parts(path: Path, index: dict[str, Any], transformers: list[str], expert: str | None) -> Base:
    float32: dict[str, Any] = {"torch_dtype": torch.float32, "local_files_only": True, "use_safetensors": True}
    return Base(
        words=AutoTokenizer.from_pretrained(path / "tokenizer", local_files_only=True),
        text_encoder=UMT5EncoderModel.from_pretrained(
            path / "text_encoder", dtype=torch.float32, local_files_only=True, use_safetensors=True
        ),
        loaded={name: WanTransformer3DModel.from_pretrained(path / name, **float32) for name in transformers},
        vae=AutoencoderKLWan.from_pretrained(path / "vae", **float32),
        scheduler=json.loads((path / "scheduler" / "scheduler_config.json").read_text(encoding="utf-8")),
        index=index,
        expert=expert,
    )


def _check(path: Path, base: Base) -> None:
    """Refuse what is not of the family before hours are spent on it."""
    vae, configs = base.vae.config, [one.config for one in base.loaded.values()]
    checks: list[tuple[str, Any, Any]] = [("VAE's frames for one of latents", vae.scale_factor_temporal, FRAMES)]
    for transformer in configs:
        checks += [
            ("text encoder's width", base.text_encoder.config.d_model, transformer.text_dim),
            ("VAE's channels", vae.z_dim, transformer.in_channels),
            ("transformer's width of images", transformer.image_dim, None),
            ("transformer's patch", tuple(transformer.patch_size), tuple(configs[0].patch_size)),
        ]
    for whose, found, wanted in checks:
        if found != wanted:
            raise GengaError(f"{path}: the {whose} is {found}, {wanted} is expected; not a text-to-video base of Wan")


def write_folder(base: Base, states: States, folder: Path) -> None:
    """Write a base as a diffusers folder, equal to the byte for equal content.

    states: of networks, by the names of its folders, which take the place of the base's own.
    """
    networks = {"text_encoder": base.text_encoder, **base.loaded, "vae": base.vae}
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
    classes = {name: kind for name, kind in _CLASSES.items() if name in networks or name == "tokenizer"}
    classes["scheduler"] = ("diffusers", base.scheduler["_class_name"])
    kinds = {name: list(kind) for name, kind in classes.items()}
    kinds["tokenizer"] = ["transformers", type(base.words).__name__]
    index = {"_class_name": "WanPipeline", "transformer_2": [None, None], **base.index}
    write_json(folder / "model_index.json", {**index, **kinds})
