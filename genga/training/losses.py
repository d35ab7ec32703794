"""How much a look is to be learnt from: the distance of what was predicted, by px, and the weight of px and timesteps.

Huber: Khrapov et al. 2024, "Improving diffusion models's data-corruption resistance using scheduled pseudo-Huber loss",
its delta as kohya's `--huber_schedule` has it. Debiased: Yu et al. 2023, "Debias the training
of diffusion models". Min-SNR: Hang et al. 2023, "Efficient diffusion training via min-SNR weighting strategy". Masked:
as kohya's sd-scripts, by px averaged over a latent's area, and not made up for: a look of which half is hidden counts
half.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import torch

from genga.errors import GengaError
from genga.images.codec import lay_mask
from genga.params.train import Params
from genga.training.examples import Example
from genga.training.families.family import NoiseSchedule
from genga.training.plan import Look
from genga.training.transforms import Box, bucketed, moved

_HIGHEST_SNR = 1000.0  # for `debiased`, as kohya has it: at the first timesteps the ratio grows beyond all bounds


def losses(
    predicted: torch.Tensor,
    wanted: torch.Tensor,
    timesteps: torch.Tensor,
    looks: Sequence[Look],
    schedule: NoiseSchedule,
    params: Params,
) -> torch.Tensor:
    """Return each look's loss, (looks,). predicted, wanted: (looks, channels, ..., height, width)."""
    delta = huber_delta(schedule, timesteps, params)
    if isinstance(delta, torch.Tensor):
        delta = delta.view(-1, *[1] * (wanted.ndim - 1)).to(wanted)
    errors = distance(predicted, wanted, params, delta)
    if params.mask_text < 1 or params.mask_background < 1:
        size = (wanted.shape[-2], wanted.shape[-1])
        maps = torch.stack([weights_of_px(look.example, look.flipped, size, params) for look in looks])
        errors = errors * maps.view(len(looks), *[1] * (errors.ndim - 3), *size).to(errors)
    of_images = torch.tensor([look.example.weight for look in looks], device=errors.device)
    return errors.mean(dim=tuple(range(1, errors.ndim))) * loss_weight(schedule, timesteps, params) * of_images


def check_masks(examples: Iterable[Example], params: Params) -> None:
    """Raise GengaError if nothing is left to learn from: no image shows a person, and the background is hidden."""
    if params.mask_background == 0 and not any(example.persons for example in examples):
        raise GengaError("params.yaml:train.mask_background: no image shows a person, nothing is left; set it above 0")


def huber_delta(schedule: NoiseSchedule, timesteps: torch.Tensor, params: Params) -> float | torch.Tensor:
    """Return the error of a px up to which it counts as squared: one for all looks, or each look's, (looks,).

    With c for the parameter, snr: c + (1 - c) / (1 + sigma)^2, sigma being 1 / sqrt(snr); exponential: c to the power
    of the share of timesteps that lie below. Both fall from 1 to c as noise grows.
    """
    least = params.huber_delta
    if params.loss == "l2" or params.huber_schedule == "constant":
        return least
    if params.huber_schedule == "snr":
        return least + (1 - least) / (1 + schedule.snr(timesteps).rsqrt()).square()
    return least ** (schedule.time(timesteps) / schedule.timesteps)


def distance(
    predicted: torch.Tensor, wanted: torch.Tensor, params: Params, delta: float | torch.Tensor
) -> torch.Tensor:
    """Return how far apart they are, number by number, in the shape of both; d is `delta`, which may be each look's.

    l2: e^2. huber: 2 d (sqrt(e^2 + d^2) - d), about e^2 where e is far below d and 2 d |e| far beyond it. smooth_l1:
    huber / d.
    """
    squared = (predicted - wanted).square()
    if params.loss == "l2":
        return squared
    bent = 2 * ((squared + delta**2).sqrt() - delta)
    return delta * bent if params.loss == "huber" else bent


def loss_weight(schedule: NoiseSchedule, timesteps: torch.Tensor, params: Params) -> torch.Tensor:
    """Return each timestep's weight, (looks,); ones, if neither min-SNR nor debiased is wanted.

    min-SNR: min(snr, gamma) / snr for epsilon, / (snr + 1) for v. Debiased: 1 / sqrt(snr) for epsilon, 1 / (snr + 1)
    for v, with a ratio of 1000 at most.
    """
    snr, of_noise = schedule.snr(timesteps), schedule.prediction == "epsilon"
    if params.debiased:
        limited = snr.clamp(max=_HIGHEST_SNR)
        return 1 / (limited.sqrt() if of_noise else limited + 1)
    if params.min_snr_gamma == 0:
        return torch.ones_like(snr)
    return snr.clamp(max=params.min_snr_gamma) / (snr if of_noise else snr + 1)


def weights_of_px(example: Example, flipped: bool, size: tuple[int, int], params: Params) -> torch.Tensor:
    """Return the weight of each of a latent's numbers, float32 (height, width), `size`: the mean over its px.

    A px under burnt-in text weighs `mask_text`, one that is no person's `mask_background`, one that is both the
    product, any other 1. A person's are those of the mask, where a model made one, else those of the box.
    """
    text = _covered(example, example.text)
    persons = _masked(example) if example.masks else _covered(example, example.persons)
    px = torch.where(text, params.mask_text, 1.0) * torch.where(persons, 1.0, params.mask_background)
    if flipped:
        px = px.flip(-1)
    return torch.nn.functional.interpolate(px[None, None], size=size, mode="area")[0, 0]


def _masked(example: Example) -> torch.Tensor:
    """Whether a px of the image as it is trained on is a person's by their masks, (height, width)."""
    width, height = example.original
    plane = np.zeros((height, width), bool)
    for box, mask in example.masks:
        lay_mask(plane, box, mask)
    shown = np.repeat(plane[..., None].astype(np.uint8) * 255, 3, axis=2)
    return torch.from_numpy(bucketed(shown, example.cut)[..., 0] >= 128)


def _covered(example: Example, boxes: Iterable[Box]) -> torch.Tensor:
    """Whether a px of the image as it is trained on is in one of the boxes, (height, width)."""
    width, height = example.cut.bucket
    covered = torch.zeros(height, width, dtype=torch.bool)
    for box in boxes:
        x0, y0, x1, y1 = moved(box, example.original, example.cut)
        covered[y0:y1, x0:x1] = True
    return covered
