"""What can decode a video beside the processor, as `frames.hwaccel` and `stills.hwaccel` name it."""

from typing import Literal

HardwareDecoder = Literal["off", "auto", "cuda", "vaapi", "qsv", "vdpau", "videotoolbox", "d3d11va", "dxva2", "vulkan"]
