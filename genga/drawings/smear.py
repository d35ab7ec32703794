"""How far a still is smeared by motion: less sharp along one direction than across it, beside its clip's other stills.

Along a direction a picture is as sharp as its second differences are large where they are largest, beside the slopes of
the same picture blurred, so that neither contrast nor what is drawn counts: a horizon has hardly any slope along it.
A shutter that is open for some px takes the differences along its way and leaves the slopes. Beside what is usual in
the clip: of 12 directions the one in which both the sharpness, and its share of that across, are least.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]  # (height, width)
Along = tuple[float, ...]  # sharpness in each direction

_DIRECTIONS = 12  # over half a turn
_TILE = 32  # px, side of the tiles of which the sharpest counts
_SLOPES = 6.0  # px, deviation of the blur under which slopes are measured
_NOISE, _FLAT = 1.0, 0.05  # squared levels of differences that noise and rounding make, and of slopes that say nothing
FEW = 8  # stills, of fewer nothing is usual


def along(luma: Grey) -> Along:
    """Return how sharp a picture is in each direction, more is sharper. luma: the shorter side at most 480 px."""
    values = luma.astype(np.float32)
    if min(values.shape) < _TILE + 2:
        return (1.0,) * _DIRECTIONS
    twice = 2 * values[1:-1, 1:-1]
    xx = values[1:-1, 2:] - twice + values[1:-1, :-2]
    yy = values[2:, 1:-1] - twice + values[:-2, 1:-1]
    xy = (values[2:, 2:] - values[2:, :-2] - values[:-2, 2:] + values[:-2, :-2]) / 4
    soft = cv2.GaussianBlur(values, (0, 0), _SLOPES)[1:-1, 1:-1]
    x, y = (cv2.Sobel(soft, cv2.CV_32F, *order, scale=0.125) for order in ((1, 0), (0, 1)))
    fine = [_means(a * b) for a, b in ((xx, xx), (yy, yy), (xy, xy), (xx, xy), (yy, xy), (xx, yy))]
    slopes = [_means(a * b) for a, b in ((x, x), (x, y), (y, y))]
    return tuple(_in(np.pi * number / _DIRECTIONS, fine, slopes) for number in range(_DIRECTIONS))


def _in(angle: float, fine: Sequence[npt.NDArray[np.float64]], slopes: Sequence[npt.NDArray[np.float64]]) -> float:
    """Mean squared second difference over mean squared slope in a direction, each where it is largest."""
    c, s = float(np.cos(angle)), float(np.sin(angle))
    of_fine = (c**4, s**4, 4 * c * c * s * s, 4 * c**3 * s, 4 * c * s**3, 2 * c * c * s * s)
    of_slopes = (c * c, 2 * c * s, s * s)
    most = max(0.0, float(sum(k * v for k, v in zip(of_fine, fine, strict=True)).max()))  # type: ignore[union-attr]
    least = max(0.0, float(sum(k * v for k, v in zip(of_slopes, slopes, strict=True)).max()))  # type: ignore[union-attr]
    return (most + _NOISE) / (least + _FLAT)


def _means(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Means over whole tiles."""
    rows, columns = (side // _TILE for side in values.shape)
    tiles = values[: rows * _TILE, : columns * _TILE].reshape(rows, _TILE, columns, _TILE)
    return np.asarray(tiles.mean(axis=(1, 3), dtype=np.float64))


def smears(stills: Sequence[Along]) -> list[float | None]:
    """Return for each still of a clip how sharp it is where it is least beside what is usual, 1 and more: as usual.

    Rounded to four decimals. None of a clip of fewer than FEW stills.
    """
    if len(stills) < FEW:
        return [None] * len(stills)
    sharp = np.array(stills)
    across = sharp / np.roll(sharp, _DIRECTIONS // 2, axis=1)
    beside = np.maximum(sharp / np.median(sharp, axis=0), across / np.median(across, axis=0))
    return [round(float(value), 4) for value in beside.min(axis=1)]
