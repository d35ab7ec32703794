"""Section `frames`: what is measured on every decoded frame."""

from pydantic import Field

from genga.params.hardware_decoder import HardwareDecoder
from genga.params.section import Section


class Params(Section):
    # Cells along the shorter side of the grid that frames are compared by. Fewer: small changes vanish in a cell's
    # mean; more: noise and disk grow. 120 makes a cell 4 px of a 480-line picture.
    lines: int = Field(ge=16, le=480)
    # Luma levels by which a cell must differ to count as changed, for `spread`.
    changed: float = Field(ge=1, le=64)
    # What decodes: off is the processor; a device that is not there is replaced by it, with a warning.
    hwaccel: HardwareDecoder
    # Frames from one look for burnt-in text to the next at least, while the picture changes. More: less CPU, and text
    # that stays for less than twice as long is overlooked. 0: nothing is looked for.
    lettering: int = Field(ge=0, le=240)
