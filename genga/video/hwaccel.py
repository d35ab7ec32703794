"""Decode by the graphics card where there is one; else by the processor, and say so."""

import sys
from typing import Any

import av
import av.container
import av.error
from av.codec.hwaccel import HWAccel, hwdevices_available

from genga.errors import GengaError
from genga.video.animated_webp import HEAD, is_animation, opened_again
from genga.video.file import Reading

# Titles need not be UTF-8; from 19 on PyAV does not ask what to do then.
_TEXT: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
_BUFFER = 1 << 18  # bytes that FFmpeg asks for at a time


def opened(file: Reading, name: str) -> av.container.InputContainer:
    """Open a media file for decoding by the device `name` (see params.hardware_decoder), or by the processor.

    Writes one line to stderr where the device is not there or does not know the codec. Raises av.error.FFmpegError.
    """
    if name == "off":
        return _open(file)
    for device in hwdevices_available() if name == "auto" else [name]:
        container = opened_by(file, device)
        if container is not None:
            return container
    wanted = "no hardware decoder" if name == "auto" else f"the hardware decoder {name} is not there or"
    wanted += " for this machine and codec" if name == "auto" else " does not know the codec"
    print(f"warning: {file.name}: {wanted}; decoding by the processor", file=sys.stderr)
    return _open(file)


def opened_by(file: Reading, device: str) -> av.container.InputContainer | None:
    """Open a file for a device; None if the device is not there or does not decode the video."""
    try:
        container = _open(file, HWAccel(device, allow_software_fallback=True))
    except (av.error.FFmpegError, NotImplementedError, ValueError):
        return None
    if any(stream.codec_context and stream.codec_context.is_hwaccel for stream in container.streams.video):
        return container
    container.close()
    return None


def _open(file: Reading, hwaccel: HWAccel | None = None) -> av.container.InputContainer:
    file.seek(0)  # one that failed with a device has been read from
    head = file.read(HEAD)
    file.seek(0)
    if is_animation(head):
        try:
            return av.open(opened_again(file.read()), "r", **_TEXT)
        except (OSError, EOFError, ValueError) as error:
            raise GengaError(f"{file.name}: is a damaged animated WebP ({error}); take it away") from error
    return av.open(file, "r", **_TEXT, buffer_size=_BUFFER, hwaccel=hwaccel)
