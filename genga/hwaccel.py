"""Decode by the graphics card where there is one; else by the processor, and say so."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import av
import av.container
import av.error
from av.codec.hwaccel import HWAccel, hwdevices_available
from pydantic import BeforeValidator

# YAML reads a bare `off` as false.
Name = Annotated[
    Literal["off", "auto", "cuda", "vaapi", "qsv", "vdpau", "videotoolbox", "d3d11va", "dxva2", "vulkan"],
    BeforeValidator(lambda value: "off" if value is False else value),
]


def opened(path: str | Path, name: str) -> av.container.InputContainer:
    """Open a media file for decoding by the device `name` (see Name), or by the processor.

    Writes one line to stderr where the device is not there or does not know the codec. Raises av.error.FFmpegError.
    """
    absolute = str(Path(path).absolute())  # keeps a name with a colon from being read as a protocol
    if name == "off":
        return av.open(absolute, metadata_errors="replace")
    for device in hwdevices_available() if name == "auto" else [name]:
        container = opened_by(absolute, device)
        if container is not None:
            return container
    wanted = "no hardware decoder" if name == "auto" else f"the hardware decoder {name} is not there or"
    wanted += " for this machine and codec" if name == "auto" else " does not know the codec"
    print(f"warning: {path}: {wanted}; decoding by the processor", file=sys.stderr)
    return av.open(absolute, metadata_errors="replace")


def opened_by(path: str, device: str) -> av.container.InputContainer | None:
    """Open a file for a device; None if the device is not there or does not decode the video."""
    try:
        container = av.open(path, metadata_errors="replace", hwaccel=HWAccel(device, allow_software_fallback=True))
    except (av.error.FFmpegError, NotImplementedError, ValueError):
        return None
    if any(stream.codec_context and stream.codec_context.is_hwaccel for stream in container.streams.video):
        return container
    container.close()
    return None
