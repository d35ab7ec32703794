"""Wan 2.x, text to video: rectified flow, a transformer over space and time, UMT5 as text encoder.

Reference: Wan team 2025, "Wan: open and advanced large-scale video generative models". The autoencoder takes frames
together, the first alone and then four for one of latents, so clips have 4n + 1 frames, and what is kept is a clip's
latents. A LoRA is a file as ComfyUI and diffusers read it: no alpha, the scale is folded in. Of two transformers one is
learnt in a run, at the timesteps at which it is asked; samples ask both.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from genga.errors import GengaError
from genga.training._layouts import wan as names
from genga.training.choices import Choices, Experts
from genga.training.families._anima import flow
from genga.training.families._moving.common import MOVING, refuse
from genga.training.families._wan import base as parts_of
from genga.training.families._wan.base import EXPERTS, FRAMES, Base, load
from genga.training.families.family import Conditions, Family, NoiseSchedule, Size, States
from genga.vocabulary.text import Part

MOVES = True  # the workflow reads it here, without importing this

_TEXT = "text"
_TOKENS = 512  # of a caption that are seen, the end among them


def networks(base: Base) -> dict[str, torch.nn.Module]:
    return {**base.transformers, _TEXT: base.text_encoder}


def autoencoder(base: Base) -> torch.nn.Module:
    return base.vae


def encode(base: Base, captions: Sequence[str], clip_skip: int = 1, windows: int = 1) -> Conditions:
    """Return the conditions of each caption, (captions, 512, width), on the encoder's device: zeros behind its end.

    Each alone: its bits do not depend on its neighbours. clip_skip, windows: 1, there are no others.
    """
    return (torch.stack([_condition(base, caption) for caption in captions]),)


def _condition(base: Base, caption: str) -> torch.Tensor:
    encoder = base.text_encoder
    text = re.sub(r"\s+", " ", caption).strip()
    read = base.words(text, padding="max_length", max_length=_TOKENS, truncation=True, return_tensors="pt")
    ids, mask = read.input_ids.to(encoder.device), read.attention_mask.to(encoder.device)
    states: torch.Tensor = encoder(ids, mask).last_hidden_state[0]
    return states * mask[0, :, None].to(states)


def layers(base: Base) -> int:
    """The encoder's last layer alone: the transformer was trained on it."""
    return 1


def encode_parts(base: Base, parts: Sequence[Part], clip_skip: int = 1, windows: int = 1) -> Conditions:
    """Return the conditions of a prompt, (1, 512, width). Raises GengaError for weights: a sentence has none."""
    if heavier := [text.strip() for text, weight in parts if weight != 1]:
        raise GengaError(f"a prompt for a base of family wan has no weights; write {heavier[0]!r} without brackets")
    return encode(base, ["".join(text for text, _ in parts)])


def is_cut(base: Base, texts: Sequence[str], windows: int = 1) -> bool:
    return len(base.words("".join(texts), verbose=False).input_ids) > _TOKENS


def latent_shape(base: Base, width: int, height: int) -> tuple[int, int, int]:
    """Raises GengaError for sides that are no multiples of what this base's VAE and transformer take together."""
    if width % base.side or height % base.side:
        raise GengaError(f"{width}x{height} px: sides must be multiples of {base.side} for this base of family wan")
    return base.vae.config.z_dim, height // base.scale, width // base.scale


def encode_image(base: Base, pixels: torch.Tensor) -> torch.Tensor:
    """Return what is kept of a still, which is a clip of one frame: (channels, height, width)."""
    return encode_clip(base, pixels[:, :, None])[:, 0]


def encode_clip(base: Base, pixels: torch.Tensor) -> torch.Tensor:
    """Return the mean of the VAE's output, (channels, frames, height, width); it goes through four frames at a time."""
    found: torch.Tensor = base.vae.encode(pixels.to(base.vae.device)).latent_dist.mode()[0]
    return found


