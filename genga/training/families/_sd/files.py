"""A base of Stable Diffusion, read from a diffusers folder or from one file alone.

A single file has tensors and, for v-prediction and zero terminal SNR, two empty ones, `v_pred` and `ztsnr`, by which
ComfyUI goes (diffusers reads neither). What else it takes is the family's (configurations, CLIP's vocabulary), or lies
in a folder of its name beside it: a diffusers folder without weights, or some of its parts.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import torch
from accelerate import init_empty_weights
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from transformers import CLIPTokenizer

from genga.errors import GengaError
from genga.training._layouts.sd import (
    AUTOENCODER,
    RELATIVES,
    UNET,
    V_PRED,
    ZTSNR,
    has_zero_terminal_snr,
    inside,
    other_noise,
    predicted,
    today,
)
from genga.training.device import quiet
from genga.training.families._sd.parts import Config, Kind, Part
from genga.training.families._sd.vocabulary import tokenizers

VAE_SCALE = 8  # px of the image per latent, each way


def read(path: Path, kind: Kind) -> dict[str, Any]:
    """Return a base's networks, tokenizers and schedule by the names of its fields, frozen and in float32.

    Nothing is fetched from a network. Raises GengaError naming the file or folder that is missing, damaged, or not of
    this kind.
    """
    with quiet():
        found = _from_file(path, kind) if path.suffix == ".safetensors" else _from_folder(path, kind)
    for part in kind.parts:
        found[part.folder].requires_grad_(False).eval()
    check(path, found)
    return found


def _from_folder(path: Path, kind: Kind) -> dict[str, Any]:
    for folder in kind.folders:
        if not (path / folder).is_dir():
            if is_other := _kind_of_folder(path, kind):
                raise GengaError(_of_another(path, "folder", is_other, kind))
            raise GengaError(
                f"{path}: not a diffusers folder, {folder}/ is missing; `genga models pull` fetches the base"
            )
    if is_other := _kind_of_folder(path, kind):
        raise GengaError(_of_another(path, "folder", is_other, kind))
    try:
        schedule = _written(path / "scheduler")
        found = {
            **{name: CLIPTokenizer.from_pretrained(path / name, local_files_only=True) for name in kind.tokenizers},
            **{part.folder: part.load(path) for part in kind.parts},
            "schedule": schedule,
        }
    except (OSError, ValueError, RuntimeError) as error:
        raise GengaError(f"{path}: cannot be loaded as a base: {_first_line(error)}") from error
    if schedule["prediction_type"] == "epsilon" and _calls_itself_v(path.name):
        said = "its name says v-prediction, but prediction_type is epsilon; if it predicts v, say so"
        print(f"note: {path}: {said} in {path / 'scheduler' / 'scheduler_config.json'}", file=sys.stderr)
    return found


def _from_file(path: Path, kind: Kind) -> dict[str, Any]:
    if not path.is_file():
        raise GengaError(f"{path}: no such file; `genga models pull` fetches the base")
    config = path.with_suffix("")
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            stored = {today(key): key for key in file.keys()}  # noqa: SIM118
            keys = set(stored)
            check_keys(path, keys, kind)

            def get(key: str) -> torch.Tensor:
                return file.get_tensor(stored[key]).float()

            found: dict[str, Any] = {
                part.folder: network_of(path, keys, get, part, config_of(config, part)) for part in kind.parts
            }
            schedule = schedule_of(path, keys, file.metadata() or {}, kind)
    except (OSError, ValueError, RuntimeError, safetensors.SafetensorError) as error:
        raise GengaError(f"{path}: cannot be loaded as a base: {_first_line(error)}") from error
    length = found["text_encoder"].config.max_position_embeddings
    return {**found, **tokenizers(path, config, kind.tokenizers, length), "schedule": schedule}


def check_keys(path: Path, keys: set[str], kind: Kind) -> None:
    """Raise GengaError if a file with these keys is not a whole base of this kind."""
    for name, (prefix, family) in _KINDS.items():
        if family != kind.family and any(key.startswith(prefix) for key in keys):
            raise GengaError(_of_another(path, "file", name, kind))
    for prefix, what in {UNET: "UNet", AUTOENCODER: "autoencoder"}.items():
        if not any(key.startswith(prefix) for key in keys):
            raise GengaError(
                f"{path}: has no {what} ({prefix}…), so it is no whole checkpoint of {kind.name} in the original"
                " layout; take the base's whole file, or its diffusers folder"
            )


def network_of(path: Path, keys: set[str], get: Any, part: Part, config: Config) -> torch.nn.Module:
    """Return the network of a part with the tensors that `get` gives, by their keys in the file."""
    with init_empty_weights(include_buffers=False):
        network = part.build(config)
    shapes = {name: tensor.shape for name, tensor in network.state_dict().items()}
    places = part.places(shapes)
    wanted = {place.key for place in places.values()}
    if missing := sorted(wanted - keys):
        raise GengaError(
            f"{path}: {missing[0]} is missing ({len(missing)} tensors of {part.folder}): it is cut, or of another kind"
        )
    if part.network == "unet" and (more := sorted(key for key in keys - wanted if key.startswith(UNET))):
        raise GengaError(f"{path}: has {more[0]} ({len(more)} tensors too many): its UNet is of another kind")
    state = inside(places, get)
    for name, shape in shapes.items():
        if state[name].shape != shape:
            raise GengaError(
                f"{path}: {places[name].key} has shape {tuple(state[name].shape)}, expected {tuple(shape)}: it is of"
                f" another kind, or needs its configuration as {path.with_suffix('')}/{part.folder}/config.json"
            )
    network.load_state_dict(state, strict=True, assign=True)
    return network


def config_of(folder: Path, part: Part) -> Config:
    """Return the configuration of a part beside a single file, else the family's. folder: of the file's name."""
    own = folder / part.folder / "config.json"
    return json.loads(own.read_text(encoding="utf-8")) if own.is_file() else part.config


def schedule_of(path: Path, keys: set[str], about: Mapping[str, str], kind: Kind) -> dict[str, Any]:
    """Return the noise schedule of a single file: of its markers, or of its configuration where that says the same.

    keys, about: its tensors' names, and its header.
    """
    marked = {"prediction_type": "v_prediction"} if V_PRED in keys else {}
    zero = {"rescale_betas_zero_snr": True} if ZTSNR in keys else {}
    own = path.with_suffix("") / "scheduler" / "scheduler_config.json"
    if not own.is_file():
        found = {**kind.schedule, **marked, **zero}
    else:
        found = _written(own.parent)
        for key, value in {**marked, **zero}.items():
            if found.get(key, False) != value:
                marker = V_PRED if key in marked else ZTSNR
                raise GengaError(
                    f"{own}: {key} is {found.get(key, False)}, but {path.name} has the marker {marker}, so it was"
                    f" trained with {value}; correct {key}, or delete the file: the markers hold then"
                )
    if warning := _unmarked(path, about, found):
        print(f"note: {path}: {warning} in {own}", file=sys.stderr)
    return found


def _unmarked(path: Path, about: Mapping[str, str], found: Mapping[str, Any]) -> str:
    """What name and header of a file say of its prediction that nothing else does."""
    value, key = predicted(about)
    if found["prediction_type"] == "epsilon" and (value == "v" or _calls_itself_v(path.stem)):
        says = f"its header says v-prediction ({key})" if value == "v" else "its name says v-prediction"
        return f"{says}, but it has no marker {V_PRED} and is taken for epsilon; if it predicts v, say so"
    if not found.get("rescale_betas_zero_snr", False) and has_zero_terminal_snr(about):
        return (
            f"its header says ss_zero_terminal_snr, but it has no marker {ZTSNR} and is taken to have some signal at"
            " the last timestep; if it has none, say so (rescale_betas_zero_snr)"
        )
    return ""


def _written(folder: Path) -> dict[str, Any]:
    """A scheduler's configuration. The first ones, SD 1.5's own among them, say nothing of what is predicted: noise."""
    found = dict(DDPMScheduler.load_config(folder))
    found.setdefault("prediction_type", "epsilon")
    return found


def check(path: Path, found: Mapping[str, Any]) -> None:
    """Raise GengaError for parts that cannot be right, before hours are spent on them."""
    schedule = found["schedule"]
    if other := other_noise(schedule):
        raise GengaError(f"{path}: scheduler/scheduler_config.json: {other}: there is no family for such; take another")
    scale = 2 ** (len(found["vae"].config.block_out_channels) - 1)
    if scale != VAE_SCALE:
        raise GengaError(f"{path}: the VAE scales down {scale}x, not {VAE_SCALE}x; not a base of Stable Diffusion")
    if schedule["prediction_type"] not in ("epsilon", "v_prediction"):
        raise GengaError(f"{path}: prediction_type {schedule['prediction_type']} is not epsilon or v_prediction")
    if schedule.get("rescale_betas_zero_snr", False) and schedule["prediction_type"] == "epsilon":
        raise GengaError(
            f"{path}: rescale_betas_zero_snr with prediction_type epsilon: from noise alone it has no image to tell;"
            " correct scheduler/scheduler_config.json to what the base was trained with"
        )


# What only files of a kind have, and the family of that kind.
_KINDS = {
    **{name: (prefix, "") for prefix, name in RELATIVES.items()},  # first: those of SDXL have what it has, too
    "Stable Diffusion 1.x": ("cond_stage_model.transformer.", "sd15"),
    "Stable Diffusion XL": ("conditioner.embedders.1.", "sdxl"),
    "Anima": ("net.llm_adapter.", "anima"),
}


def _calls_itself_v(name: str) -> bool:
    return any(word in name.lower() for word in ("vpred", "v-pred", "v_pred"))


def _kind_of_folder(path: Path, kind: Kind) -> str | None:
    """The kind of a diffusers folder, if it is another one that is known."""
    is_xl = (path / "text_encoder_2").is_dir()
    if is_xl == ("text_encoder_2" in kind.folders) or not (path / "text_encoder").is_dir():
        return None
    return "Stable Diffusion XL" if is_xl else "Stable Diffusion 1.x"


def _of_another(path: Path, what: str, name: str, kind: Kind) -> str:
    family = _KINDS[name][1]
    way = f"write family: {family} for this base in models.yaml" if family else "there is no family for it"
    return f"{path}: is a {what} of {name}, but models.yaml has family: {kind.family} for it ({kind.name}); {way}"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
