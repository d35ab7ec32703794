"""A still as the video has it: the frame's own planes of luma and chroma, lossless, as one frame of H.264.

Video has a quarter of its colour (4:2:0); as RGB a frame is twice the bytes, made of the same values. So the planes are
kept, and become RGB when the still is read, by the very conversion that would have been its at once: of matrix and
range, which the stream states, and of `scaling`, which it carries as a note. x264 without loss, in its fastest setting
(quantizer 0, ultrafast); any player opens the file. One thread; equal frames give equal bytes.
"""

import threading
from fractions import Fraction

import av
import av.error
import numpy as np
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from genga.images.image import Image
from genga.images.rgb import Converter

FORMATS = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "gray")  # of which nothing is lost
_OPTIONS = {"qp": "0", "preset": "ultrafast"}
_PICTURE = b"\x00\x00\x01\x65"  # a keyframe's first slice
_NOTE, _USER = 6, 5  # types of a note (SEI), and of one for whoever knows its name
_NAME = bytes.fromhex("b9e1d6f74c5a4d6f9c1f6b3d7e2a85c4")  # of our note
_STOP = b"\x80"
_LOCAL = threading.local()


def pack(frame: VideoFrame, scaling: str) -> bytes | None:
    """Return a frame as a file of H.264; None if that cannot hold it (more than 8 bits, other colours).

    scaling: how its chroma is to be brought to the size of luma (params.yaml:stills.scaling).
    """
    if frame.format.name not in FORMATS:
        return None
    try:
        encoder = CodecContext.create("libx264", "w")
    except ValueError:  # FFmpeg's libraries were built without it
        return None
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, frame.format.name
    encoder.time_base, encoder.thread_count, encoder.options = Fraction(1, 24), 1, dict(_OPTIONS)
    encoder.color_range, encoder.colorspace = frame.color_range, frame.colorspace
    encoder.color_trc, encoder.color_primaries = frame.color_trc, frame.color_primaries
    frame.pts, frame.pict_type = 0, 0  # as if it were of no video
    try:
        data = b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
    except av.error.FFmpegError:
        return None
    place = data.index(_PICTURE)
    return data[:place] + _note(scaling) + data[place:]


def unpack(data: bytes) -> Image | None:
    """Return the image, RGB, in a file of H.264 that `pack` made; None if it is damaged, or another's."""
    place = data.find(_NAME)
    if place < 0:
        return None
    start = place + len(_NAME)
    scaling = data[start : place + data[place - 1]].decode("ascii", errors="replace")
    decoder = CodecContext.create("h264", "r")
    decoder.thread_count = 1
    try:
        frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
        return _converter(scaling).image(frames[0]) if len(frames) == 1 else None
    except (av.error.FFmpegError, ValueError):
        return None


class Packer:
    """Packs the frames of one stream that are read, packed, as they are converted at once."""

    def __init__(self, convert: Converter, scaling: str) -> None:
        self._convert, self._scaling = convert, scaling
        self._known: dict[tuple[object, ...], bool] = {}

    def packed(self, frame: VideoFrame) -> bytes | None:
        """Return the frame as a file of H.264, None if it is to be kept as RGB.

        The first frame of each kind is tried: turned pictures, pixels that are not square and what else a frame of
        H.264 does not say for itself show in the pixels.
        """
        kind = (
            frame.format.name, frame.width, frame.height, int(frame.rotation), int(frame.colorspace),
            int(frame.color_range), int(frame.color_trc), self._convert.pixel(frame),
        )  # fmt: skip
        if kind not in self._known:
            image, data = self._convert.image(frame), pack(frame, self._scaling)
            found = None if data is None else unpack(data)
            self._known[kind] = found is not None and np.array_equal(found, image)
        return pack(frame, self._scaling) if self._known[kind] else None


def _note(text: str) -> bytes:
    """A note of less than 255 bytes in a stream of H.264, ITU-T H.264 D.1.7: every decoder passes over it."""
    said = _NAME + text.encode("ascii")
    return b"\x00\x00\x01" + bytes([_NOTE, _USER, len(said)]) + said + _STOP


def _converter(scaling: str) -> Converter:
    """This thread's converter: making one takes a third as long as a picture."""
    found: dict[str, Converter] = _LOCAL.__dict__.setdefault("converters", {})
    if scaling not in found:
        found[scaling] = Converter(scaling)
    return found[scaling]
