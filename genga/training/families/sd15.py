"""Stable Diffusion 1.x, and what is built like it: latents of 8 x 8 px, a UNet, one text encoder (CLIP).

Reference: Rombach et al. 2022, "High-resolution image synthesis with latent diffusion models". A LoRA of it is a file
as kohya's sd-scripts writes it, which every UI of the field reads. Samplers add no noise of their own: DDIM (Song et
al. 2020, eta 0), DPM-Solver++ 2M (Lu et al. 2022), or Euler's method on the noise's deviation (Karras et al. 2022).
"""

from collections.abc import Sequence
from typing import Any

import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler

from genga.errors import GengaError
from genga.training._layouts import kohya
from genga.training._layouts.sd import described
from genga.training.choices import Choices
from genga.training.families._sd import writing
from genga.training.families._sd.files import VAE_SCALE
from genga.training.families._sd.scheduled import Scheduled
from genga.training.families._sd.words import room_of, tokens_of, tokens_of_parts, weighted, windows_of
from genga.training.families._sd15.base import Base, load
from genga.training.families._sd15.lora import text_modules, unet_modules
from genga.training.families.family import Conditions, Family, NoiseSchedule, Size
from genga.training.lora_file import KOHYA
from genga.training.noise import schedule_of
from genga.vocabulary.text import Part

_UNET, _TEXT = "unet", "text"


def networks(base: Base) -> dict[str, torch.nn.Module]:
    return {_UNET: base.unet, _TEXT: base.text_encoder}


def autoencoder(base: Base) -> torch.nn.Module:
    return base.vae


def encode(base: Base, captions: Sequence[str], clip_skip: int, windows: int = 1) -> Conditions:
    """Return the text encoder's output for each caption: (captions, windows * tokens, width), on the encoder's device.

    clip_skip: 1 takes the last layer, 2 the one before; the final layer norm follows either way, as in the UIs.
    windows: of the encoder, one after another, each with start and end, as the UIs have it; what is beyond them is cut
    off: see `is_cut`.
    """
    words = base.tokenizer
    ids = torch.tensor([row for text in captions for row in windows_of(words, tokens_of(words, text), windows)])
    return (_states(base, ids, clip_skip).reshape(len(captions), ids.shape[1] * windows, -1),)


def layers(base: Base) -> int:
    return int(base.text_encoder.config.num_hidden_layers)


def encode_parts(base: Base, parts: Sequence[Part], clip_skip: int, windows: int = 1) -> Conditions:
    """Return the text encoder's output for a prompt, (1, windows * tokens, width), weighted by its parts.

    As stable-diffusion-webui has it: parts are made tokens one by one, and the mean over all stays, where there is one.
    """
    tokens, weights = tokens_of_parts(base.tokenizer, parts)
    states = _states(base, torch.tensor(windows_of(base.tokenizer, tokens, windows)), clip_skip)
    return (weighted(states.flatten(0, 1)[None], weights, windows),)


def _states(base: Base, ids: torch.Tensor, clip_skip: int) -> torch.Tensor:
    encoder = base.text_encoder
    states = encoder(ids.to(encoder.device), output_hidden_states=True)
    if clip_skip == 1:
        return states.last_hidden_state
    # transformers 5.6 took the wrapper `text_model` away.
    return getattr(encoder, "text_model", encoder).final_layer_norm(states.hidden_states[-clip_skip])


def length_of(base: Base, caption: str) -> int:
    """Return how many tokens a caption has, without start and end; the encoder sees model_max_length - 2 of them."""
    return len(tokens_of(base.tokenizer, caption))


def is_cut(base: Base, texts: Sequence[str], windows: int = 1) -> bool:
    return sum(length_of(base, text) for text in texts) > windows * room_of(base.tokenizer)


def latent_shape(base: Base, width: int, height: int) -> tuple[int, int, int]:
    return base.vae.config.latent_channels, height // VAE_SCALE, width // VAE_SCALE


def encode_image(base: Base, pixels: torch.Tensor) -> torch.Tensor:
    """Return mean and log variance of the VAE's output, (2 * channels, height, width)."""
    return base.vae.encode(pixels.to(base.vae.device)).latent_dist.parameters[0]


def latent(base: Base, kept: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Return mean + deviation * noise, scaled as the UNet takes it."""
    mean, log_variance = kept.chunk(2)
    return (mean + torch.exp(0.5 * log_variance.clamp(-30, 20)) * noise) * base.vae.config.scaling_factor


def decode(base: Base, latents: torch.Tensor) -> torch.Tensor:
    """Return the pixels of latents, by the VAE in float32: half precision overflows in some published ones."""
    return base.vae.decode(latents.float() / base.vae.config.scaling_factor).sample


def schedule(base: Scheduled, device: torch.device, shift: float | None = None) -> NoiseSchedule:
    return schedule_of(base.alphas_cumprod.to(device), base.prediction)


def sampler(base: Scheduled, name: str) -> Any:
    """Return the scheduler of a name, its timesteps spaced from the noisiest one on ("trailing", Lin et al. 2023)."""
    # Latents are not limited to -1..1, whatever the scheduler that was saved with the base says.
    if name == "ddim":
        return DDIMScheduler.from_config(base.schedule, timestep_spacing="trailing", clip_sample=False)
    if name == "euler":
        return EulerDiscreteScheduler.from_config(base.schedule, timestep_spacing="trailing")
    return DPMSolverMultistepScheduler.from_config(
        base.schedule, timestep_spacing="trailing", algorithm_type="dpmsolver++", solver_order=2
    )


def predict(
    base: Base, noisy: torch.Tensor, timesteps: torch.Tensor, conditions: Conditions, sizes: Sequence[Size]
) -> torch.Tensor:
    (text,) = conditions
    return base.unet(noisy.to(text.dtype), timesteps, text).sample


def check(base: Base, choices: Choices) -> None:
    """Raise GengaError for what is of flow matching."""
    if choices.shift is not None:
        raise GengaError(
            f"params.yaml:train.shift is {choices.shift:g}, but this base has no flow matching; set it to null"
        )


def adapted(base: Base, choices: Choices) -> dict[str, list[str]]:
    return {
        _UNET: unet_modules(base.unet, choices.modules, choices.convolutions),
        _TEXT: text_modules(base.text_encoder) if choices.text_encoder else [],
    }


def name_in_file(network: str, module: str) -> str:
    return kohya.unet_name(module) if network == _UNET else kohya.text_name(module)


def header(base: Scheduled, choices: Choices) -> dict[str, Any]:
    return {
        **described("sd15", base.prediction == "v_prediction", base.zero_terminal_snr),
        "ss_unet_lr": choices.learning_rate,
        "ss_text_encoder_lr": choices.text_learning_rate if choices.text_encoder else None,
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
    side=VAE_SCALE,
    latent_shape=latent_shape,
    encode_image=encode_image,
    latent=latent,
    decode=decode,
    schedule=schedule,
    sampler=sampler,
    predict=predict,
    precisions=("float16", "bfloat16", "float32"),
    check=check,
    adapted=adapted,
    name_in_file=name_in_file,
    lora_keys=KOHYA,
    header=header,
    whole=writing.whole,
    states=writing.states,
    write_folder=writing.write_folder,
)
