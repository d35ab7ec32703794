"""Pictures in memory: an RGB image, a part cut out of it, and the planes of a decoded frame as the video has them.

Reading and writing files: genga.images.codec.
"""

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane

Image = npt.NDArray[np.uint8]  # (height, width, 3), RGB
Frame = VideoFrame  # a decoded frame, as PyAV has it
# Codes of ISO/IEC 23091-2: of what is not stated, of matrices, and of the transfer of HDR.
UNSTATED = 2
MATRICES = {"bt709": 1, "bt601": 6, "bt2020": 9}
HDR = PQ, HLG = 16, 18
_HD = 1280, 576  # px of width from which on, and lines above which, players take an unstated matrix to be BT.709

Luma = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]  # (height, width), code values of a plane: luma, or one of colour


def cut(image: Image, x0: int, y0: int, x1: int, y1: int) -> Image:
    """Return the pixels of the box, clipped to the image; x1 and y1 are exclusive."""
    height, width = image.shape[:2]
    return np.ascontiguousarray(image[max(y0, 0) : min(y1, height), max(x0, 0) : min(x1, width)])


def exact(ratio: Any) -> Fraction:
    """Return a ratio of PyAV's (a time base, a rate, an aspect) as a Fraction: PyAV 19 has a type of its own for it."""
    return Fraction(ratio.numerator, ratio.denominator)


def samples(plane: VideoPlane, width: int, bits: int = 8) -> Luma:
    """Return a plane of a frame as a view (height, width); two bytes a sample where it has more than 8 bits."""
    values: Luma = np.frombuffer(memoryview(plane), np.uint8)
    if bits > 8:
        values = values.view(np.uint16)
    return values.reshape(plane.height, -1)[:, :width]


def matrix_of(frame: Frame) -> str:
    """Return by which matrix players take a frame's colours that does not say, as FFmpeg calls it; "" if it does."""
    if int(frame.colorspace) != UNSTATED or frame.format.is_rgb:
        return ""
    if int(frame.color_trc) in HDR:
        return "bt2020"
    return "bt709" if frame.width >= _HD[0] or frame.height > _HD[1] else "bt601"
