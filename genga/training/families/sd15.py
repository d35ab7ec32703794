"""The text-to-image base: Stable Diffusion 1.x in its parts, from a diffusers folder or from one published file.

Reference: Rombach et al. 2022, "High-resolution image synthesis with latent diffusion models". A base may be of any
size, as long as its modules have the names and its VAE the 8x downscaling of SD 1.5.
"""

import hashlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from diffusers.utils import logging as diffusers_logging
from transformers import CLIPTextModel, CLIPTokenizer
from transformers.utils import logging as transformers_logging

from genga.errors import GengaError
from genga.models.registry import Model
from genga.training.noise import Prediction

VAE_SCALE = 8  # px of the image per latent, each way
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}  # by name in params.yaml
PARTS = ("scheduler", "text_encoder", "tokenizer", "unet", "vae")  # the folders of a base


@dataclass(frozen=True)
class Base:
    """A loaded base, frozen and in float32; adapters may be put into `unet` and `text_encoder`.

    The libraries' classes carry no types that a checker could use.
    """

    tokenizer: Any  # transformers.CLIPTokenizer
    text_encoder: Any  # transformers.CLIPTextModel
    vae: Any  # diffusers.AutoencoderKL
    unet: Any  # diffusers.UNet2DConditionModel
    schedule: dict[str, Any]  # the noise scheduler's configuration

    @property
    def prediction(self) -> Prediction:
        """What the UNet predicts."""
        return cast(Prediction, self.schedule["prediction_type"])

    def to(self, device: torch.device) -> "Base":
        """Move all its parts to a device; return it."""
        for part in (self.unet, self.text_encoder, self.vae):
            part.to(device)
        return self

    @property
    def alphas_cumprod(self) -> torch.Tensor:
        """alpha-bar per timestep, float32 (timesteps,)."""
        return DDPMScheduler.from_config(self.schedule).alphas_cumprod


@dataclass(frozen=True)
class Source:
    """A base, and what it is called in the files that name it."""

    base: Base
    name: str
    sha256: str


def load_base(path: str | Path) -> Base:
    """Load a base: a diffusers folder, or a single `.safetensors` file with a folder of its configuration beside it.

    The configuration of `name.safetensors` is the folder `name`: a diffusers folder without weights (the JSON and text
    files of tokenizer, scheduler, unet, vae, text_encoder). Nothing is fetched from a network.
    Raises GengaError naming the file or folder that is missing, damaged, or not of the SD 1.x family.
    """
    path = Path(path)
    with _quiet():
        base = _from_file(path) if path.suffix == ".safetensors" else _from_folder(path)
    for part in (base.text_encoder, base.vae, base.unet):
        part.requires_grad_(False).eval()
    _check(path, base)
    return base


def load_source(model: Model) -> Source:
    """Load a base that is in the registry, its files verified."""
    found = model.verify()
    return Source(load_base(found.path), found.name, found.sha256)


def device_of(wanted: str) -> torch.device:
    """Return the device for `auto`, `cpu` or `cuda`; a wanted CUDA that is not there is said on stderr."""
    there = torch.cuda.is_available()
    if wanted == "cuda" and not there:
        print("models.device is cuda, but there is no CUDA device: the CPU is used", file=sys.stderr)
    return torch.device("cuda" if there and wanted != "cpu" else "cpu")


def place(part: Any, device: torch.device, precision: str) -> None:
    """Move a part of a base to a device, in a precision by its name in params.yaml."""
    part.to(device)
    if part.dtype != DTYPES[precision]:
        with _quiet():  # diffusers warns of casting, whether or not anything has to stay in float32
            part.to(dtype=DTYPES[precision])


