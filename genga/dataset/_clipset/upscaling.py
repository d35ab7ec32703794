"""By how much the drawings of a clip are made larger: by no more than its bucket asks for."""

from collections.abc import Mapping
from typing import Any

from genga.params.clips import Upscale

# What each can enlarge by; waifu2x knows 2, and 4 is that twice.
FACTORS = {"realcugan": (2, 3, 4), "waifu2x": (2, 4)}


def upscaled(row: Mapping[str, Any], params: Upscale | None) -> dict[str, Any] | None:
    """Return the column `upscale` of CLIPSET: the least factor that is enough, else the largest; None: it needs none.

    row: with width, height, scaled_width and scaled_height. What is too large by then is scaled down.
    """
    if params is None:
        return None
    needed = max(row["scaled_width"] / row["width"], row["scaled_height"] / row["height"])
    if needed <= params.above:
        return None
    factors = FACTORS[params.by]
    factor = next((factor for factor in factors if factor >= needed), factors[-1])
    return {"by": params.by, "denoise": params.denoise, "factor": factor}


def least_side(side: int, params: Upscale | None) -> float:
    """Return the least side, px, that a clip may have where pictures of `side` are wanted: what can become that."""
    return side if params is None else side / FACTORS[params.by][-1]
