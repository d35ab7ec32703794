"""Does a picture copy one that was trained on? Measured in pixels, against drawings that were held out.

A character embedder cannot tell: it is made to call every picture of a character the same. Two pictures are compared
as they are: squashed to a thumbprint, brightness and contrast taken out, difference = (1 - correlation) / 2, and the
smaller of that and of the mirror image's (training may flip). The sums of a correlation are taken of whole numbers,
which come out the same in every order: however many threads take them.

How near is too near follows Meehan, Chaudhuri and Dasgupta 2020, "A Non-Parametric Test to Detect Data-Copying in
Generative Models": drawings that were held out are by nature no copies, so a sample is one if it is nearer to its
nearest training image than nearly all held-out drawings (all but the share `copy_quantile`) are to theirs.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from genga.images.image import Image

SIDE = 32  # px of a thumbprint: enough for a pose and its colours, too little for grain and compression

Prints = npt.NDArray[np.uint8]  # (n, SIDE * SIDE * 3)
Values = npt.NDArray[np.float64]

_TOGETHER = 1024  # pictures that all others are held against at once: 25 MB of them, and as much of their mirror images


def thumbprints(images: Sequence[Image]) -> Prints:
    """Return the code values of each image made small, shape (n, SIDE * SIDE * 3)."""
    rows = np.empty((len(images), SIDE * SIDE * 3), np.uint8)
    for row, image in zip(rows, images, strict=True):
        row[:] = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA).reshape(-1)
    return rows


def print_differences(prints: Prints, others: Prints) -> Values:
    """Return how much each picture differs from each other one, (n, m), 0 (same) .. 1 (negative).

    A flat picture is at 0.5 from all.
    """
    starts = range(0, len(others), _TOGETHER)
    parts = [_correlations(prints, others[start : start + _TOGETHER]) for start in starts]
    correlation = np.concatenate([np.empty((len(prints), 0)), *parts], axis=1)
    return (1 - np.clip(correlation, -1, 1)) / 2


def _correlations(prints: Prints, others: Prints) -> Values:
    """Return the larger correlation of each picture with each other one and with its mirror image, (n, m); flat: 0.

    Whole numbers under 2^40 up to the root: float64 holds them exactly, so that BLAS may add them up in its own order.
    """
    first, second = prints.astype(np.float64), others.astype(np.float64)
    mirrored = second.reshape(-1, SIDE, SIDE, 3)[:, :, ::-1].reshape(second.shape)
    products = np.maximum(first @ second.T, first @ mirrored.T)
    covariance = prints.shape[1] * products - np.outer(first.sum(axis=1), second.sum(axis=1))
    spread = np.sqrt(np.outer(_variance(first), _variance(second)))
    return np.divide(covariance, spread, out=np.zeros_like(covariance), where=spread > 0)


def _variance(prints: Values) -> Values:
    """The variance of each picture's values, (n,), times the square of their number."""
    return prints.shape[1] * np.square(prints).sum(axis=1) - np.square(prints.sum(axis=1))


def copy_threshold(held_out: Values, quantile: float) -> float:
    """Return the difference below which a picture is a copy; held_out: (held-out images, training images)."""
    return float(np.quantile(held_out.min(axis=1), quantile))


def excess(share: Values, quantile: float) -> Values:
    """Return the share of copies beyond `quantile`, what drawings that are no copies show by chance; 0..1."""
    return np.maximum(0.0, share - quantile) / (1 - quantile)
