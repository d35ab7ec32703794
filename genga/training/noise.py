"""Noise and target of latent diffusion training, and the schedule that alpha-bars make of them.

Noise offset: N. Guttenberg 2023, "Diffusion with offset noise". Multi-resolution ("pyramid") noise: J. Whitaker 2023,
its layers of the sizes that kohya's sd-scripts gives them since its pull request 495; here the factor between layers
and the division by the standard deviation are per image, not per layer and batch, so that an image's noise does not
depend on its neighbours, and no layer is finer than the one before. Input perturbation: Ning et al. 2023, "Input
perturbation reduces exposure bias in diffusion models".
"""

import math
from collections.abc import Iterable

import numpy as np
import torch

from genga.training.families.family import NoiseSchedule, Prediction
from genga.training.rng import normal


def noise(
    shape: tuple[int, ...],
    draw: np.random.Generator,
    offset: float = 0.0,
    iterations: int = 0,
    discount: float = 0.3,
) -> torch.Tensor:
    """Return one image's noise, float32 (channels, height, width) on the CPU; a clip's (channels, frames, ...).

    offset: strength of a constant added to each channel, of all frames alike. iterations, discount: layers of
    height / r^i by width / r^i, i = 0, 1, ... for one r in 2..4, each `discount` times as strong as the one before, the
    last where a side is 1; 0 iterations add none. Not both: dividing by the deviation would take a part of the offset
    away.
    """
    *layers, height, width = shape
    made = normal(shape, draw)
    if offset > 0:
        made = made + offset * normal((shape[0], *[1] * (len(shape) - 1)), draw)
    if iterations > 0:
        ratio = 2 + 2 * draw.random()
        for layer in range(iterations):
            size = max(1, int(height / ratio**layer)), max(1, int(width / ratio**layer))
            coarse = normal((1, math.prod(layers), *size), draw)
            grown = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")
            made = made + grown.view(shape) * discount**layer
            if 1 in size:
                break
        made = made / made.std()
    return made


def perturbed(noises: torch.Tensor, draws: Iterable[np.random.Generator], strength: float) -> torch.Tensor:
    """Return the noise that is put on latents where another is to be predicted: `noises`, (looks, ...), and more of it.

    draws: a generator for each look; strength: deviation of what is added; 0: `noises` themselves.
    """
    if strength == 0:
        return noises
    more = torch.stack([normal(tuple(noises.shape[1:]), draw) for draw in draws])
    return noises + strength * more.to(noises)


def schedule_of(alphas_cumprod: torch.Tensor, prediction: Prediction) -> NoiseSchedule:
    """Return the schedule of a base that was trained with these alpha-bars, (timesteps,), on their device."""
    return NoiseSchedule(
        timesteps=len(alphas_cumprod),
        prediction=prediction,
        noised=lambda latents, noise, at: noised(latents, noise, alphas_cumprod, at),
        target=lambda latents, noise, at: target(latents, noise, alphas_cumprod, at, prediction),
        snr=lambda at: signal_to_noise(alphas_cumprod, at),
        time=lambda at: at,
    )


def signal_to_noise(alphas_cumprod: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
    """Return the signal-to-noise ratio alpha-bar / (1 - alpha-bar) at each timestep, shape of `timesteps`."""
    kept = alphas_cumprod[timesteps]
    return kept / (1 - kept)


def noised(
    latents: torch.Tensor, noise: torch.Tensor, alphas_cumprod: torch.Tensor, timesteps: torch.Tensor
) -> torch.Tensor:
    """Return sqrt(alpha-bar) latents + sqrt(1 - alpha-bar) noise, (n, channels, ..., height, width)."""
    kept = alphas_cumprod[timesteps].view(-1, *[1] * (latents.ndim - 1))
    return kept.sqrt() * latents + (1 - kept).sqrt() * noise


def target(
    latents: torch.Tensor,
    noise: torch.Tensor,
    alphas_cumprod: torch.Tensor,
    timesteps: torch.Tensor,
    prediction: Prediction,
) -> torch.Tensor:
    """Return what the network should predict: the noise, or the velocity sqrt(a) noise - sqrt(1-a) latents."""
    if prediction == "epsilon":
        return noise
    kept = alphas_cumprod[timesteps].view(-1, *[1] * (latents.ndim - 1))
    return kept.sqrt() * noise - (1 - kept).sqrt() * latents
