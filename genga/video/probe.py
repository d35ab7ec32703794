"""Look at a video file: is it sound, and what is in it.

Reads every packet but decodes only some frames, so a season is probed at the speed of its disk. Stream facts are
FFmpeg's; the frame rate is that of the packets' timestamps, because headers are often wrong, and what is done about
interlacing and telecine is decided by the pictures (genga.video.interlace), because flags are. So is whether film
weaves in its gate (genga.video.gate_weave).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
import av.error
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from genga.errors import GengaError
from genga.images.image import exact
from genga.params.probe import Params
from genga.store.files import sha256_of
from genga.video.decode import luma, opening, prepare, timed_frames
from genga.video.decode_errors import Damage, told
from genga.video.gate_weave import Anchor, Beside, Small, beside, small_of, weaves
from genga.video.interlace import Thin, decide, thinned, verdicts

# Names of the codes in ISO/IEC 23091-2 (colour primaries, transfer characteristics, matrix coefficients).
_PRIMARIES = {1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020", 12: "smpte432"}
_TRANSFER = {1: "bt709", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 13: "srgb", 14: "bt2020-10", 16: "pq", 18: "hlg"}
_MATRIX = {0: "rgb", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020nc", 10: "bt2020c"}
_RANGE = {1: "limited", 2: "full"}

_STRETCHES = 8  # places in a video that are looked at
_STEPS = 12  # from frame to frame of each, in which weave is looked for: half a second
_EARLY = 0.5  # s by which a file may end before the time that it says it lasts


@dataclass
class Packets:
    """What reading a file to its end has shown."""

    times: list[Fraction] = field(default_factory=list)  # s, of the picture's packets, in file order
    damage: Damage = field(default_factory=Damage)  # packets that the container calls damaged
    begin: Fraction | None = None  # s, of the first packet of any stream
    end: Fraction = Fraction(0)  # s, at which the last packet of any stream ends


def probe(path: str | Path, params: Params) -> dict[str, Any]:
    """Return what is known of a video file, as plain data for JSON.

    Raises GengaError, one line that names the file, if it cannot be opened, has no video, or cannot be decoded.
    """
    with opening(path) as (container, stream):
        packets = read(container, stream)
    with opening(path) as (container, stream):
        prepare(stream, 1)
        first, stretches, shifts, flagged = looked(container, stream, packets, params.looked_at)
        if first is None:
            raise GengaError(f"{path}: not one frame can be decoded; it is damaged or cut short")
        timing = timing_facts(sorted(packets.times), stream, params)
        lasts = max(packets.end, packets.end - (packets.begin or 0))  # some containers count from 0, some from begin
        early = (container.duration or 0) / av.time_base - float(lasts)
        return {
            "sha256": sha256_of(path),
            "container": container.format.name,
            **picture_facts(stream, first),
            **timing,
            "interlaced": flagged,
            "fields": decide(verdicts(stretches), flagged, timing["usual_rate"], params.fields),
            "weave": weaves(shifts) if params.weave == "auto" else params.weave == "always",
            "damaged": packets.damage.ranges(),
            "missing_end": round(early, 3) if early > _EARLY else 0.0,
            "audio": [audio_facts(other) for other in container.streams.audio],
            "subtitles": [subtitle_facts(other) for other in container.streams.subtitles],
        }


def read(container: av.container.InputContainer, stream: VideoStream) -> Packets:
    """Read a file to its end. Raises GengaError if that cannot be."""
    found = Packets()
    try:
        for packet in container.demux():
            if packet.pts is None or packet.time_base is None or packet.is_discard:  # not shown: before an edit list
                continue
            base = exact(packet.time_base)
            time = packet.pts * base
            end = time + (packet.duration or 0) * base
            found.begin, found.end = min(found.begin or time, time), max(found.end, end)
            if packet.stream_index == stream.index:
                found.times.append(time)
                found.damage.came(time, end, packet.is_keyframe, packet.is_corrupt)
    except av.error.FFmpegError as error:
        raise GengaError(f"{container.name}: cannot be read to its end ({error.strerror}); copy it again") from error
    return found


def looked(
    container: av.container.InputContainer, stream: VideoStream, packets: Packets, frames: int
) -> tuple[VideoFrame | None, list[list[Thin]], list[list[Beside]], bool]:
    """Return the first frame, `frames` frames in stretches over the video, and whether most are flagged interlaced.

    Of the frames what their fields say, and how the first of each stretch lie beside the one before.
    """
    first, stretches, flags = None, [], []
    shifts: dict[float, list[Beside]] = {}  # by the time at which a stretch begins
    every = len(packets.times) <= frames
    for start in starts(packets.times, frames):
        if start is not None and not sought(container, stream, start):
            continue
        count, past = frames if every else -(-frames // _STRETCHES), 0
        stretch: list[Thin] = []
        steps: list[Beside] = []
        before: Small | None = None
        for n, (time, picture) in enumerate(timed_frames(container, stream)):
            first = first or picture
            if n == 0:  # where several begin at one keyframe, each looks for weave from where the one before ended
                steps = shifts.setdefault(time, [])
                past = len(steps)
            last = past + (count if every else _STEPS) - 1
            plane, bits = luma(picture)
            if n < count:
                flags.append(picture.interlaced_frame)
                stretch.append(thinned(plane, bits))
            if past <= n <= last:
                small = small_of(plane, bits)
                if before is not None and before.shape == small.shape:
                    steps.append(beside(Anchor(before), small))
                before = small
            if n + 1 >= max(count, last + 1):
                break
        stretches.append(stretch)
    return first, stretches, list(shifts.values()), sum(flags) * 2 > len(flags)


def starts(times: Sequence[Fraction], frames: int) -> Iterator[Fraction | None]:
    """Yield where to look: the beginning (None), and unless `frames` are all there are, other times in s."""
    yield None
    if len(times) > frames:
        first, last = min(times), max(times)
        yield from (first + (last - first) * n / _STRETCHES for n in range(1, _STRETCHES))


def sought(container: av.container.InputContainer, stream: VideoStream, time: Fraction) -> bool:
    """Go to the keyframe before `time`, s; return whether the file lets one."""
    try:
        container.seek(round(time / exact(stream.time_base or Fraction(1, 1000))), stream=stream)
    except av.error.FFmpegError:
        return False
    return True


def picture_facts(stream: VideoStream, frame: VideoFrame) -> dict[str, Any]:
    """Return codec, size, shape, depth and colour, as the first frame has them."""
    pixel = exact(stream.sample_aspect_ratio or Fraction(1))
    return {
        "stream": stream.index,
        "codec": stream.codec_context.name,
        "width": frame.width,
        "height": frame.height,
        "pixel_aspect": ratio(pixel),
        "display_aspect": ratio(pixel * frame.width / frame.height),
        "rotation": int(frame.rotation) % 360,  # degrees counter-clockwise by which it is to be shown
        "pixel_format": frame.format.name,
        "bit_depth": frame.format.components[0].bits,
        "colour": {
            "primaries": _PRIMARIES.get(int(frame.color_primaries), "unknown"),
            "transfer": _TRANSFER.get(int(frame.color_trc), "unknown"),
            "matrix": _MATRIX.get(int(frame.colorspace), "unknown"),
            "range": _RANGE.get(int(frame.color_range), "unknown"),
        },
    }


def timing_facts(packets: Sequence[Fraction], stream: VideoStream, params: Params) -> dict[str, Any]:
    """Return frames, rate, whether it varies, and duration, from the packets' times in s, sorted."""
    rate = stream.average_rate or stream.guessed_rate
    named = exact(rate) if rate else None
    steps = np.diff(np.array([float(time) for time in packets]))
    usual = float(np.median(steps)) if len(steps) else 0.0
    # A container that rounds its times to ticks (Matroska: 1 ms) makes even steps differ by one.
    slack = 1.5 * float(stream.time_base or 0) + 0.01 * usual
    uneven = float((np.abs(steps - usual) > slack).mean()) if len(steps) else 0.0
    last = usual or (float(1 / named) if named else 0.0)
    return {
        "frames": len(packets),
        "frame_rate": f"{named.numerator}/{named.denominator}" if named else None,
        "usual_rate": round(1 / usual, 6) if usual else float(named or 0),
        "is_vfr": uneven > params.uneven,
        "start": float(packets[0]) if packets else 0.0,
        "duration": round(float(packets[-1] - packets[0]) + last, 6) if packets else 0.0,
    }


