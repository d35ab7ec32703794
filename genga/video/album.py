"""Still images as an episode: an album, a QuickTime file whose frames are the pictures, in the bytes they came in.

Pictures of an album may have any sizes. A frame's number is the picture's place, and an album is never added to: what
comes later goes into another, so that no picture is ever called otherwise. They lie a minute apart, by which the stages
`probe` and `shots` know them for stills: each is a shot, and nothing of a moving picture is looked for.
"""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
from av.packet import Packet

SUFFIX = ".mov"
STEP = 60  # s from picture to picture
_TICKS = 1000  # a second


def write_album(path: Path, pictures: Iterable[bytes], codec: str, size: tuple[int, int]) -> None:
    """Write pictures as the frames of a video, one packet each, as they are; equal pictures give equal bytes.

    pictures: files of one kind. codec: FFmpeg's name of it, mjpeg or png. size: width and height of the first, px.
    """
    base = Fraction(1, _TICKS)
    with av.open(str(path), "w", format="mov", options={"fflags": "+bitexact"}) as out:
        width, height = size
        stream = out.add_mux_stream(codec, rate=Fraction(1, STEP), width=width, height=height, time_base=base)
        for place, data in enumerate(pictures):
            packet = Packet(data)
            packet.stream, packet.time_base, packet.is_keyframe = stream, base, True
            packet.pts = packet.dts = place * STEP * _TICKS
            packet.duration = STEP * _TICKS
            out.mux(packet)


def read_album(path: str | Path) -> list[bytes]:
    """Return the pictures of an album, as they were written."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]
