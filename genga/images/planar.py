"""A plane of a decoded frame as an array: luma, or one of the planes of colour, as the video has it."""

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane

Frame = VideoFrame  # a decoded frame, as PyAV has it
Luma = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]  # (height, width), code values


def exact(ratio: Any) -> Fraction:
    """Return a ratio of PyAV's (a time base, a rate, an aspect) as a Fraction: PyAV 19 has a type of its own for it."""
    return Fraction(ratio.numerator, ratio.denominator)


def samples(plane: VideoPlane, width: int, bits: int = 8) -> Luma:
    """Return a plane of a frame as a view (height, width); two bytes a sample where it has more than 8 bits."""
    values: Luma = np.frombuffer(memoryview(plane), np.uint8)
    if bits > 8:
        values = values.view(np.uint16)
    return values.reshape(plane.height, -1)[:, :width]
