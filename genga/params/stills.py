"""Section `stills`: how kept drawings become images."""

from typing import Literal

from genga.params.hardware_decoder import HardwareDecoder
from genga.params.section import Section

Lossless = Literal["jxl", "webp", "png"]  # of RGB
Format = Literal["h264", Lossless]  # of stills; h264: of a frame as the video has it (genga.images.h264), else jxl


class Params(Section):
    # How colour is brought to the size of luma, and anamorphic pixels to square ones.
    scaling: Literal["bilinear", "bicubic", "lanczos"]
    # What lossless format stills are kept in: `genga export` writes PNG whatever it is. h264 keeps a frame as the video
    # has it, and by JPEG XL what is no plain frame: stitched pictures, HDR, more than 8 bits, pixels not square.
    format: Format
    # What decodes: off is the processor; a device that is not there is replaced by it, with a warning.
    hwaccel: HardwareDecoder
