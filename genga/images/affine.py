"""Affine motions of a picture: points carried by one, one after another, and the way back.

Written out, because BLAS and LAPACK, with which numpy multiplies and inverts, round as the processor's kernel does.
A motion is (2, 3), or (3, 3) with the row 0, 0, 1: it takes (x, y, 1) to a new place.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]


def product(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> Matrix:
    """Return the product of two matrices, (n, k) and (k, m): of small ones, it takes n * k * m numbers of memory."""
    terms = np.asarray(a, np.float64)[:, :, None] * b
    return np.asarray(np.add.reduce(terms, axis=1))


def corners(width: float, height: float) -> Matrix:
    """Return the corners of a picture of this size, (4, 2)."""
    return np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float64)


def carried(motion: npt.NDArray[Any], points: npt.NDArray[Any]) -> Matrix:
    """Return where a motion takes points (n, 2), as (n, 2)."""
    x, y = np.asarray(points, np.float64).T
    return np.stack([row[0] * x + row[1] * y + row[2] for row in np.asarray(motion, np.float64)[:2]], axis=1)


def inverse(motion: npt.NDArray[Any]) -> Matrix:
    """Return the motion back, (3, 3), of one that does not flatten the picture."""
    (a, b, x), (c, d, y) = np.asarray(motion, np.float64)[:2].tolist()
    size = a * d - b * c
    return np.array(
        [[d / size, -b / size, (b * y - d * x) / size], [-c / size, a / size, (c * x - a * y) / size], [0, 0, 1]]
    )
