"""Does a picture copy one that was trained on? Measured in pixels, against drawings that were held out.

A character embedder cannot tell: it is made to call every picture of a character the same. Two pictures are compared
as they are: squashed to a thumbprint, brightness and contrast taken out, difference = (1 - correlation) / 2, and the
smaller of that and of the mirror image's (training may flip).

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

Prints = npt.NDArray[np.float32]  # (n, SIDE * SIDE * 3), unit length


def thumbprints(images: Sequence[Image]) -> Prints:
    """Return a unit vector for each image, shape (n, SIDE * SIDE * 3). A flat image's is all zeros."""
    rows = np.empty((len(images), SIDE * SIDE * 3), np.float32)
    for row, image in zip(rows, images, strict=True):
        row[:] = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA).reshape(-1)
        row -= row.mean()
        length = float(np.linalg.norm(row))
        if length > 0:
            row /= length
    return rows


def print_differences(prints: Prints, others: Prints) -> npt.NDArray[np.float32]:
    """Return how much each picture differs from each other one, (n, m), 0 (same) .. 1 (negative)."""
    mirrored = others.reshape(-1, SIDE, SIDE, 3)[:, :, ::-1].reshape(others.shape)
    correlation = np.maximum(prints @ others.T, prints @ mirrored.T)
    return ((1 - np.clip(correlation, -1, 1)) / 2).astype(np.float32)


def copy_threshold(held_out: npt.NDArray[np.float32], quantile: float) -> float:
    """Return the difference below which a picture is a copy; held_out: (held-out images, training images)."""
    return float(np.quantile(held_out.min(axis=1), quantile))


def excess(share: npt.NDArray[np.float64], quantile: float) -> npt.NDArray[np.float64]:
    """Return the share of copies beyond `quantile`, what drawings that are no copies show by chance; 0..1."""
    return np.maximum(0.0, share - quantile) / (1 - quantile)
