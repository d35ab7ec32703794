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
from genga.images.image import HDR, Image, exact, matrix_of, samples

_SQUARE, _MILLISECOND = Fraction(1), Fraction(1, 1000)
_RULER = 5760  # px to which a frame is stretched to see how wide its pixels are: whole numbers for those of DVDs


class Converter:
    """Turns frames of one stream into images. A change of size, format or aspect in mid-stream is taken as it comes.

    scaling: how chroma is brought to the size of luma. pixel: how many times as wide as high pixels are, and own: as
    the stream's headers have it, where the container does not say otherwise. base: of timestamps, s.
    """

    def __init__(
        self, scaling: str, pixel: Fraction = _SQUARE, own: Fraction | None = None, base: Fraction = _MILLISECOND
    ) -> None:
        self._base, self._pixel, self._own, self._scaling = base, pixel, own, scaling
        self._graph: av.filter.Graph | None = None
        self._ruler: av.filter.Graph | None = None
        self._shape: tuple[int, int, str, bool, int, Fraction] | None = None
        self._measured: tuple[object, ...] | None = None  # what the ruler was made for

    @classmethod
    def of(cls, stream: VideoStream, scaling: str) -> Self:
        pixel, own = stream.sample_aspect_ratio, stream.codec_context.sample_aspect_ratio
        said = exact(pixel or _SQUARE)
        return cls(scaling, said, exact(own) if own else None, exact(stream.time_base or _MILLISECOND))

    def pixel(self, frame: VideoFrame) -> Fraction:
        """Return how many times as wide as high a frame's pixels are.

        In mid-stream a broadcast or a DVD changes from 4:3 to 16:9. A container's word goes for the whole video where
        it is another than that of the stream's headers. PyAV does not tell a frame's aspect; a filter does.
        """
        if self._own != self._pixel:
            return self._pixel
        kind = frame.width, frame.height, frame.format.name
        if self._ruler is None or kind != self._measured:
            stretched = ("scale", f"{_RULER}*sar:2:eval=frame")
            self._ruler, self._measured = self._linked(frame, ("crop", "2:2:0:0"), stretched), kind
        self._ruler.vpush(frame)
        pulled = self._ruler.vpull()
        assert isinstance(pulled, VideoFrame)
        return self._pixel if pulled.width == int(_RULER * self._pixel) else Fraction(pulled.width, _RULER)

    def image(self, frame: VideoFrame) -> Image:
        """Return the frame as an image (height, width, 3), uint8 RGB."""
        transfer, pixel = int(frame.color_trc), self.pixel(frame)
        shape = (frame.width, frame.height, frame.format.name, transfer in HDR, int(frame.colorspace), pixel)
        if self._graph is None or shape != self._shape:
            self._graph, self._shape = self._made_for(frame, pixel), shape
        self._graph.vpush(frame)
        pulled = self._graph.vpull()
        assert isinstance(pulled, VideoFrame)
        rgb = hdr.sdr(pulled.to_ndarray(), transfer) if transfer in HDR else interleaved(pulled)
        return np.ascontiguousarray(np.rot90(rgb, int(frame.rotation) // 90 % 4))

    def _made_for(self, frame: VideoFrame, pixel: Fraction) -> av.filter.Graph:
        width, height = square(frame.width, frame.height, pixel)
        # Bit-exact: the same pixels whatever the processor can do.
        how = f"flags={self._scaling}+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"
        if unstated := matrix_of(frame):
            how += f":in_color_matrix={unstated}"
        kind = "rgb48le" if int(frame.color_trc) in HDR else "gbrp"
        return self._linked(frame, ("scale", f"{width}:{height}:{how}"), ("format", kind))

    def _linked(self, frame: VideoFrame, *filters: tuple[str, str]) -> av.filter.Graph:
        graph = av.filter.Graph()
        graph.threads = 1  # more take half as much again of CPU
        graph.link_nodes(
            graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=self._base),
            *(graph.add(name, how) for name, how in filters),
            graph.add("buffersink"),
        ).configure()
        return graph


def interleaved(frame: VideoFrame) -> Image:
    """Return a frame of format gbrp as an image. swscale makes it of the pixels of rgb24, in a third of the time."""
    green, blue, red = (samples(plane, frame.width) for plane in frame.planes)
    return cv2.merge([red, green, blue]).astype(np.uint8, copy=False)


def square(width: int, height: int, pixel: Fraction) -> tuple[int, int]:
    """Return the size with square pixels of a picture whose pixels are `pixel` times as wide as high: lines stay."""
    return max(1, round(width * pixel)), height
