"""Decode a video: which of its streams is the picture, its frames in order, their luma, and their pixels as RGB.

A frame's number counts decoded frames in the order in which they are shown, from 0; its time comes from its
presentation timestamp. PyAV carries FFmpeg's libraries, so nothing has to be installed beside it.
"""

import re
from collections.abc import Iterable, Iterator, Set
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import av
import av.container
import av.error
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from genga.errors import GengaError
from genga.images import hdr
from genga.images.image import HDR, Luma, exact, samples
from genga.jobs.script import at_once, progress
from genga.store.files import check_sha256
from genga.video import hwaccel
from genga.video.clock import WAIT, Counts, in_order, timed, usual_step
from genga.video.decode_errors import Damage, is_corrupt
from genga.video.deinterlace import WHOLE, Part, undone
from genga.video.file import WAY_OUT, Reading, packets_of, up_to_cut
from genga.video.interlace import PROGRESSIVE, Fields
from genga.video.skip_frames import sparing
from genga.video.streams import LARGEST, Colours, colours_of, picture_stream, state

# Pixel formats whose first plane is luma alone, 8 bits in a byte or up to 16 in a little-endian word.
_PLANAR_LUMA = re.compile(r"^(yuva?j?4\d\dp|gray|nv12|nv16|p0)((9|10|12|14|16)le)?$")
# What decoders say of a packet that they cannot read: some -1, `not permitted`, as of headers within a chain in Ogg,
# where it is shorter than a picture of theirs -22, and of PNG what zlib cannot read is an external library's.
_UNREADABLE = (
    av.error.InvalidDataError, av.error.PermissionError, av.error.PatchWelcomeError, av.error.ArgumentError,
    av.error.ExternalError,
)  # fmt: skip
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
    path: str | Path, device: str = "off", choice: int | str = LARGEST
) -> Iterator[tuple[av.container.InputContainer, VideoStream]]:
    """Open a video file; yield its container and the stream that is the picture.

    device: what is to decode it, see genga.video.hwaccel; where it cannot, the processor does, with a warning on
    stderr. choice: which stream, see genga.video.streams.
    Raises GengaError, one line, if the file is missing, empty, not a video, or has sound only.
    """
    path = Path(path)
    if not path.exists():
        raise GengaError(f"{path}: no such file")
    if path.is_dir():
        raise GengaError(f"{path}: is a folder, not a video file")
    if path.stat().st_size == 0:
        raise GengaError(f"{path}: is empty (0 bytes); {WAY_OUT}")
    with closing(Reading(path)) as file:
        try:
            container = hwaccel.opened(file, device)
        except av.error.FFmpegError as error:
            raise file.failed or GengaError(
                f"{path}: not a readable video ({error.strerror}); it may be damaged, cut short, or of another kind: "
                f"{WAY_OUT}"
            ) from error
        try:
            with container:
                yield container, picture_stream(container, path, choice)
        finally:
            if file.failed:  # which FFmpeg may have taken for the end of the file
                raise file.failed


def check_same(path: str | Path, sha256: str) -> None:
    """Raise GengaError unless a video is, to the byte, the one that probe looked at."""
    check_sha256(path, sha256, "not the video that was probed, or damaged; put it right and run again")


def decode(
    path: str | Path,
    threads: int = 1,
    damage: Damage | None = None,
    fields: Fields = PROGRESSIVE,
    device: str = "off",
    part: Part = WHOLE,
) -> Iterator[Decoded]:
    """Yield every frame of a video, in the order shown.

    damage: collects what could not be decoded as it was meant; decoding goes on after it.
    fields: what is done about interlacing and telecine; frames are numbered as they come out of that.
    part: what of it is the picture.
    Raises GengaError if the file cannot be opened or not one frame can be decoded.
    """
    with opening(path, device, part.stream) as (container, stream):
        prepare(stream, threads)
        number = -1
        for number, (time, frame) in enumerate(timed_frames(container, stream, damage, fields, part=part)):
            yield Decoded(number, time, bool(frame.key_frame), frame)
        if number < 0:
            raise GengaError(f"{path}: not one frame can be decoded; it is damaged or cut short")


def decode_probed(
    path: str | Path, probed: dict[str, Any], threads: int, damage: Damage, device: str, what: str
) -> Iterator[Decoded]:
    """Yield every frame of a video as stage probe found it, with progress on stderr under the name `what`.

    probed: what probe recorded. Raises GengaError as `decode` does, and if the video is another than then.
    """
    check_same(path, probed["sha256"])
    decoded = decode(path, threads, damage, Fields.of(probed["fields"]), device, Part.of(probed))
    return progress(decoded, probed["frames"], what, "frames")


