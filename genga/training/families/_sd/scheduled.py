"""What the noise schedule that lies with a base says of it."""

from typing import Any, cast

import torch
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler

from genga.training.families.family import Prediction


class Scheduled:
    """A base with the configuration of its noise scheduler."""

    schedule: dict[str, Any]

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
