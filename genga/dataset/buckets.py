"""Aspect buckets: the sizes at which images are trained, and how each image is scaled and cut to fit one.

The arithmetic is that of kohya's sd-scripts (`make_bucket_resolutions`, `BucketManager.select_bucket` and its centre
crop), so that a dataset is cut here as it would be cut there. Sizes are (width, height) in px.
"""

import math
from dataclasses import dataclass

from genga.errors import GengaError

Size = tuple[int, int]  # width, height in px


@dataclass(frozen=True)
class Fit:
    """An image in its bucket: scale it to `scaled`, then cut `box` out; what is left has the bucket's size."""

    bucket: Size
    scaled: Size  # covers the bucket: at least as wide and as high
    box: tuple[int, int, int, int]  # x0 y0 x1 y1 in px of the scaled image, exclusive end, centred


def bucket_sizes(resolution: int, smallest: int, largest: int, step: int) -> list[Size]:
    """Return the buckets of about resolution x resolution pixels, sorted.

    smallest, largest: shortest and longest side of a bucket, px, multiples of `step`.
    Raises GengaError if the sides do not fit the step or each other.
    """
    _check(resolution, smallest, largest, step)
    area = resolution * resolution
    square = resolution // step * step
    sizes = {(square, square)}
    for width in range(smallest, largest + 1, step):
        height = min(largest, area // width // step * step)
        if height >= smallest:
            sizes |= {(width, height), (height, width)}
    return sorted(sizes)


def fit(width: int, height: int, sizes: list[Size]) -> Fit:
    """Place an image in the bucket of its own size, else in that of the nearest width / height, scaled to cover it.

    Of two buckets equally near, the first in `sizes` is taken.
    """
    aspect = width / height
    bucket = (width, height)
    if bucket not in sizes:
        bucket = min(sizes, key=lambda size: abs(size[0] / size[1] - aspect))
    scale = bucket[1] / height if aspect > bucket[0] / bucket[1] else bucket[0] / width
    return _centred(bucket, (int(width * scale + 0.5), int(height * scale + 0.5)))


def fit_no_upscale(width: int, height: int, resolution: int, step: int) -> Fit | None:
    """Place an image in a bucket of its own: shrunk to the area of resolution x resolution, never enlarged.

    The bucket is the (shrunk) image rounded down to the step. None if a side is shorter than one step.
    """
    scaled = (width, height)
    if width * height > resolution * resolution:
        scaled = _shrunk(width / height, resolution, step)
    bucket = (scaled[0] // step * step, scaled[1] // step * step)
    return _centred(bucket, scaled) if all(bucket) else None


def _shrunk(aspect: float, resolution: int, step: int) -> Size:
    """Return the size of that area with one side a whole number of steps: the side that distorts the aspect least."""
    exact_width = math.sqrt(resolution * resolution * aspect)
    width = _rounded(exact_width, step)
    height = _rounded(resolution * resolution / exact_width, step)
    if not width or not height:  # thinner than half a step: the caller finds that it fills no bucket
        return width, height
    height_for_width = _rounded(width / aspect, step)
    width_for_height = _rounded(height * aspect, step)
    by_width = abs(width / height_for_width - aspect) if height_for_width else math.inf
    by_height = abs(width_for_height / height - aspect)
    if by_width < by_height:
        return width, int(width / aspect + 0.5)
    return int(height * aspect + 0.5), height


def _rounded(value: float, step: int) -> int:
    """Return `value` rounded to a whole number, then down to a multiple of `step`."""
    return int(value + 0.5) // step * step


def _centred(bucket: Size, scaled: Size) -> Fit:
    x0, y0 = (scaled[0] - bucket[0]) // 2, (scaled[1] - bucket[1]) // 2
    return Fit(bucket, scaled, (x0, y0, x0 + bucket[0], y0 + bucket[1]))


def _check(resolution: int, smallest: int, largest: int, step: int) -> None:
    for key, value in (("bucket_min", smallest), ("bucket_max", largest)):
        if value % step:
            raise GengaError(f"params.yaml:dataset.{key} must be a multiple of bucket_step {step}, got {value}")
    if not smallest <= resolution // step * step <= largest:
        raise GengaError(
            f"params.yaml:dataset.resolution must be {smallest}..{largest + step - 1}"
            f" (bucket_min..bucket_max), got {resolution}"
        )
