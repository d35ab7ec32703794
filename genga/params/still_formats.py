"""The lossless formats that stills are kept in, as `stills.format` names them."""

from typing import Literal

Lossless = Literal["jxl", "webp", "png"]  # of RGB
Format = Literal["h264", Lossless]  # of stills; h264: of a frame as the video has it (genga.planes), else jxl
