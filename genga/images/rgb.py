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
from genga.images.image import HDR, WIDEST, Image, exact, is_absurd, matrix_of, samples, upright

_SQUARE, _MILLISECOND = Fraction(1), Fraction(1, 1000)
_CHROMA_PLANES = (1, 2)  # a fourth is transparency
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
            # Four px of luma are one of colour in DV. No picture's px are wider than that.
            stretched = ("scale", f"{_RULER}*min(sar,{WIDEST}):2:eval=frame")
            self._ruler, self._measured = self._linked(frame, ("crop", "4:4:0:0"), stretched), kind
        self._ruler.vpush(frame)
        pulled = self._ruler.vpull()
        assert isinstance(pulled, VideoFrame)
        alike = pulled.width == int(_RULER * self._pixel) or is_absurd(own := Fraction(pulled.width, _RULER))
        return self._pixel if alike else own

    def image(self, frame: VideoFrame) -> Image:
        """Return the frame as an image (height, width, 3), uint8 RGB."""
        transfer, pixel = int(frame.color_trc), self.pixel(frame)
        shape = (frame.width, frame.height, frame.format.name, transfer in HDR, int(frame.colorspace), pixel)
        whole = evened(frame) if pixel == _SQUARE else frame  # other pixels are of discs and broadcasts: even
        if self._graph is None or shape != self._shape:
            self._graph, self._shape = self._made_for(whole, pixel), shape
        self._graph.vpush(whole)
        pulled = self._graph.vpull()
        assert isinstance(pulled, VideoFrame)
        rgb = hdr.sdr(pulled.to_ndarray(), transfer) if transfer in HDR else interleaved(pulled)
        if whole is not frame:
            rgb = rgb[: frame.height, : frame.width]
        return upright(rgb, frame)

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


def evened(frame: VideoFrame) -> VideoFrame:
    """Return a frame of halved chroma with even sides, its last column or row twice; another as it is.

    swscale stretches all chroma over all luma: of 97 columns 49, each half as wide as it was, so that colours lie up to
    half a pixel beside their lines.
    """
    width, height = frame.width, frame.height
    right = width % 2 * any(one.width < width for one in frame.format.components)
    below = height % 2 * any(one.height < height for one in frame.format.components)
    if not (right or below) or not frame.format.is_planar:
        return frame
    made = VideoFrame(width + right, height + below, frame.format.name)
    for number, (old, new) in enumerate(zip(frame.planes, made.planes, strict=True)):
        source = np.frombuffer(memoryview(old), np.uint8).reshape(-1, old.line_size)[: old.height]
        lines = np.zeros((new.buffer_size // new.line_size, new.line_size), np.uint8)
        if number not in _CHROMA_PLANES:
            bytes_each = -(-frame.format.components[0].bits // 8)
            source = source[:, : width * bytes_each]
            source = np.hstack([source, source[:, -bytes_each:]]) if right else source
            source = np.vstack([source, source[-1:]]) if below else source
        count = min(source.shape[1], new.line_size)
        lines[: len(source), :count] = source[:, :count]
        new.update(lines.tobytes())
    made.colorspace, made.color_range = frame.colorspace, frame.color_range
    made.color_primaries, made.color_trc, made.pts = frame.color_primaries, frame.color_trc, frame.pts
    if frame.time_base is not None:
        made.time_base = frame.time_base
    return made


def interleaved(frame: VideoFrame) -> Image:
    """Return a frame of format gbrp as an image. swscale makes it of the pixels of rgb24, in a third of the time."""
    green, blue, red = (samples(plane, frame.width) for plane in frame.planes)
    return cv2.merge([red, green, blue]).astype(np.uint8, copy=False)


def square(width: int, height: int, pixel: Fraction) -> tuple[int, int]:
    """Return the size with square pixels of a picture whose pixels are `pixel` times as wide as high: lines stay."""
    return max(1, round(width * pixel)), height
