"""A still as the video has it: the frame's own planes of luma and chroma, lossless, as one frame of H.264.

Video has a quarter of its colour (4:2:0); as RGB a frame is twice the bytes, made of the same values. So the planes are
kept, and become RGB when the still is read, by the very conversion that would have been its at once: of matrix and
range, which the stream states, and of `scaling`, which it carries as a note. x264 without loss, in its fastest setting
(quantizer 0, ultrafast); any player opens the file. One thread; equal frames give equal bytes.

Opening an encoder takes half as long as what it then does, so those of a stream share one. It numbers pictures in turn
(`idr_pic_id`, ITU-T H.264 7.4.3), 0 and 1, which take one bit and three: of every second one the rest is moved by two.
"""

import threading
from fractions import Fraction
from itertools import pairwise

import av
import av.error
import cv2
import numpy as np
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from genga.images.image import Image, orientation
from genga.images.rgb import Converter

FORMATS = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "gray")  # of which nothing is lost
_OPTIONS = {"qp": "0", "preset": "ultrafast"}
_PICTURE = b"\x00\x00\x01\x65"  # a keyframe's first slice
_NOTE, _USER = 6, 5  # types of a note (SEI), and of one for whoever knows its name
_NAME = bytes.fromhex("b9e1d6f74c5a4d6f9c1f6b3d7e2a85c4")  # of our note
_STOP = b"\x80"
_OPEN = {"tune": "zerolatency", "x264-params": "keyint=1"}  # of an encoder that stays open: each is a picture by itself
_BEFORE, _NUMBER, _OTHER = 0b11111000, 0b100, 0b010  # bits of a slice's second byte: before its number, that as 0, as 1
_ESCAPE = b"\3"  # between two bytes of 0 and one up to this, which are like a start code's, 7.4.1
_LOCAL = threading.local()


def pack(frame: VideoFrame, scaling: str) -> bytes | None:
    """Return a frame as a file of H.264; None if that cannot hold it (more than 8 bits, other colours).

    scaling: how its chroma is to be brought to the size of luma (params.yaml:stills.scaling).
    """
    encoder = None if frame.format.name not in FORMATS else _encoder(frame)
    data = None if encoder is None else _encoded(encoder, frame, last=True)
    return None if data is None else _noted(data, scaling)


def _encoder(like: VideoFrame, **more: str) -> VideoCodecContext | None:
    """An encoder for frames of a size and of colours; None if FFmpeg's libraries were built without it."""
    try:
        encoder = CodecContext.create("libx264", "w")
    except ValueError:
        return None
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = like.width, like.height, like.format.name
    encoder.time_base, encoder.thread_count, encoder.options = Fraction(1, 24), 1, {**_OPTIONS, **more}
    encoder.color_range, encoder.colorspace = like.color_range, like.colorspace
    encoder.color_trc, encoder.color_primaries = like.color_trc, like.color_primaries
    return encoder


def _encoded(encoder: VideoCodecContext, frame: VideoFrame, number: int = 0, last: bool = False) -> bytes | None:
    """A frame in a stream of H.264; None where that fails. number: of the frame. last: whether no other comes."""
    frame.pts, frame.pict_type = number, 0  # as if it were of no video
    try:
        return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *(encoder.encode(None) if last else ())])
    except av.error.FFmpegError:
        return None


def _noted(data: bytes, scaling: str) -> bytes:
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


class Open:
    """An encoder that stays open, for frames of one kind."""

    def __init__(self, first: bytes, like: VideoFrame) -> None:
        """first: a frame, `like`, as an encoder of its own gives it. Others get its headers."""
        place = first.index(_PICTURE) + len(_PICTURE)
        self._headers, self._start, self._count = first[:place], first[place : place + 2], 0
        self._encoder = _encoder(like, **_OPEN)
        self.works = all(self.encoded(like) == first for _ in range(2))  # as either number

    def encoded(self, frame: VideoFrame) -> bytes | None:
        """Return a frame as an encoder of its own gives it, None if that is not known."""
        data = None if self._encoder is None else _encoded(self._encoder, frame, self._count)
        self._count += 1
        place = -1 if data is None else data.find(_PICTURE)
        if data is None or place < 0:
            return None
        data, (first, second) = data[place + len(_PICTURE) :], self._start
        if data[0] == first and data[1] == second & _BEFORE | _OTHER:
            data = _moved(data)
        return self._headers + data if (data[0], data[1] | 3) == (first, second | 3) else None


def _moved(data: bytes) -> bytes:
    """A slice of the number 1 as one of the number 0."""
    escapes = [at + 2 for at in _zeros(data) if data[at + 2 : at + 3] == _ESCAPE]
    parts = (data[begin + 1 : end] for begin, end in pairwise([-1, *escapes, len(data)]))
    bits = np.frombuffer(b"".join(parts), np.uint8)
    moved = bits * 4  # NumPy shifts bytes one by one, and multiplies some at once
    moved[:-1] |= bits[1:] // 64
    moved[:2] = bits[0], bits[1] & _BEFORE | _NUMBER | moved[1] & 3
    data, begins = moved.tobytes().rstrip(b"\0"), [0]
    for at in _zeros(data):
        if at >= begins[-1] and data[at + 2 : at + 3] <= _ESCAPE:
            begins.append(at + 2)
    return _ESCAPE.join(data[begin:end] for begin, end in pairwise([*begins, len(data)]))


def _zeros(data: bytes) -> list[int]:
    """Where in a slice two bytes on end are 0. They are rare: to search for bytes takes five times as long."""
    values = np.frombuffer(data, np.uint8)
    found: list[int] = np.flatnonzero((values[1:] | values[:-1]) == 0).tolist()
    return found


class Packer:
    """Packs the frames of one stream that are read, packed, as they are converted at once."""

    def __init__(self, convert: Converter, scaling: str) -> None:
        self._convert, self._scaling = convert, scaling
        self._known: dict[tuple[object, ...], Open | bool] = {}  # whether a kind of frames is packed, and by what

    def packed(self, frame: VideoFrame) -> bytes | None:
        """Return the frame as a file of H.264, None if it is to be kept as RGB.

        The first frame of each kind is tried: turned pictures, pixels that are not square and what else a frame of
        H.264 does not say for itself show in the pixels.
        """
        kind = (
            frame.format.name, frame.width, frame.height, orientation(frame), int(frame.colorspace),
            int(frame.color_range), int(frame.color_trc), int(frame.color_primaries), self._convert.pixel(frame),
        )  # fmt: skip
        if kind not in self._known:
            self._known[kind] = self._tried(frame)
        known = self._known[kind]
        data = known.encoded(frame) if isinstance(known, Open) else None
        return _noted(data, self._scaling) if data is not None else pack(frame, self._scaling) if known else None

    def _tried(self, frame: VideoFrame) -> Open | bool:
        image, data = self._convert.image(frame), pack(frame, self._scaling)
        found = None if data is None else unpack(data)
        if data is None or found is None or not _same(found, image):
            return False
        opened = Open(data.replace(_note(self._scaling), b"", 1), frame)
        return opened if opened.works else True


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


def _same(a: Image, b: Image) -> bool:
    """Whether two images are one; a comparison of NumPy's makes an image of its own."""
    return a.shape == b.shape and cv2.norm(a, b, cv2.NORM_INF) == 0