def prepare(stream: VideoStream, threads: int) -> None:
    """Set how many threads decode `stream`, as far as there are cores; the frames do not depend on it."""
    stream.codec_context.thread_count = at_once(threads)
    stream.codec_context.thread_type = "AUTO"


def timed_frames(
    container: av.container.InputContainer,
    stream: VideoStream,
    damage: Damage | None = None,
    fields: Fields = PROGRESSIVE,
    needed: Set[int] | None = None,
    part: Part = WHOLE,
) -> Iterator[tuple[float, VideoFrame]]:
    """Yield (time in s, frame) from where the container stands, going on after packets that cannot be decoded.

    Times grow from frame to frame. Where something is done about `fields` the container has to stand at its start.
    needed: timestamps of the frames that are asked for; of the others some may be left out (genga.video.skip_frames).
    """
    return undone(as_coded(container, stream, damage, needed, part.stated), fields, part)


def as_coded(
    container: av.container.InputContainer,
    stream: VideoStream,
    damage: Damage | None = None,
    needed: Set[int] | None = None,
    stated: Colours | None = None,
) -> Iterator[tuple[float, VideoFrame]]:
    """Yield (time in s, frame) as they are in the file; see `timed_frames`.

    stated: what the container says of colours; None: as it says now, which holds if nothing is decoded yet.
    Where frames are `needed` it ends before the first whose time is not its timestamp's: such a time comes of the
    frames before, of which some may have been left out, and would be another's.
    """
    step, base = usual_step(stream), exact(stream.time_base or Fraction(1, 1000))
    stated, codec = stated or colours_of(stream), stream.codec_context.name
    most = WAIT if needed is None else 0
    for time, said, frame in timed(coded(container, stream, damage, needed), base, step, most):
        if needed is not None and time != said:
            return
        if damage is not None:
            damage.came(time if said is None else said, time + step, frame.key_frame, frame.is_corrupt)
        state(frame, stated, codec)
        yield float(time), frame


def coded(
    container: av.container.InputContainer, stream: VideoStream, damage: Damage | None, needed: Set[int] | None
) -> Iterator[VideoFrame]:
    """Yield the frames that the decoder gives, up to where the file is cut off."""
    seen = Damage() if damage is None else damage
    there = packets_of(container, stream, hole=lambda: seen.repaired.add(seen.end))
    in_one_count = map(Counts.of(container, stream).goes_on, up_to_cut(there))
    packets = sparing(in_one_count, stream, needed)
    if (first := next(packets, None)) is None:
        return
    late = late_by(container, stream, first)
    frames = decoded(chain([first], packets), stream, damage, late)
    yield from in_order(frames, late) if late else frames


def late_by(container: av.container.InputContainer, stream: VideoStream, first: Packet) -> int:
    """Return by how many ticks timestamps are late that count frames as they are coded, not as shown; 0 of others.

    AVI has no others, and FFmpeg adds to them how much later a frame is shown. first: the first packet.
    """
    counted = container.format.name == "avi" and bool(stream.codec_context.has_b_frames)
    return first.pts - first.dts if counted and first.pts is not None and first.dts is not None else 0


def decoded(packets: Iterable[Packet], stream: VideoStream, damage: Damage | None, late: int) -> Iterator[VideoFrame]:
    """Yield the frames of packets, going on after those that cannot be decoded. late: ticks by which all are."""
    base = exact(stream.time_base or Fraction(1, 1000))
    for packet in packets:
        if damage is not None and packet.pts is not None and not packet.is_discard:
            damage.sent((packet.pts - late) * base, is_corrupt(packet))
        with suppress(*_UNREADABLE):
            yield from packet.decode()


def luma(frame: VideoFrame) -> tuple[Luma, int]:
    """Return a frame's luma (height, width), a view of the frame where that is possible, and its bits per sample.

    HDR (PQ, HLG) becomes the 8-bit luma that its greys have in SDR (genga.images.hdr).
    """
    bits = luma_bits(frame.format.name)
    if bits is None:
        return samples(frame.reformat(format="gray").planes[0], frame.width), 8
    values = samples(frame.planes[0], frame.width, bits)
    if int(frame.color_trc) in HDR:
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
