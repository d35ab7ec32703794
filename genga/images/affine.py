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


def in_thousandths(motion: npt.NDArray[Any], shape: tuple[int, ...]) -> Matrix:
    """Return a motion between grids of cells of `shape` (rows, columns), whose middles count, for thousandths.

    Those of the picture's width and height, from its corner. See also `in_cells`.
    """
    return product(product(_scale(shape), motion), inverse(_scale(shape)))


def in_cells(motion: npt.NDArray[Any], shape: tuple[int, ...]) -> Matrix:
    """Return a motion in thousandths of a picture as one between grids of `shape`: the way back of `in_thousandths`."""
    return product(product(inverse(_scale(shape)), motion), _scale(shape))


def _scale(shape: tuple[int, ...]) -> Matrix:
    """What takes a cell's column and row to where its middle lies, in thousandths."""
    across, down = 1000 / shape[1], 1000 / shape[0]
    return np.array([[across, 0, across / 2], [0, down, down / 2], [0, 0, 1]])
