"""Section `stills`: how kept drawings become images."""

from typing import Literal

from genga.params.base import Section
from genga.params.hardware_decoder import HardwareDecoder
from genga.params.still_formats import Format


class Params(Section):
    # How colour is brought to the size of luma, and anamorphic pixels to square ones.
    scaling: Literal["bilinear", "bicubic", "lanczos"]
    # What lossless format stills are kept in: `genga export` writes PNG whatever it is. h264 keeps a frame as the video
    # has it, and by JPEG XL what is no plain frame: stitched pictures, HDR, more than 8 bits, pixels not square.
    format: Format
    # What decodes: off is the processor; a device that is not there is replaced by it, with a warning.
    hwaccel: HardwareDecoder
