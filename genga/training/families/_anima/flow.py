"""Rectified flow as Anima and Wan have it: how latents become noise, and the samplers that go back.

Esser et al. 2024, "Scaling rectified flow transformers for high-resolution image synthesis". A timestep is 0..999, a
sigma the share of noise, 0..1; between them lies a shift s to the noisy end: sigma = s t / (1 + (s - 1) t).
"""

from typing import Any

import numpy as np
import torch
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler

from genga.errors import GengaError
from genga.training.choices import Choices
from genga.training.families.family import NoiseSchedule

TIMESTEPS = 1000


def without_meaning(choices: Choices) -> dict[str, bool]:
    """What has no meaning for a flow whose text encoder stays as it is, by what to set it to: is it set?"""
    return {
        "text_encoder: false (it stays as it is)": choices.text_encoder,
        "convolutions: false (it has none)": choices.convolutions,
        "max_tokens: 75 (512 are seen anyhow)": choices.max_tokens > 75,
        "min_snr_gamma: 0 (it weighs the noise of diffusion)": choices.min_snr_gamma > 0,
        "debiased: false (it weighs the noise of diffusion)": choices.debiased,
        "noise_offset: 0 (a flow begins at plain noise)": choices.noise_offset > 0,
        "multires_iterations: 0 (a flow begins at plain noise)": choices.multires_iterations > 0,
        "huber_schedule: constant or exponential (snr is of diffusion)": (
            choices.loss != "l2" and choices.huber_schedule == "snr"
        ),
    }


def schedule(shift: float) -> NoiseSchedule:
    """At sigma a look is (1 - sigma) latents + sigma noise; noise - latents is to be predicted.

    Of timesteps, t is 1/1000, 2/1000, ..., 1. Samplers count in thousandths of sigma.
    """

    def sigma(at: torch.Tensor) -> torch.Tensor:
        t = (at + 1) / TIMESTEPS
        return shift * t / (1 + (shift - 1) * t)

    def noised(latents: torch.Tensor, noise: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
        share = sigma(at).view(-1, *[1] * (latents.ndim - 1))
        return (1 - share) * latents + share * noise

    return NoiseSchedule(
        timesteps=TIMESTEPS,
        prediction="flow",
        noised=noised,
        target=lambda latents, noise, at: noise - latents,
        snr=lambda at: (1 / sigma(at) - 1).square(),
        time=lambda at: sigma(at) * TIMESTEPS,
    )


def sampler(name: str, shift: float, family: str = "anima") -> Any:
    """Return the scheduler of a name. Raises GengaError for one that is not of flow matching. family: for messages."""
    if name == "euler":
        return _Euler(num_train_timesteps=TIMESTEPS, shift=shift)
    if name == "dpm++":
        return _Solver(
            num_train_timesteps=TIMESTEPS,
            prediction_type="flow_prediction",
            use_flow_sigmas=True,
            flow_shift=shift,
            algorithm_type="dpmsolver++",
            solver_order=2,
        )
    raise GengaError(f"params.yaml:sample.scheduler: {name} is not for the flow of family {family}; set euler or dpm++")


class _Euler(FlowMatchEulerDiscreteScheduler):
    """Euler's method at the sigmas of diffusers' pipeline for Anima: 1, 1 - 1/steps, ..., 1/steps, then shifted."""

    init_noise_sigma = 1.0

    def scale_model_input(self, sample: torch.Tensor, timestep: Any) -> torch.Tensor:
        return sample

    def set_timesteps(self, steps: int, device: Any = None) -> None:  # type: ignore[override]
        parent: Any = super()  # diffusers' classes are without types
        parent.set_timesteps(sigmas=np.linspace(1, 1 / steps, steps), device=device)


class _Solver(DPMSolverMultistepScheduler):
    """DPM-Solver++ that tells the transformer the sigmas as they are: diffusers rounds them to whole timesteps."""

    def set_timesteps(self, steps: int, device: Any = None) -> None:  # type: ignore[override]
        parent: Any = super()
        parent.set_timesteps(steps, device=device)
        self.timesteps = (self.__dict__["sigmas"][:-1] * TIMESTEPS).to(device)
