"""Aspect buckets: the sizes at which images are trained, and how each image is scaled and cut to fit one.

The arithmetic is that of kohya's sd-scripts (`make_bucket_resolutions`, `BucketManager.select_bucket` and its centre
crop), so that a dataset is cut here as it would be cut there. Sizes are (width, height) in px.

`least_lost` chooses the buckets by the images instead: of all sizes within a band of areas (tokens of a transformer are
so many px each: a band of areas is a band of tokens), those that cut least off, under the same choice of a bucket.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from genga.errors import GengaError

Size = tuple[int, int]  # width, height in px

_MOST = 4000  # shapes that buckets are chosen of: the choice takes memory by their square, 128 MB
_ALIKE = 1e-6  # pictures: losses that differ by less are one


@dataclass(frozen=True)
class Fit:
    """An image in its bucket: scale it to `scaled`, then cut `box` out; what is left has the bucket's size."""

    bucket: Size
    scaled: Size  # covers the bucket: at least as wide and as high
    box: tuple[int, int, int, int]  # x0 y0 x1 y1 in px of the scaled image, exclusive end, centred

    @property
    def lost(self) -> float:
        """The share of the picture that is cut off, 0..1."""
        return 1 - self.bucket[0] * self.bucket[1] / (self.scaled[0] * self.scaled[1])


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


def sizes_within(resolution: int, smallest: int, largest: int, step: int, band: Sequence[float]) -> list[Size]:
    """Return the sizes with sides of whole steps and an area in the band, the largest of each shape, by width / height.

    band: least and most area as shares of resolution squared. Raises GengaError as `bucket_sizes` does, or if none is.
    """
    _check(resolution, smallest, largest, step)
    least, most = (share * resolution * resolution for share in band)
    sides = range(smallest, largest + 1, step)
    by_shape = {w / h: (w, h) for w in sides for h in sides if least <= w * h <= most}
    if not by_shape or len(by_shape) > _MOST:
        what, out = ("no shape", "widen it") if not by_shape else (f"{len(by_shape)} shapes", "narrow it")
        raise GengaError(
            f"params.yaml:dataset.bucket_band {list(band)}: of {least:.0f} to {most:.0f} px there is {what} with"
            f" sides of {smallest}..{largest} px in steps of {step}; {out}, or take another bucket_step"
        )
    return [by_shape[aspect] for aspect in sorted(by_shape)]


def least_lost(images: Mapping[Size, int], sizes: Sequence[Size], count: int) -> list[Size]:
    """Return at most `count` of the sizes, sorted: those in which `fit` loses the smallest share of all pictures.

    images: how many there are of each size; sizes: by width / height, each shape once. No more than are needed for that
    loss are taken. Exact: an image goes to the nearest bucket below or above it, so what is lost between two
    neighbours depends on these alone, and the best set that ends with a bucket extends a best shorter one.
    """
    between = _lost_between(images, np.array([width / height for width, height in sizes]))
    lost, before = between[0, 1:-1], []  # by the last bucket taken
    totals = [lost + between[1:-1, -1]]
    for _ in range(min(count, len(sizes)) - 1):
        sums = lost[:, None] + between[1:-1, 1:-1]
        before.append(sums.argmin(axis=0))
        lost = sums.min(axis=0)
        totals.append(lost + between[1:-1, -1])
    floors = [float(total.min()) for total in totals]
    taken = next(number for number, floor in enumerate(floors) if floor <= min(floors) + _ALIKE)
    last = [int(totals[taken].argmin())]
    for step in before[:taken][::-1]:
        last.append(int(step[last[-1]]))
    return sorted(sizes[number] for number in last)


def _lost_between(images: Mapping[Size, int], buckets: np.ndarray) -> np.ndarray:
    """What is lost of the images between each two neighbours, in pictures, (n + 2, n + 2): [i, j] for i < j, else inf.

    buckets: (n,) width / height, rising. Row 0 is no bucket below, the last column none above.
    """
    ordered = sorted(images, key=lambda size: size[0] / size[1])
    aspects = np.array([width / height for width, height in ordered])
    counts = np.array([images[size] for size in ordered], np.float64)
    # Sums up to an image: of a wider one than its bucket 1 - bucket / image is lost, of a narrower 1 - image / bucket.
    number, wider, narrower = (
        np.concatenate([[0.0], np.cumsum(of)]) for of in (counts, counts / aspects, counts * aspects)
    )
    ends = np.concatenate([[0.0], buckets, [np.inf]])
    low, high = ends[:, None], ends[None, :]
    at_low, at_high = np.searchsorted(aspects, ends, "left")[:, None], np.searchsorted(aspects, ends, "left")[None, :]
    middle = np.searchsorted(aspects, (low + high) / 2, "right")
    middle[0], middle[:, -1] = 0, len(aspects)  # with no bucket on one side, all go to the other
    with np.errstate(invalid="ignore", divide="ignore"):
        below = number[middle] - number[at_low] - np.where(low > 0, low, 0) * (wider[middle] - wider[at_low])
        above = number[at_high] - number[middle] - (narrower[at_high] - narrower[middle]) / high
    return np.where(low < high, below + above, np.inf)


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
