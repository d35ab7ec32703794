"""Decode a video: which of its streams is the picture, its frames in order, their luma, and their pixels as RGB.

A frame's number counts decoded frames in the order in which they are shown, from 0; its time comes from its
presentation timestamp. PyAV carries FFmpeg's libraries, so nothing has to be installed beside it.
"""

import re
from collections.abc import Iterator, Set
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import av.container
import av.error
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from genga.errors import GengaError
from genga.images import hdr
from genga.images.image import Luma, exact, samples
from genga.jobs.progress import progress
from genga.params.hardware_decoder import HardwareDecoder
from genga.store.files import check_sha256
from genga.video import hwaccel
from genga.video.decode_errors import Damage
from genga.video.deinterlace import undone
from genga.video.file import Reading
from genga.video.interlace import PROGRESSIVE, Fields
from genga.video.skip_frames import sparing

# Pixel formats whose first plane is luma alone, 8 bits in a byte or up to 16 in a little-endian word.
_PLANAR_LUMA = re.compile(r"^(yuva?j?4\d\dp|gray|nv12|nv16|p0)((9|10|12|14|16)le)?$")
_FULL = 2  # code of FFmpeg for luma that uses every code value


@dataclass(frozen=True)
class Decoded:
    """A decoded frame."""

    number: int  # 0-based, in the order shown
    time: float  # s, from the presentation timestamp
    keyframe: bool
    frame: VideoFrame


@contextmanager
def opening(
    path: str | Path, device: HardwareDecoder = "off"
) -> Iterator[tuple[av.container.InputContainer, VideoStream]]:
    """Open a video file; yield its container and the stream that is the picture.

    device: what is to decode it, see genga.video.hwaccel; where it cannot, the processor does, with a warning on
    stderr. Raises GengaError, one line, if the file is missing, empty, not a video, or has sound only.
    """
    path = Path(path)
    if not path.exists():
        raise GengaError(f"{path}: no such file")
    if path.is_dir():
        raise GengaError(f"{path}: is a folder, not a video file")
    if path.stat().st_size == 0:
        raise GengaError(f"{path}: is empty (0 bytes); copy it again")
    with closing(Reading(path)) as file:
        try:
            container = hwaccel.opened(file, device)
        except av.error.FFmpegError as error:
            raise file.failed or GengaError(
                f"{path}: not a readable video ({error.strerror}); it may be damaged, cut short, or of another kind"
            ) from error
        try:
            with container:
                yield container, picture_stream(container, path)
        finally:
            if file.failed:  # which FFmpeg may have taken for the end of the file
                raise file.failed


def check_same(path: str | Path, sha256: str) -> None:
    """Raise GengaError unless a video is, to the byte, the one that probe looked at."""
    check_sha256(path, sha256, "not the video that was probed, or damaged; put it right and run again")


def picture_stream(container: av.container.InputContainer, path: Path) -> VideoStream:
    """Return the video stream that is the picture: no attached cover art, and the first of those marked as default.

    Where none is marked, the first. Raises GengaError if there is none.
    """
    covers = Disposition.attached_pic | Disposition.timed_thumbnails
    streams = [stream for stream in container.streams.video if not stream.disposition & covers]
    if not streams:
        kinds = sorted({stream.type for stream in container.streams})
        raise GengaError(f"{path}: has no video stream (only {', '.join(kinds) or 'nothing'}); remove it from data/raw")
    stream = min(streams, key=lambda one: not one.disposition & Disposition.default)  # the first of equals
    # Decoders report a stream that they cannot even name the size of as 0x0.
    if stream.codec_context is None or stream.width == 0 or stream.height == 0:
        raise GengaError(f"{path}: its video stream cannot be decoded (codec unknown or header damaged)")
    return stream


