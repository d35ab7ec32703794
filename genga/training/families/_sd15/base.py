"""A base of Stable Diffusion 1.x in its parts, from a diffusers folder or from one published file.

It may be of any size, as long as its modules have the names and its VAE the 8x downscaling of SD 1.5.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from transformers import CLIPTextModel, CLIPTokenizer

from genga.errors import GengaError
from genga.training.device import quiet
from genga.training.noise import Prediction

VAE_SCALE = 8  # px of the image per latent, each way
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

    @property
    def zero_terminal_snr(self) -> bool:
        """Whether the noisiest timestep is noise alone: Lin et al. 2023, "Common diffusion noise schedules ..."."""
        return bool(self.schedule.get("rescale_betas_zero_snr", False))

    @property
    def alphas_cumprod(self) -> torch.Tensor:
        """alpha-bar per timestep, float32 (timesteps,)."""
        return DDPMScheduler.from_config(self.schedule).alphas_cumprod


def load(path: str | Path) -> Base:
    """Load a base: a diffusers folder, or a single `.safetensors` file with a folder of its configuration beside it.

    The configuration of `name.safetensors` is the folder `name`: a diffusers folder without weights (the JSON and text
    files of tokenizer, scheduler, unet, vae, text_encoder). Nothing is fetched from a network.
    Raises GengaError naming the file or folder that is missing, damaged, or not of the SD 1.x family.
    """
    path = Path(path)
    with quiet():
        base = _from_file(path) if path.suffix == ".safetensors" else _from_folder(path)
    for part in (base.text_encoder, base.vae, base.unet):
        part.requires_grad_(False).eval()
    _check(path, base)
    return base


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
    if base.zero_terminal_snr and base.prediction == "epsilon":
        raise GengaError(
            f"{path}: rescale_betas_zero_snr with prediction_type epsilon: from noise alone it has no image to tell;"
            " correct scheduler/scheduler_config.json to what the base was trained with"
        )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


_LOCAL: dict[str, Any] = {"local_files_only": True, "use_safetensors": True}
