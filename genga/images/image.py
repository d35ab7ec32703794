"""The type of an image in memory, and cutting a part out of one. Reading and writing files: genga.images.codec."""

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]  # (height, width, 3), RGB


def cut(image: Image, x0: int, y0: int, x1: int, y1: int) -> Image:
    """Return the pixels of the box, clipped to the image; x1 and y1 are exclusive."""
    height, width = image.shape[:2]
    return np.ascontiguousarray(image[max(y0, 0) : min(y1, height), max(x0, 0) : min(x1, width)])
