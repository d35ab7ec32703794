"""What can decode a video beside the processor, as `frames.hwaccel` and `stills.hwaccel` name it."""

from typing import Annotated, Literal

from pydantic import BeforeValidator

# YAML reads a bare `off` as false.
HardwareDecoder = Annotated[
    Literal["off", "auto", "cuda", "vaapi", "qsv", "vdpau", "videotoolbox", "d3d11va", "dxva2", "vulkan"],
    BeforeValidator(lambda value: "off" if value is False else value),
]
