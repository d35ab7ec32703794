"""Which timestep a look has: one of those that a run learns at, as often as section `train` says.

Logit-normal: Esser et al. 2024, "Scaling rectified flow transformers for high-resolution image synthesis".
"""

import math
from statistics import NormalDist

import numpy as np

from genga.errors import GengaError
from genga.params.train import Params

_LEAST = 1e-6  # share of a distribution that is to be drawn from: below it there is nothing but rounding


def drawn(draw: np.random.Generator, params: Params, timesteps: int, among: range) -> int:
    """Draw a timestep of `among`, which are some of 0..timesteps - 1: each alike, or as a distribution has them.

    Logit-normal is over all timesteps, the sigmoid of a normal distribution; of a part of them, what falls into it.
    """
    if params.timesteps == "uniform":
        return among[int(draw.integers(len(among)))]
    if len(among) == timesteps:
        at = params.timestep_mean + params.timestep_scale * draw.standard_normal()
    else:
        low, high = _ends(params, timesteps, among)
        at = _of(params).inv_cdf(min(max(low + (high - low) * draw.random(), math.ulp(0.0)), 1 - math.ulp(0.5)))
    return min(max(int(1 / (1 + math.exp(-at)) * timesteps), among.start), among.stop - 1)


def check(params: Params, timesteps: int, among: range) -> None:
    """Raise GengaError if `drawn` would find nothing in `among`."""
    if params.timesteps == "uniform" and len(among):
        return
    low, high = _ends(params, timesteps, among) if len(among) else (0.0, 0.0)
    if high - low < _LEAST:
        raise GengaError(
            f"params.yaml:train: timesteps: {params.timesteps} draws none of {among.start}..{among.stop - 1} of 0.."
            f"{timesteps - 1}, of which expert {params.expert} is; set timesteps to uniform, or timestep_mean nearer"
        )


def _of(params: Params) -> NormalDist:
    return NormalDist(params.timestep_mean, params.timestep_scale)


def _ends(params: Params, timesteps: int, among: range) -> tuple[float, float]:
    """The shares of the distribution that lie below the first of `among`, and below the end of the last."""
    shares = [0.0 if edge <= 0 else 1.0 if edge >= timesteps else _of(params).cdf(math.log(edge / (timesteps - edge)))
              for edge in (among.start, among.stop)]  # fmt: skip
    return shares[0], shares[1]
