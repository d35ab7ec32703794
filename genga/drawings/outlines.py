"""A signature of a picture's outlines, by which a drawing is found again that was coloured anew.

As the signature of its luma (genga.drawings.frames; Zauner 2010, "Implementation and Benchmarking of Perceptual Image
Hash Functions"), but of how steep each place is in whichever channel is steepest there, up to a limit: an edge stays an
edge in other colours, as long as they differ. Where the picture is mirrored, the odd columns of its 16 x 16 bits turn.
"""

import cv2
import numpy as np

from genga.images.image import Image

_SIZE = (256, 128)  # px that the picture is shrunk to
_STEEP = 12  # levels in two px from which a place is as steep as any
_FEW = 0.01  # share of the picture that is steep; below it the signature would say nothing
_PICTURE = 64  # px, side of the picture that the hash is taken of
_SIDE = 16  # the signature has this many bits squared
_LEVEL = 2.0**-14  # of a coefficient; what is less is rounded away


def outline(image: Image) -> bytes | None:
    """Return 256 bits of the outlines of a picture, (height, width, 3), as 32 bytes; None if it has hardly any."""
    small = cv2.resize(image, _SIZE, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 1.0).astype(np.int16)
    across = np.abs(small[1:-1, 2:] - small[1:-1, :-2]).max(axis=2)
    down = np.abs(small[2:, 1:-1] - small[:-2, 1:-1]).max(axis=2)
    steep = (np.clip(np.maximum(across, down) - _STEEP // 2, 0, _STEEP) * (255 // _STEEP)).astype(np.uint8)
    if steep.mean() < 255 * _FEW:
        return None
    shrunk = cv2.resize(steep, (_PICTURE, _PICTURE), interpolation=cv2.INTER_AREA)
    lowest = np.rint(cv2.dct(shrunk.astype(np.float64))[:_SIDE, :_SIDE] / _LEVEL)
    return np.packbits(lowest > np.median(lowest)).tobytes()
