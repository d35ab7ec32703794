"""Decoded frames as RGB images: colours by the stream's own matrix and range, square pixels, the right way up.

HDR (PQ, HLG) becomes SDR by a published curve: genga.images.hdr.
"""

from fractions import Fraction
from typing import Self

import av.filter
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from genga.images import hdr
from genga.images.image import Image, exact, samples

_MATRIX_UNKNOWN = 2  # code of ISO/IEC 23091-2 for a matrix that is not stated
_HDR = (hdr.PQ, hdr.HLG)
_SQUARE, _MILLISECOND = Fraction(1), Fraction(1, 1000)
_HD_LINES = 720  # from which on players take an unstated matrix to be BT.709


class Converter:
    """Turns frames of one stream into images. A change of size or format in mid-stream is taken as it comes.

    scaling: how chroma is brought to the size of luma. pixel: how many times as wide as high pixels are. base: of
    timestamps, s.
    """

    def __init__(self, scaling: str, pixel: Fraction = _SQUARE, base: Fraction = _MILLISECOND) -> None:
        self._base, self._pixel, self._scaling = base, pixel, scaling
        self._graph: av.filter.Graph | None = None
        self._shape: tuple[int, int, str, bool, int] | None = None

    @classmethod
    def of(cls, stream: VideoStream, scaling: str) -> Self:
        return cls(scaling, exact(stream.sample_aspect_ratio or _SQUARE), exact(stream.time_base or _MILLISECOND))

    def image(self, frame: VideoFrame) -> Image:
        """Return the frame as an image (height, width, 3), uint8 RGB."""
        transfer = int(frame.color_trc)
        shape = (frame.width, frame.height, frame.format.name, transfer in _HDR, int(frame.colorspace))
        if self._graph is None or shape != self._shape:
            self._graph, self._shape = self._made_for(frame), shape
        self._graph.vpush(frame)
        pulled = self._graph.vpull()
        assert isinstance(pulled, VideoFrame)
        rgb = hdr.sdr(pulled.to_ndarray(), transfer) if transfer in _HDR else interleaved(pulled)
        return np.ascontiguousarray(np.rot90(rgb, int(frame.rotation) // 90 % 4))

    def _made_for(self, frame: VideoFrame) -> av.filter.Graph:
        width, height = square(frame.width, frame.height, self._pixel)
        # Bit-exact: the same pixels whatever the processor can do.
        how = f"flags={self._scaling}+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"
        if int(frame.colorspace) == _MATRIX_UNKNOWN and not frame.format.is_rgb:
            unstated = "bt709" if frame.height >= _HD_LINES else "bt601"
            how += f":in_color_matrix={'bt2020' if int(frame.color_trc) in _HDR else unstated}"
        graph = av.filter.Graph()
        graph.threads = 1  # more take half as much again of CPU
        graph.link_nodes(
            graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=self._base),
            graph.add("scale", f"{width}:{height}:{how}"),
            graph.add("format", "rgb48le" if int(frame.color_trc) in _HDR else "gbrp"),
            graph.add("buffersink"),
        ).configure()
        return graph


def interleaved(frame: VideoFrame) -> Image:
    """Return a frame of format gbrp as an image. swscale makes it of the pixels of rgb24, in a third of the time."""
    green, blue, red = (samples(plane, frame.width) for plane in frame.planes)
    return cv2.merge([red, green, blue]).astype(np.uint8, copy=False)


def square(width: int, height: int, pixel: Fraction) -> tuple[int, int]:
    """Return the size with square pixels of a picture whose pixels are `pixel` times as wide as high; it only grows."""
    if pixel >= 1:
        return max(1, round(width * pixel)), height
    return width, max(1, round(height / pixel))
