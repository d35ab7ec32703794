"""Decode no more than is asked for: frames that others are not predicted from may be left out, one by one.

In H.264 and HEVC a picture says of itself whether others refer to it; in an episode half of them say no. A decoder told
to skip such a picture drops it unread, and all other pixels stay as they are. HEVC's word holds for pictures of the
same temporal layer alone, so where a stream has several, or does not say, nothing is left out.
"""

from collections.abc import Iterable, Iterator, Set

from av.packet import Packet
from av.video.stream import VideoStream

_LAYERS = 21  # byte of HEVC's header (ISO/IEC 14496-15, 8.3.3.1) whose bits 3 to 5 count temporal layers
_ONE = 1


def can_spare(codec: str, header: bytes | None) -> bool:
    """Whether pictures of a stream that are not referred to can be told. header: the container's, of its decoder."""
    if codec == "hevc":
        # The header of Annex B streams begins with a start code, 0 0 1, and does not count layers.
        return header is not None and len(header) > _LAYERS and header[0] == 1 and header[_LAYERS] >> 3 & 7 == _ONE
    return codec == "h264"


def sparing(packets: Iterable[Packet], stream: VideoStream, needed: Set[int] | None) -> Iterator[Packet]:
    """Yield the packets of a stream; before each its decoder is told to skip it if nothing needs or refers to it.

    needed: presentation timestamps, in the stream's time base; None if all are. A packet without one is decoded.
    """
    context = stream.codec_context
    if needed is None or not can_spare(context.name, context.extradata):
        yield from packets
        return
    for packet in packets:
        context.skip_frame = "DEFAULT" if packet.pts is None or packet.pts in needed else "NONREF"
        yield packet
