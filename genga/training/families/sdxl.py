"""Stable Diffusion XL, and what is built like it: Illustrious, Animagine, Pony; NoobAI, which predicts the velocity.

Reference: Podell et al. 2023, "SDXL: improving latent diffusion models for high-resolution image synthesis". Two text
encoders (CLIP and OpenCLIP), and of the second a pooled vector besides; the UNet is also told how an image came to its
pixels. Latents, samplers and noise are as of sd15, from which it differs here. The VAE overflows in float16: it is
computed in float32 whatever the precision, when it encodes and when it decodes.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from genga.training._layouts import kohya
from genga.training._layouts.sd import described
from genga.training._layouts.unet import unet_path
from genga.training.choices import Choices
from genga.training.families import sd15
from genga.training.families._sd.words import tokens_of, tokens_of_parts, weighted, windows_of
from genga.training.families._sd15.lora import text_modules, unet_modules
from genga.training.families._sdxl.base import LEVELS, Base, load
from genga.training.families.family import Conditions, Size
from genga.vocabulary.text import Part

_UNET, _TEXT, _TEXT_2 = "unet", "text", "text_2"
_PENULTIMATE = 2  # counted from the last layer


def networks(base: Base) -> dict[str, torch.nn.Module]:
    return {_UNET: base.unet, _TEXT: base.text_encoder, _TEXT_2: base.text_encoder_2}


def encode(base: Base, captions: Sequence[str], clip_skip: int, windows: int = 1) -> Conditions:
    """Return what the text encoders say of each caption, on their device.

    Of both, one beside the other, (captions, windows * tokens, widths), by a layer without its final norm; and the
    second one's pooled vector, of the first window, (captions, width). clip_skip: 1 and 2 take the last layer but one,
    which SDXL was trained with (stable-diffusion-webui passes over the setting, ComfyUI calls it -2), 3 the one before.
    """
    rows = []
    for words, _ in base.encoders:
        tokens = [tokens_of(words, text) for text in captions]
        rows.append(torch.tensor([row for one in tokens for row in windows_of(words, one, windows)]))
    states, pooled = _encoded(base, rows, clip_skip, windows)
    return torch.cat(states, dim=-1), pooled


def encode_parts(base: Base, parts: Sequence[Part], clip_skip: int, windows: int = 1) -> Conditions:
    """Return what the text encoders say of a prompt, as `encode`: weights act on each one's output, not on the pooled.

    As stable-diffusion-webui has it. An empty prompt is encoded as every other is, as in training and in ComfyUI.
    """
    found = [tokens_of_parts(words, parts) for words, _ in base.encoders]
    rows = [
        torch.tensor(windows_of(words, tokens, windows))
        for (words, _), (tokens, _) in zip(base.encoders, found, strict=True)
    ]
    states, pooled = _encoded(base, rows, clip_skip, windows)
    scaled = [weighted(each, weights, windows) for each, (_, weights) in zip(states, found, strict=True)]
    return torch.cat(scaled, dim=-1), pooled


def _encoded(
    base: Base, rows: Sequence[torch.Tensor], clip_skip: int, windows: int
) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Each encoder's states, (texts, windows * tokens, width), and the last one's pooled vector, (texts, width)."""
    states, pooled = [], torch.empty(0)
    for (_, encoder), ids in zip(base.encoders, rows, strict=True):
        said = encoder(ids.to(encoder.device), output_hidden_states=True)
        layer = said.hidden_states[-max(clip_skip, _PENULTIMATE)]
        states.append(layer.reshape(len(ids) // windows, windows * ids.shape[1], -1))
        if encoder is base.text_encoder_2:
            pooled = said.text_embeds[::windows]
    return states, pooled


def layers(base: Base) -> int:
    return min(int(encoder.config.num_hidden_layers) for _, encoder in base.encoders)


def predict(
    base: Base, noisy: torch.Tensor, timesteps: torch.Tensor, conditions: Conditions, sizes: Sequence[Size]
) -> torch.Tensor:
    text, pooled = conditions
    # In float32 whatever the precision: bfloat16 counts to 256 only.
    told = torch.tensor([time_ids(size) for size in sizes], dtype=torch.float32, device=pooled.device)
    besides = {"text_embeds": pooled, "time_ids": told}
    return base.unet(noisy.to(text.dtype), timesteps, text, added_cond_kwargs=besides).sample


def time_ids(size: Size) -> tuple[int, ...]:
    """Return what SDXL is told of an image, px: height and width as it was, top and left of the cut, what was cut."""
    (width, height), (left, top), (wide, high) = size.original, size.corner, size.target
    return height, width, top, left, high, wide


def adapted(base: Base, choices: Choices) -> dict[str, list[str]]:
    return {
        _UNET: unet_modules(base.unet, choices.modules, choices.convolutions),
        _TEXT: text_modules(base.text_encoder) if choices.text_encoder else [],
        _TEXT_2: text_modules(base.text_encoder_2) if choices.text_encoder else [],
    }


def name_in_file(network: str, module: str) -> str:
    """Return a module's name as kohya's sd-scripts has it: of the UNet its path in the original one.

    `down_blocks.1.attentions.0.proj_in` is `lora_unet_input_blocks_4_1_proj_in`.
    """
    if network == _UNET:
        return kohya.unet_name(unet_path(module, LEVELS))
    return kohya.text_name(module, dict(zip((_TEXT, _TEXT_2), kohya.TEXTS["sdxl"], strict=True))[network])


def header(base: Base, choices: Choices) -> dict[str, Any]:
    return {
        **sd15.header(base, choices),
        **described("sdxl", base.prediction == "v_prediction", base.zero_terminal_snr),
    }


FAMILY = replace(
    sd15.FAMILY,
    load=load,
    networks=networks,
    encoders=frozenset({_TEXT, _TEXT_2}),
    encode=encode,
    layers=layers,
    encode_parts=encode_parts,
    predict=predict,
    adapted=adapted,
    name_in_file=name_in_file,
    header=header,
)