def decode(
    path: str | Path,
    threads: int = 1,
    damage: Damage | None = None,
    fields: Fields = PROGRESSIVE,
    device: HardwareDecoder = "off",
) -> Iterator[Decoded]:
    """Yield every frame of a video, in the order shown.

    damage: collects what could not be decoded as it was meant; decoding goes on after it.
    fields: what is done about interlacing and telecine; frames are numbered as they come out of that.
    Raises GengaError if the file cannot be opened or not one frame can be decoded.
    """
    with opening(path, device) as (container, stream):
        prepare(stream, threads)
        number = -1
        for number, (time, frame) in enumerate(timed_frames(container, stream, damage, fields)):
            yield Decoded(number, time, bool(frame.key_frame), frame)
        if number < 0:
            raise GengaError(f"{path}: not one frame can be decoded; it is damaged or cut short")


def decode_probed(
    path: str | Path, probed: dict[str, Any], threads: int, damage: Damage, device: HardwareDecoder, what: str
) -> Iterator[Decoded]:
    """Yield every frame of a video as stage probe found it, with progress on stderr under the name `what`.

    probed: what probe recorded. Raises GengaError as `decode` does, and if the video is another than then.
    """
    check_same(path, probed["sha256"])
    decoded = decode(path, threads, damage, Fields.of(probed["fields"]), device)
    return progress(decoded, probed["frames"], what, "frames")


def prepare(stream: VideoStream, threads: int) -> None:
    """Set how many threads decode `stream`; the frames do not depend on it."""
    stream.codec_context.thread_count = threads
    stream.codec_context.thread_type = "AUTO"


def timed_frames(
    container: av.container.InputContainer,
    stream: VideoStream,
    damage: Damage | None = None,
    fields: Fields = PROGRESSIVE,
    needed: Set[int] | None = None,
) -> Iterator[tuple[float, VideoFrame]]:
    """Yield (time in s, frame) from where the container stands, going on after packets that cannot be decoded.

    Times grow from frame to frame. Where something is done about `fields` the container has to stand at its start.
    needed: timestamps of the frames that are asked for; of the others some may be left out (genga.video.skip_frames).
    """
    shown = as_coded(container, stream, damage, needed)
    return shown if fields.kind == "progressive" else undone(shown, fields)


def as_coded(
    container: av.container.InputContainer,
    stream: VideoStream,
    damage: Damage | None = None,
    needed: Set[int] | None = None,
) -> Iterator[tuple[float, VideoFrame]]:
    """Yield (time in s, frame) as they are in the file; see `timed_frames`."""
    step = 1 / exact(stream.guessed_rate or stream.average_rate or Fraction(24))
    base = exact(stream.time_base or Fraction(1, 1000))
    time, started = -step, False
    for packet in sparing(container.demux(stream), stream, needed):
        if damage is not None and packet.pts is not None and not packet.is_discard:
            damage.sent(packet.pts * base, packet.is_corrupt)
        try:
            decoded = packet.decode()
        except av.error.InvalidDataError:
            continue
        for frame in decoded:
            assert isinstance(frame, VideoFrame)
            # A frame with no timestamp, or with one that does not go on (H.264 in AVI), comes one step after the last.
            shown = None if frame.pts is None else frame.pts * base
            time = time + step if shown is None or (started and shown <= time) else shown
            started = True
            if damage is not None:
                damage.came(time if shown is None else shown, time + step, frame.key_frame, frame.is_corrupt)
            yield float(time), frame


def luma(frame: VideoFrame) -> tuple[Luma, int]:
    """Return a frame's luma (height, width), a view of the frame where that is possible, and its bits per sample.

    HDR (PQ, HLG) becomes the 8-bit luma that its greys have in SDR (genga.images.hdr).
    """
    bits = luma_bits(frame.format.name)
    if bits is None:
        return samples(frame.reformat(format="gray").planes[0], frame.width), 8
    values = samples(frame.planes[0], frame.width, bits)
    if int(frame.color_trc) in (hdr.PQ, hdr.HLG):
        return hdr.sdr_codes(int(frame.color_trc), bits, int(frame.color_range) == _FULL)[values], 8
    return values, bits


@cache
def luma_bits(pixel_format: str) -> int | None:
    """Return the bits of a sample of the first plane of a pixel format, or None if that is not luma alone."""
    match = _PLANAR_LUMA.match(pixel_format)
    if match is None:
        return None
    if match.group(1) == "p0":  # hardware's: the bits are the upper ones of a word
        return 16
    return int(match.group(3) or 8)
