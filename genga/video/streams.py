"""Which of a file's video streams is the picture, and what its container says of colours.

The picture is the largest that is no cover: cover art is often an ordinary track of one JPEG, an animated AVIF has a
still of itself beside it, and a transport stream may have a small programme before the main one.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import av.container
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from genga.errors import GengaError
from genga.images.image import UNSTATED

LARGEST = "largest"

_COVER = Disposition.attached_pic | Disposition.timed_thumbnails
_PICTURES = ("bmp", "gif", "jpegls", "mjpeg", "png", "tiff", "webp")  # codecs of covers, and seldom of videos
_SILENT = ("vp8",)  # codecs that say nothing of colours, for which FFmpeg's decoder names some all the same
# Codes that swscale takes, of those that are defined: it refuses frames that say another, though transfer and primaries
# change nothing where there is no HDR.
_PRIMARIES = frozenset((1, 2, *range(4, 13), 22))
_TRANSFERS = frozenset((1, 2, *range(4, 9), *range(11, 19)))
_MATRICES = frozenset((0, 1, 2, *range(4, 18)))
_SHOWN = 0x10  # bit of the first byte of a frame of VP8 (RFC 6386, 9.1)


class Colours(NamedTuple):
    """Codes of ISO/IEC 23091-2, 2 where nothing is stated; and FFmpeg's of the range, 0 where nothing is."""

    primaries: int
    transfer: int
    matrix: int
    range: int


def picture_stream(container: av.container.InputContainer, path: Path, choice: int | str = LARGEST) -> VideoStream:
    """Return the video stream that is the picture.

    choice: a stream's number in the file; or which of those that are no cover: the largest, the first, or the first
    marked as default. Of equals the one marked as default, or the first. Raises GengaError if there is none.
    """
    videos = list(container.streams.video)
    if not any(not stream.disposition & _COVER for stream in videos) and not isinstance(choice, int):
        kinds = sorted({"a cover" if stream.type == "video" else stream.type for stream in container.streams})
        raise GengaError(f"{path}: has no video stream (only {', '.join(kinds) or 'nothing'}); remove it from data/raw")
    if isinstance(choice, int):
        found = [stream for stream in videos if stream.index == choice]
        if not found:
            there = ", ".join(in_words(facts(stream)) for stream in videos) or "none"
            raise GengaError(
                f"{path}: its stream {choice} is no video; name one of these in probe.stream, or largest: {there}"
            )
        stream = found[0]
    else:
        stream = max(videos, key=lambda one: _order(one, videos, choice))
    # Decoders report a stream that they cannot even name the size of as 0x0.
    if stream.codec_context is None or stream.width == 0 or stream.height == 0:
        raise GengaError(f"{path}: its video stream cannot be decoded (codec unknown or header damaged)")
    return stream


def _order(stream: VideoStream, among: list[VideoStream], choice: str) -> tuple[bool, int, bool, int]:
    """What the picture has the most of."""
    area = stream.width * stream.height if stream.codec_context is not None else 0
    marked = bool(stream.disposition & Disposition.default)
    return (
        not is_cover(stream, among), {"largest": area, "first": 0, "default": int(marked)}[choice], marked,
        -stream.index,
    )  # fmt: skip


def is_cover(stream: VideoStream, among: list[VideoStream]) -> bool:
    """Whether a stream is a picture beside the video: said to be one, or a single one where another is not."""
    if stream.disposition & _COVER:
        return True
    return _is_single(stream) and not all(_is_single(other) for other in among if not other.disposition & _COVER)


def _is_single(stream: VideoStream) -> bool:
    name = stream.codec_context.name if stream.codec_context is not None else ""
    return stream.frames == 1 or bool(stream.disposition & Disposition.still_image) or name in _PICTURES


def others(container: av.container.InputContainer, picture: VideoStream) -> list[dict[str, Any]]:
    """Return what is known of the video streams that are not the picture."""
    return [facts(stream) for stream in container.streams.video if stream.index != picture.index]


def facts(stream: VideoStream) -> dict[str, Any]:
    """Return number in the file, codec and size of a video stream, and whether it is a cover."""
    known = stream.codec_context is not None
    return {
        "stream": stream.index,
        "codec": stream.codec_context.name if known else None,
        "width": stream.width if known else 0,
        "height": stream.height if known else 0,
        "cover": is_cover(stream, list(stream.container.streams.video)),
    }


def in_words(one: dict[str, Any]) -> str:
    """Return a video stream in words: 0 (mjpeg 300x450, a cover)."""
    return f"{one['stream']} ({one['codec']} {one['width']}x{one['height']}{', a cover' if one['cover'] else ''})"


def colours_of(stream: VideoStream) -> Colours:
    """Return what a container says of a stream's colours; to be asked before anything of it is decoded."""
    said = stream.codec_context
    codes = int(said.color_primaries), int(said.color_trc), int(said.colorspace), int(said.color_range)
    return of_sense(Colours(*codes))


@cache
def of_sense(said: Colours) -> Colours:
    """Return colours without codes that are reserved, as encoders and damaged headers have them: nothing is stated."""
    return Colours(
        said.primaries if said.primaries in _PRIMARIES else UNSTATED,
        said.transfer if said.transfer in _TRANSFERS else UNSTATED,
        said.matrix if said.matrix in _MATRICES else UNSTATED,
        said.range,
    )


def state(frame: VideoFrame, said: Colours, codec: str) -> None:
    """Put what the container says of colours into a frame that says nothing of its own.

    Decoders that read no such thing leave it out, or put a range there as if it had been read (HEVC, VP8, VP9).
    """
    own = Colours(int(frame.color_primaries), int(frame.color_trc), int(frame.colorspace), int(frame.color_range))
    if own == said:
        return
    coded, own = own, of_sense(own)
    if coded != own:
        frame.color_primaries, frame.color_trc, frame.colorspace = own.primaries, own.transfer, own.matrix
    silent = codec in _SILENT
    if silent and said.matrix != UNSTATED:
        frame.colorspace = said.matrix
    if said.range and (silent or own.primaries == own.transfer == own.matrix == UNSTATED):
        frame.color_range = said.range
    if own.primaries == UNSTATED != said.primaries:
        frame.color_primaries = said.primaries
    if own.transfer == UNSTATED != said.transfer:
        frame.color_trc = said.transfer
    if own.matrix == UNSTATED != said.matrix:
        frame.colorspace = said.matrix


def that_show(packets: Iterable[Packet], picture: VideoStream) -> Iterator[Packet]:
    """Yield the packets that have something to show: not what lies before an edit list, nor empty ones, nor frames of
    VP8 that nobody sees and others are predicted from.
    """
    hides = picture.codec_context.name == "vp8"
    for packet in packets:
        if packet.is_discard or not packet.size:
            continue
        if not (hides and packet.stream_index == picture.index) or memoryview(packet)[0] & _SHOWN:
            yield packet