def encode(base: Base, captions: Sequence[str], clip_skip: int) -> torch.Tensor:
    """Return the text encoder's output for each caption: (captions, tokens, width), on the encoder's device.

    clip_skip: 1 takes the last layer, 2 the one before; the final layer norm follows either way, as in the UIs.
    What is beyond the tokenizer's length is cut off: see `length_of`.
    """
    encoder = base.text_encoder
    ids = base.tokenizer(
        list(captions),
        padding="max_length",
        max_length=base.tokenizer.model_max_length,
        truncation=True,
        return_tensors="pt",
    ).input_ids
    states = encoder(ids.to(encoder.device), output_hidden_states=True)
    if clip_skip == 1:
        return states.last_hidden_state
    # transformers 5.6 took the wrapper `text_model` away.
    return getattr(encoder, "text_model", encoder).final_layer_norm(states.hidden_states[-clip_skip])


def length_of(base: Base, caption: str) -> int:
    """Return how many tokens a caption has, without start and end; the encoder sees model_max_length - 2 of them."""
    return len(base.tokenizer(caption, add_special_tokens=False, verbose=False).input_ids)


def state_sha256(module: torch.nn.Module) -> str:
    """Return the sha256 over a module's tensors, names and shapes: equal weights, equal hash, whatever the file."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _from_folder(path: Path) -> Base:
    for part in PARTS:
        if not (path / part).is_dir():
            raise GengaError(
                f"{path}: not a diffusers folder, {part}/ is missing; `genga models pull` fetches the base"
            )
    try:
        return Base(
            tokenizer=CLIPTokenizer.from_pretrained(path / "tokenizer", local_files_only=True),
            text_encoder=CLIPTextModel.from_pretrained(path / "text_encoder", dtype=torch.float32, **_LOCAL),
            vae=AutoencoderKL.from_pretrained(path / "vae", torch_dtype=torch.float32, **_LOCAL),
            unet=UNet2DConditionModel.from_pretrained(path / "unet", torch_dtype=torch.float32, **_LOCAL),
            schedule=DDPMScheduler.load_config(path / "scheduler"),
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise GengaError(f"{path}: cannot be loaded as a base: {_first_line(error)}") from error


def _from_file(path: Path) -> Base:
    config = path.with_suffix("")
    if not path.is_file():
        raise GengaError(f"{path}: no such file; `genga models pull` fetches the base")
    if not (config / "model_index.json").is_file():
        raise GengaError(
            f"{path}: a single file needs its configuration beside it: the JSON and text files of a diffusers folder"
            f" of its family (model_index.json, tokenizer/, unet/config.json, ...) as {config}/"
        )
    from diffusers import StableDiffusionPipeline  # only here: it takes seconds to import

    try:
        pipeline = StableDiffusionPipeline.from_single_file(
            str(path),
            config=str(config),
            local_files_only=True,
            torch_dtype=torch.float32,
            safety_checker=None,
            feature_extractor=None,
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise GengaError(f"{path}: cannot be loaded as a base: {_first_line(error)}") from error
    return Base(pipeline.tokenizer, pipeline.text_encoder, pipeline.vae, pipeline.unet, dict(pipeline.scheduler.config))


def _check(path: Path, base: Base) -> None:
    """Refuse what is not of the family before hours are spent on it."""
    width, wanted = base.text_encoder.config.hidden_size, base.unet.config.cross_attention_dim
    if width != wanted:
        raise GengaError(f"{path}: the text encoder's width is {width}, the UNet expects {wanted}; not an SD 1.x base")
    scale = 2 ** (len(base.vae.config.block_out_channels) - 1)
    if scale != VAE_SCALE:
        raise GengaError(f"{path}: the VAE scales down {scale}x, not {VAE_SCALE}x; not an SD 1.x base")
    if base.schedule["prediction_type"] not in ("epsilon", "v_prediction"):
        raise GengaError(f"{path}: prediction_type {base.schedule['prediction_type']} is not epsilon or v_prediction")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the libraries' loading bars out of the logs."""
    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    verbosity = diffusers_logging.get_verbosity(), transformers_logging.get_verbosity()
    diffusers_logging.set_verbosity_error()
    transformers_logging.set_verbosity_error()
    try:
        yield
    finally:
        diffusers_logging.set_verbosity(verbosity[0])
        transformers_logging.set_verbosity(verbosity[1])


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


_LOCAL: dict[str, Any] = {"local_files_only": True, "use_safetensors": True}
