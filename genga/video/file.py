"""A video file as FFmpeg reads it, of which it is known whether a read failed.

FFmpeg's demuxers take most failed reads for the end: of a video on a share that goes away while it is decoded, the
frames so far would pass for all of them.
"""

import io
from pathlib import Path

from genga.errors import GengaError

WAY_OUT = "copy it again, or take it away to go on without it"  # where a file is none that can be read


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
