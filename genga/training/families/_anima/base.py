"""A base of Anima in its parts: from a diffusers folder, or from its published files.

It may be of any size, as long as its modules have Anima's names and its VAE the 8x downscaling. The folder is what
diffusers' `AnimaModularPipeline` saves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_qwenimage import AutoencoderKLQwenImage
from diffusers.models.condition_embedders.condition_embedder_anima import AnimaTextConditioner
from diffusers.models.transformers.transformer_cosmos import CosmosTransformer3DModel
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from transformers import Qwen2Tokenizer, Qwen3Model, T5Tokenizer

from genga.errors import GengaError
from genga.training.device import quiet

VAE_SCALE = 8  # px of the image per latent, each way
PATCH = 2  # latents of a side that the transformer takes at once
SHIFT = 3.0  # of the flow, where a base does not say; as its authors and the UIs have it

FOLDERS = (
    "scheduler",
    "t5_tokenizer",
    "text_conditioner",
    "text_encoder",
    "tokenizer",
    "transformer",
    "vae",
)


@dataclass(frozen=True)
class Base:
    """A loaded base, frozen and in float32; adapters may be put into `transformer`.

    The libraries' classes carry no types that a checker could use.
    """

    words: Any  # the text encoder's tokenizer
    t5_words: Any  # T5's: of it the adapter knows the tokens, T5 itself is not there
    text_encoder: Any  # transformers.Qwen3Model
    adapter: Any  # diffusers.AnimaTextConditioner: from the encoder's vectors to those that the transformer takes
    transformer: Any  # diffusers.CosmosTransformer3DModel
    vae: Any  # diffusers.AutoencoderKLQwenImage: of films, a picture is one frame
    shift: float  # of the flow


def load(path: str | Path) -> Base:
    """Load a base that is a diffusers folder. Nothing is fetched from a network.

    Raises GengaError naming the file or folder that is missing, damaged, or not of this family.
    """
    path = Path(path)
    if path.suffix == ".safetensors":
        raise GengaError(
            f"{path}: one file of Anima holds its transformer and adapter alone; list text_encoder, vae, tokenizer and"
            " t5_tokenizer beside it under files of its entry in models.yaml (docs/training.md, On Anima)"
        )
    for part in FOLDERS:
        if not (path / part).is_dir():
            raise GengaError(
                f"{path}: not a diffusers folder of Anima, {part}/ is missing; `genga models pull` fetches the base, or"
                " write its own family into models.yaml"
            )
    return prepared(path, lambda: _from_folder(path))


def prepared(path: Path, parts: Callable[[], Base]) -> Base:
    """Return the base that `parts` loads, frozen and ready for its first step; path: for messages."""
    try:
        with quiet():
            base = parts()
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise GengaError(f"{path}: cannot be loaded as a base: {_first_line(error)}") from error
    _check(path, base)
    for part in (base.text_encoder, base.adapter, base.transformer, base.vae):
        part.requires_grad_(False).eval()
    # One more channel says where a picture is padded: nowhere. diffusers makes it by torchvision, `predict` by zeros.
    base.transformer.register_to_config(concat_padding_mask=False)
    return base


def _from_folder(path: Path) -> Base:
    float32: dict[str, Any] = {"dtype": torch.float32, "local_files_only": True, "use_safetensors": True}
    scheduler = FlowMatchEulerDiscreteScheduler.load_config(path / "scheduler")
    return Base(
        words=Qwen2Tokenizer.from_pretrained(path / "tokenizer", local_files_only=True),
        t5_words=T5Tokenizer.from_pretrained(path / "t5_tokenizer", local_files_only=True),
        text_encoder=Qwen3Model.from_pretrained(
            path / "text_encoder", dtype=torch.float32, local_files_only=True, use_safetensors=True
        ),
        adapter=AnimaTextConditioner.from_pretrained(path / "text_conditioner", **float32),
        transformer=CosmosTransformer3DModel.from_pretrained(path / "transformer", **float32),
        vae=AutoencoderKLQwenImage.from_pretrained(path / "vae", **float32),
        shift=float(scheduler.get("shift", SHIFT)),
    )


def _check(path: Path, base: Base) -> None:
    """Refuse what is not of the family before hours are spent on it."""
    transformer, adapter, vae = base.transformer.config, base.adapter.config, base.vae.config
    for whose, found, wanted in (
        ("text encoder's width", base.text_encoder.config.hidden_size, adapter.source_dim),
        ("adapter's width", adapter.target_dim, transformer.text_embed_dim),
        ("VAE's channels", vae.z_dim, transformer.in_channels),
    ):
        if found != wanted:
            raise GengaError(f"{path}: the {whose} is {found}, {wanted} are expected; not a base of Anima")
    if not transformer.concat_padding_mask or tuple(transformer.patch_size) != (1, PATCH, PATCH):
        raise GengaError(f"{path}: the transformer takes other patches than Anima's; not a base of Anima")
    if (scale := 2 ** len(vae.temperal_downsample)) != VAE_SCALE:
        raise GengaError(f"{path}: the VAE scales down {scale}x, not {VAE_SCALE}x; not a base of Anima")
    if len(base.t5_words) > adapter.target_vocab_size:
        raise GengaError(
            f"{path}: t5_tokenizer has {len(base.t5_words)} tokens, the adapter {adapter.target_vocab_size}; not a base"
            " of Anima"
        )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
