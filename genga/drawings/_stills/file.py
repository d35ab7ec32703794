"""A still before it is written: a frame of the video, or a picture put together from several."""

from dataclasses import dataclass
from typing import Protocol

from genga.images.codec import encode
from genga.images.h264 import Packer
from genga.images.image import Frame, Image
from genga.images.rgb import Converter
from genga.params.stills import Format, Lossless


@dataclass(frozen=True)
class Written:
    """A still as a file."""

    data: bytes
    kind: Format  # which is the name's extension
    width: int  # px
    height: int
    frame: tuple[int, int, int, int]  # where in it the frame of its number lies, px


class Still(Protocol):
    @property
    def image(self) -> Image:
        """The picture as RGB."""
        ...

    def written(self, kind: Format) -> Written:
        """Return the picture as a file, lossless."""
        ...


@dataclass(frozen=True)
class Made:
    """A picture that is no frame of the video."""

    image: Image
    frame: tuple[int, int, int, int] | None = None  # where in it the frame of its number lies, px; None: all over it

    def written(self, kind: Format) -> Written:
        height, width, _ = self.image.shape
        of_rgb: Lossless = "jxl" if kind == "h264" else kind
        return Written(encode(self.image, of_rgb), of_rgb, width, height, self.frame or (0, 0, width, height))


@dataclass(frozen=True)
class Shown:
    """A frame, which becomes RGB only where that is asked for."""

    frame: Frame
    convert: Converter
    packer: Packer

    @property
    def image(self) -> Image:
        return self.convert.image(self.frame)

    def written(self, kind: Format) -> Written:
        if kind == "h264" and (data := self.packer.packed(self.frame)) is not None:
            width, height = self.frame.width, self.frame.height
            return Written(data, kind, width, height, (0, 0, width, height))
        return Made(self.image).written(kind)
