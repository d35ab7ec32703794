"""Stitch the frames of a camera move into one picture of all that the camera passed over.

Each frame is aligned with the one before it by the affine motion that maximises their enhanced correlation coefficient
(Evangelidis & Psarakis 2008; OpenCV), begun from where its middle fits best, on a reduced picture. All are laid onto
the scale of the first; where several show a place, those near their median are averaged, weighted by how far they are
from their own border: what moves against the drawing falls out, and no seam is seen. (Median mosaics: Irani & Anandan
1998, "Video indexing based on mosaic representations".)
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from genga.images.affine import Matrix, carried, corners, inverse, product
from genga.images.image import Image

_SIDE = 360  # px, shorter side of the picture that is aligned
_ITERATIONS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 100, 1e-6)
_LIKE = 0.6  # correlation under which two frames do not show one drawing
_LARGEST = 6.0  # times the first frame's width or height that the picture may have
_NEAR = 16  # code values from the median within which a frame counts
_FEATHER = 0.1  # part of the shorter side from its border on which a frame's weight grows
_STRIP = 64  # lines put together at once, which bounds memory


def stitch(images: Sequence[Image]) -> tuple[Image, int, tuple[int, int]]:
    """Return the picture, how many of the images are in it, and where in it the first one's left top corner is, px.

    In it are all images up to the first that cannot be aligned.

    images: of one size, in order, (height, width, 3) uint8. The first alone is returned as it is.
    """
    height, width = images[0].shape[:2]
    places: list[Matrix] = [np.eye(3)]  # (3, 3), takes (x, y, 1) of a frame to its place in the first one
    for before, image in pairwise(images):
        motion = aligned(before, image) if image.shape == images[0].shape else None
        if motion is None:
            break
        place = product(places[-1], motion)
        corner, size = canvas([*places, place], width, height)
        if size[0] > _LARGEST * width or size[1] > _LARGEST * height:
            break
        places.append(place)
    if len(places) == 1:
        return images[0], 1, (0, 0)
    corner, size = canvas(places, width, height)
    shift = np.array([[1, 0, -corner[0]], [0, 1, -corner[1]], [0, 0, 1]], np.float64)
    picture = laid(images[: len(places)], [product(shift, place) for place in places], size)
    return picture, len(places), (-corner[0], -corner[1])


def aligned(before: Image, image: Image) -> Matrix | None:
    """Return the motion from `image` to `before`, in px of them, or None if they have too little in common."""
    scale = min(1.0, _SIDE / min(image.shape[:2]))
    first, second = (_reduced(picture, scale) for picture in (before, image))
    height, width = first.shape
    middle = second[height // 4 : height - height // 4, width // 4 : width - width // 4]
    _, _, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(first, middle, cv2.TM_CCOEFF_NORMED))
    found: npt.NDArray[Any] = np.array([[1, 0, width // 4 - x], [0, 1, height // 4 - y]], np.float32)
    like = 0.0
    try:  # ECC finds the way from its template's places to the input's; the shift first, or slants make up for it
        for kind in (cv2.MOTION_TRANSLATION, cv2.MOTION_AFFINE):
            like, found = cv2.findTransformECC(first, second, found, kind, _ITERATIONS, None, 5)  # type: ignore[call-overload]
    except cv2.error:  # it did not converge: nothing in common
        return None
    if like < _LIKE:
        return None
    full = np.array(found, np.float64)
    off = 1 - (full[:, 0] + full[:, 1])
    full[:, 2] = (full[:, 2] + off * -0.5) / scale + off * 0.5
    return inverse(full)


def canvas(places: Sequence[Matrix], width: int, height: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the left top corner and the size, in px of the first frame, of what frames at `places` cover."""
    points = np.concatenate([carried(place, corners(width, height)) for place in places])
    low, high = np.floor(points.min(axis=0) + 1e-6).astype(int), np.ceil(points.max(axis=0) - 1e-6).astype(int)
    return (int(low[0]), int(low[1])), (int(high[0] - low[0]), int(high[1] - low[1]))


def laid(images: Sequence[Image], places: Sequence[Matrix], size: tuple[int, int]) -> Image:
    """Return the images laid onto a canvas of `size` (width, height) px; what none covers is black."""
    height, width = images[0].shape[:2]
    border = np.minimum.outer(_ramp(height), _ramp(width))
    feather = np.clip(border / max(1.0, _FEATHER * min(height, width)), 0.01, 1).astype(np.float32)
    out = np.zeros((size[1], size[0], 3), np.uint8)
    for top in range(0, size[1], _STRIP):
        lines = min(_STRIP, size[1] - top)
        down = np.array([[1, 0, 0], [0, 1, -top], [0, 0, 1]], np.float64)
        ways = [product(down, place)[:2] for place in places]
        shape = (size[0], lines)
        weight = np.stack([cv2.warpAffine(feather, way, shape, flags=cv2.INTER_LINEAR) for way in ways]).astype(
            np.float32
        )
        layers = np.stack(
            [
                cv2.warpAffine(image, way, shape, flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
                for image, way in zip(images, ways, strict=True)
            ]
        ).astype(np.float32)  # (n, lines, width, 3)
        out[top : top + lines] = blended(layers, weight)
    return out


def blended(layers: npt.NDArray[np.float32], weight: npt.NDArray[np.float32]) -> Image:
    """Return the weighted mean of the layers near their median, (lines, width, 3). weight: (n, lines, width), 0..1."""
    there = weight > 0
    order = np.sort(np.where(there[..., None], layers, np.inf), axis=0)
    middle = np.maximum(there.sum(axis=0) - 1, 0) // 2
    median = np.take_along_axis(order, middle[None, ..., None].repeat(3, axis=3), axis=0)[0]
    near = np.abs(layers - np.where(np.isfinite(median), median, 0)).max(axis=3) <= _NEAR
    share = weight * np.where((near & there).any(axis=0), near, 1)
    total = share.sum(axis=0)[..., None]
    mean = (layers * share[..., None]).sum(axis=0) / np.maximum(total, 1e-6)
    return mean.round().clip(0, 255).astype(np.uint8)


def _ramp(length: int) -> npt.NDArray[np.float32]:
    """Distance of each pixel from the nearer end, 1 at the ends."""
    return np.minimum(np.arange(1, length + 1), np.arange(length, 0, -1)).astype(np.float32)


def _reduced(image: Image, scale: float) -> npt.NDArray[np.float32]:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)
