"""A video file as FFmpeg reads it, of which it is known whether a read failed.

FFmpeg's demuxers take most failed reads for the end: of a video on a share that goes away while it is decoded, the
frames so far would pass for all of them.
"""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import av.error
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from genga.errors import GengaError

WAY_OUT = "copy it again, or take it away to go on without it"  # where a file is none that can be read
_SCANNED = 1 << 15  # bytes, fewer than FFmpeg goes on by where it finds no packet of a transport stream


class Reading(io.RawIOBase):
    """A file open for reading. The first read that fails is in `failed`, to be raised when FFmpeg is through.

    Raises GengaError if the file cannot be opened.
    """

    def __init__(self, path: str | Path) -> None:
        self.name = str(path)
        self.failed: GengaError | None = None
        try:
            self._file = open(path, "rb")  # noqa: SIM115 (closed in close)
        except OSError as error:
            raise self._failure(error) from error

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            self.failed = self.failed or self._failure(error)
            return b""  # an error would be printed and dropped

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()
        super().close()

    def _failure(self, error: OSError) -> GengaError:
        return GengaError(
            f"{self.name}: cannot be read ({error.strerror}); bring back the disk or share that it is on, and run again"
        )


def packets_of(
    container: InputContainer, *streams: VideoStream, hole: Callable[[], object] = lambda: None
) -> Iterator[Packet]:
    """Yield the packets of some streams, or of all, also those behind a stretch of a transport stream that has none.

    Such a stretch (zeros, where a download has not come yet) FFmpeg leaves after some 64 KiB, to be asked again.
    hole: called there.
    """
    for _ in range(2 + container.size // _SCANNED):
        try:
            yield from container.demux(*streams)
            return
        except av.error.BlockingIOError:
            hole()
        except IndexError:  # PyAV 18, at the end, of a stream that came up on the way: for it there is no decoder
            return


def up_to_cut(packets: Iterator[Packet]) -> Iterator[Packet]:
    """Yield packets up to where a file is cut off, which some containers take for damage; then an empty one."""
    packet = None
    try:
        for packet in packets:
            yield packet
    except av.error.InvalidDataError:
        if packet is None:
            raise
        last = Packet()
        last.stream = packet.stream
        yield last