def latent(base: Base, kept: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Return the mean as the transformer takes it: about 0 and 1 in every channel. It has no noise of its own."""
    mean, deviation = _moments(base, kept)
    return (kept - mean) / deviation


def decode(base: Base, latents: torch.Tensor) -> torch.Tensor:
    """Return the pixels of latents, by the VAE in float32, clip by clip."""
    mean, deviation = _moments(base, latents.float())
    scaled = latents.float() * deviation + mean
    return torch.cat([base.vae.decode(clip[None]).sample for clip in scaled])


def _moments(base: Base, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and deviation of the VAE's channels, (channels, 1, 1, 1)."""
    config = base.vae.config
    mean, deviation = (torch.tensor(values).view(-1, 1, 1, 1) for values in (config.latents_mean, config.latents_std))
    return mean.to(like), deviation.to(like)


def latent_frames(frames: int) -> int:
    return 1 + (frames - 1) // FRAMES


def take_frames(base: Base, frames: int, stretch: bool) -> None:
    """Raise GengaError for a number of frames that is not 4n + 1."""
    if (beyond := (frames - 1) % FRAMES) == 0:
        return
    raise GengaError(
        f"params.yaml:train.clips: clips have {frames} frames, a base of family wan takes 4n + 1; set length to"
        f" {frames - beyond}, or make clips of {frames - beyond + FRAMES} (clips.length)"
    )


def schedule(base: Base, device: torch.device, shift: float | None = None) -> NoiseSchedule:
    """Of an expert it says the timesteps that it is asked at."""
    found = flow.schedule(base.shift if shift is None else shift)
    if base.boundary is None or base.expert is None:
        return found
    low = int((found.time(torch.arange(found.timesteps)) < base.boundary).sum())  # they rise
    return replace(found, part=range(low, found.timesteps) if base.expert == "high_noise" else range(low))


def has_little_noise(base: Base, timestep: Any) -> bool:
    """Whether a timestep, or the first of several, is below the boundary of two experts."""
    return base.boundary is not None and float(timestep.reshape(-1)[0]) < base.boundary


def sampler(base: Base, name: str) -> Any:
    """Return the scheduler of a name, at the shift of the base: that of training is no matter here."""
    return flow.sampler(name, base.shift, "wan")


def predict(
    base: Base, noisy: torch.Tensor, timesteps: torch.Tensor, conditions: Conditions, sizes: Sequence[Size]
) -> torch.Tensor:
    (text,) = conditions
    transformer = base.transformer
    if len(base.transformers) > 1:
        transformer = base.loaded[EXPERTS["low_noise" if has_little_noise(base, timesteps) else "high_noise"]]
    at = timesteps.to(noisy.device, torch.float32).expand(len(noisy))
    return transformer(noisy.to(text.dtype), at, text).sample


def check(base: Base, choices: Choices) -> None:
    """Raise GengaError for every choice that has no meaning here, and say what to set it to."""
    wrong = f"expert: {base.expert or 'null'} (which the base was loaded with)"
    refuse("wan", choices, {**flow.without_meaning(choices), wrong: choices.expert != base.expert})


def adapted(base: Base, choices: Choices) -> dict[str, list[str]]:
    return {**{name: names.modules(one, choices.modules) for name, one in base.transformers.items()}, _TEXT: []}


def name_in_file(network: str, module: str) -> str:
    return f"text_encoders.{module}" if network == _TEXT else names.lora_name(module)


def whole(base: Base, states: States) -> dict[str, torch.Tensor]:
    """Return the tensors of a transformer's file in the original layout: the other parts have files of their own."""
    name, transformer = next(iter(base.transformers.items()))
    return names.outside(states.get(name, transformer.state_dict()))


def states(base: Base, tensors: Mapping[str, torch.Tensor]) -> States:
    """Return the networks' states, a transformer's out of such a file. Raises KeyError if a tensor is missing."""
    name, transformer = next(iter(base.transformers.items()))
    return {name: names.inside(transformer.state_dict(), tensors), _TEXT: base.text_encoder.state_dict()}


def write_folder(base: Base, states: States, folder: Path) -> None:
    """Write a diffusers folder. states: of networks by their names in `networks`, and of `autoencoder`."""
    places = {_TEXT: "text_encoder", "autoencoder": "vae"}
    parts_of.write_folder(base, {places.get(name, name): state for name, state in states.items()}, folder)


def header(base: Base, choices: Choices) -> dict[str, Any]:
    return {
        "ss_v2": False,
        "ss_base_model_version": "wan2.x",
        "ss_network_module": "networks.lora_wan",  # musubi-tuner's, whatever the names of the tensors
        "ss_unet_lr": choices.learning_rate,
        "ss_text_encoder_lr": None,
        "ss_timestep_sampling": "uniform" if choices.timesteps == "uniform" else "shift",
        "ss_sigmoid_scale": choices.timestep_scale,
        "ss_discrete_flow_shift": base.shift if choices.shift is None else choices.shift,
        **({"ss_expert": base.expert} if base.expert is not None else {}),  # nothing in the tensors says it
        "modelspec.architecture": "wan2.x/lora",
    }


FAMILY = Family(
    load=load,
    networks=networks,
    encoders=frozenset({_TEXT}),
    autoencoder=autoencoder,
    encode=encode,
    layers=layers,
    encode_parts=encode_parts,
    is_cut=is_cut,
    side=16,  # of the VAE's 8 and the transformer's 2; a base with more says so in `latent_shape`
    latent_shape=latent_shape,
    encode_image=encode_image,
    latent=latent,
    decode=decode,
    schedule=schedule,
    sampler=sampler,
    predict=predict,
    precisions=("bfloat16", "float32"),
    check=check,
    adapted=adapted,
    name_in_file=name_in_file,
    lora_keys=names.LORA_KEYS,
    header=header,
    whole=whole,
    states=states,
    write_folder=write_folder,
    experts=Experts(parts_of.load_expert, parts_of.of_expert, parts_of.experts_of, has_little_noise),
    clips=MOVING,
    latent_frames=latent_frames,
    take_frames=take_frames,
    encode_clip=encode_clip,
)
