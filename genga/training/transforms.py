"""Images as an autoencoder takes them: scaled to cover their bucket, cut to it, in -1..1."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from PIL import Image as Pillow

from genga.images.boxes import Box, clip
from genga.images.image import Image, cut


@dataclass(frozen=True)
class Cut:
    """How an image is fitted to its bucket."""

    scaled: tuple[int, int]  # width, height in px to scale it to
    box: Box  # what to take of the scaled image; it has the bucket's size

    @property
    def bucket(self) -> tuple[int, int]:
        """Width and height of what is left, px."""
        x0, y0, x1, y1 = self.box
        return x1 - x0, y1 - y0


def bucketed(image: Image, how: Cut, enlarge: str = "opencv") -> Image:
    """Scale `image` and cut the box out of it.

    Shrinking averages areas, as in kohya's sd-scripts. Enlarging is OpenCV's Lanczos filter, Pillow's (theirs since
    July 2024; up to 18 of 255 levels apart), or OpenCV's areas (theirs before). What grows along one side and shrinks
    along the other is enlarged by Pillow alone, as theirs.
    """
    height, width = image.shape[:2]
    if how.scaled == (width, height):
        return cut(image, *how.box)
    grows = how.scaled[0] > width or how.scaled[1] > height
    shrinks = how.scaled[0] < width or how.scaled[1] < height
    if enlarge == "pillow" and grows:
        image = np.array(Pillow.fromarray(image).resize(how.scaled, Pillow.Resampling.LANCZOS))
    else:
        method = cv2.INTER_AREA if shrinks or enlarge != "opencv" else cv2.INTER_LANCZOS4
        image = cv2.resize(image, how.scaled, interpolation=method).astype(np.uint8, copy=False)
    return cut(image, *how.box)


def moved(box: Box, size: tuple[int, int], how: Cut) -> Box:
    """Return where a box of an image of `size` (width, height) lies in what is cut out of it.

    It holds every px that has a part of the box; what lies beyond the cut is left out, and all of it leaves no px.
    """
    (x0, y0, x1, y1), (across, down), (left, top) = box, how.scaled, how.box[:2]
    low = x0 * across // size[0] - left, y0 * down // size[1] - top
    high = -(-x1 * across // size[0]) - left, -(-y1 * down // size[1]) - top
    return clip((*low, *high), *how.bucket)


def to_tensor(image: Image) -> torch.Tensor:
    """Return an image as float32 (1, 3, height, width) in -1..1."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None].float() / 127.5 - 1.0