def audio_facts(stream: Any) -> dict[str, Any]:
    """Return what is known of an audio stream."""
    context = stream.codec_context
    return {
        "stream": stream.index,
        "codec": context.name if context else None,
        "language": stream.language,
        "channels": context.channels if context else None,
        "sample_rate": context.sample_rate if context else None,
    }


def subtitle_facts(stream: Any) -> dict[str, Any]:
    """Return what is known of a subtitle stream."""
    return {
        "stream": stream.index,
        "codec": stream.codec_context.name if stream.codec_context else None,
        "language": stream.language,
    }


def ratio(value: Fraction) -> str:
    """Return a ratio as people write it: 16:9."""
    return f"{value.numerator}:{value.denominator}"


def in_words(probed: dict[str, Any]) -> str:
    """Return what is known of a video on one line."""
    fields, late = probed["fields"], probed["missing_end"]
    damaged = f", damaged: {told(probed['damaged'])}" if probed["damaged"] else ""
    kind = "" if fields["kind"] == "progressive" else f", fields: {fields['kind']} (by {fields['by']})"
    return (
        f"{probed['codec']} {probed['width']}x{probed['height']}, "
        f"{probed['frames']} frames in {probed['duration']:.1f} s"
        f"{', variable rate' if probed['is_vfr'] else ''}{kind}{', weaves: held still' if probed['weave'] else ''}"
        f"{damaged}{f', its last {late:.1f} s are missing: cut short' if late else ''}"
    )
