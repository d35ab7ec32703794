"""Pictures in memory: an RGB image, a part cut out of it, what models are given of it, and the planes of a decoded
frame as the video has them.

Reading and writing files: genga.images.codec.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from math import atan2, ceil, pi
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:  # not for a command that decodes nothing
    from av.video.frame import VideoFrame
    from av.video.plane import VideoPlane

Image = npt.NDArray[np.uint8]  # (height, width, 3), RGB
Array = npt.NDArray[np.float32]
Prepare = Callable[[Image], Array]  # what a model is given of an image; a value: equal ones make equal arrays
Frame: TypeAlias = "VideoFrame"  # a decoded frame, as PyAV has it
# Codes of ISO/IEC 23091-2: of what is not stated, of matrices, and of the transfer of HDR.
UNSTATED = 2
MATRICES = {"bt709": 1, "bt601": 6, "bt2020": 9}
HDR = PQ, HLG = 16, 18
WIDEST = 8  # times as wide as high, or as high as wide, are px of no picture; of discs they are 4 times at most
_HD = 1280, 576  # px of width from which on, and lines above which, players take an unstated matrix to be BT.709
_DISPLAY = struct.Struct("=9i")  # a, b, u, c, d, v, x, y, w of a display matrix (ISO/IEC 14496-12, 8.3.2.3)

Luma = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]  # (height, width), code values of a plane: luma, or one of colour


def cut(image: Image, x0: int, y0: int, x1: int, y1: int) -> Image:
    """Return the pixels of the box, clipped to the image; x1 and y1 are exclusive."""
    height, width = image.shape[:2]
    return np.ascontiguousarray(image[max(y0, 0) : min(y1, height), max(x0, 0) : min(x1, width)])


def resized(image: Image, size: tuple[int, int], how: str) -> Image:
    """Return the image at `size` (height, width) by a filter of Pillow's, by `area` or `linear`.

    area, as kohya's sd-scripts do (resize_image in library/utils.py): OpenCV's areas where both sides shrink, else
    Pillow's Lanczos. linear: OpenCV's bilinear, which takes four px however much it shrinks.
    """
    if image.shape[:2] == size:
        return image
    if how == "linear":
        return cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
    if how == "area" and image.shape[0] > size[0] and image.shape[1] > size[1]:
        return cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    from PIL import Image as Pillow  # not for a command that measures frames

    chosen = Pillow.Resampling["LANCZOS" if how == "area" else how.upper()]
    return np.asarray(Pillow.fromarray(image).resize(size[::-1], chosen))


def moved(
    picture: npt.NDArray[Any], by: tuple[float, float], around: npt.NDArray[Any] | None = None, rim: int = 0
) -> npt.NDArray[Any]:
    """Return a picture (height, width) moved by x, y px, by cubic convolution (Keys 1981).

    around: the picture of which what comes in at the edges is taken, and `rim` px at least; None: it is as the edge is.
    """
    # Two filters of a few taps take a sixth of the time of warping by cubics.
    (across, x), (down, y) = _taps(by[0]), _taps(by[1])
    found = cv2.sepFilter2D(picture, -1, across, down, anchor=(x, y), borderType=cv2.BORDER_REPLICATE)
    if around is not None:
        (left, right), (top, foot) = ((max(rim, ceil(way)), max(rim, ceil(-way))) for way in by)
        height, width = picture.shape[:2]
        for edge in (np.s_[:top], np.s_[height - foot :], np.s_[:, :left], np.s_[:, width - right :]):
            found[edge] = around[edge]
    return found


def _taps(by: float) -> tuple[npt.NDArray[np.float64], int]:
    """What each px takes of its neighbours, itself among them, to lie `by` px farther, and its own place among them."""
    reach = int(np.ceil(abs(by))) + 2
    away = np.abs(np.arange(-reach, reach + 1) + by)
    near, far = (1.5 * away - 2.5) * away**2 + 1, ((-0.5 * away + 2.5) * away - 4) * away + 2
    taps = np.where(away <= 1, near, np.where(away < 2, far, 0.0))
    counts = [reach, *np.flatnonzero(taps).tolist()]
    return taps[min(counts) : max(counts) + 1], reach - min(counts)


def padded(image: Image, size: tuple[int, int], colour: tuple[int, ...]) -> Image:
    """Return the image in the middle of a plane of `size`, a pixel nearer to left and top when it cannot be exact."""
    height, width = image.shape[:2]
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    plane = np.full((*size, 3), colour[0], np.uint8)  # with three values numpy takes twenty times as long
    if len(set(colour)) > 1:
        plane[:] = colour
    plane[top : top + height, left : left + width] = image
    return plane


def by_level(pixels: Image, levels: Array) -> Array:
    """Return (3, height, width): for each sample its channel's value in `levels` (3, 256), looked up."""
    values = np.empty((3, *pixels.shape[:2]), np.float32)
    for plane, of, into in zip(cv2.split(pixels), levels, values, strict=True):
        cv2.LUT(plane, of, into)
    return values


class Pictures(Sequence[Image]):
    """Images, and beside each what models are given of it: made once for all whose preparations are equal."""

    def __init__(self, images: Iterable[Image], made: Iterable[dict[Prepare, Array]] | None = None) -> None:
        """made: of each image what there is already; the rest is made when it is asked for."""
        self._images = list(images)
        self._made: list[dict[Prepare, Array]] = [{} for _ in self._images] if made is None else list(made)

    def __len__(self) -> int:
        return len(self._images)

    @overload
    def __getitem__(self, place: int) -> Image: ...
    @overload
    def __getitem__(self, place: slice) -> "Pictures": ...
    def __getitem__(self, place: int | slice) -> "Image | Pictures":
        return self._images[place] if isinstance(place, int) else Pictures(self._images[place], self._made[place])

    def given(self, how: Prepare) -> list[Array]:
        """Return what a model is given of each."""
        for image, made in zip(self._images, self._made, strict=True):
            if how not in made:
                made[how] = how(image)
        return [made[how] for made in self._made]

    @staticmethod
    def joined(parts: Iterable[Sequence[Image]]) -> "Pictures":
        """Return one after the other, with what there is of them already."""
        of = [pictures(part) for part in parts]
        return Pictures((one for part in of for one in part), (made for part in of for made in part._made))


def pictures(images: Sequence[Image]) -> Pictures:
    """Return images as Pictures, if they are not."""
    return images if isinstance(images, Pictures) else Pictures(images)


def takes(shape: Sequence[Any], wanted: Sequence[int]) -> bool:
    """Return whether a graph whose input is of this shape, numbers and names, takes arrays of the shape `wanted`."""
    return len(shape) == 4 and all(a == b or not isinstance(a, int) for a, b in zip(shape[1:], wanted, strict=True))


def exact(ratio: Any) -> Fraction:
    """Return a ratio of PyAV's (a time base, a rate, an aspect) as a Fraction: PyAV 19 has a type of its own for it."""
    return Fraction(ratio.numerator, ratio.denominator)


def is_absurd(pixel: Fraction) -> bool:
    """Whether no picture has pixels so many times as wide as high."""
    return not Fraction(1, WIDEST) < pixel < WIDEST


def median(values: npt.NDArray[Any]) -> float:
    """Return the median of numbers, one at least and none of them NaN.

    To the bit that of NumPy, which looks for NaN and loads its masked arrays to do so: 7 ms of a job.
    """
    count = values.size
    middles = np.partition(values, ((count - 1) // 2, count // 2), axis=None)[(count - 1) // 2 : count // 2 + 1]
    return float(middles.mean())


def samples(plane: "VideoPlane", width: int, bits: int = 8) -> Luma:
    """Return a plane of a frame as a view (height, width); two bytes a sample where it has more than 8 bits."""
    values: Luma = np.frombuffer(memoryview(plane), np.uint8)
    if bits > 8:
        values = values.view(np.uint16)
    return values.reshape(plane.height, -1)[:, :width]


def is_coded(frame: Frame) -> bool:
    """Whether a matrix makes a frame's colours of its samples: not of RGB, palettes and greys, transparent or not."""
    return not frame.format.is_rgb and sum(not one.is_alpha for one in frame.format.components) > 1


def matrix_of(frame: Frame) -> str:
    """Return by which matrix players take a frame's colours that does not say, as FFmpeg calls it; "" if it does.

    "" also where there is nothing to convert: RGB, palettes and greys.
    """
    if int(frame.colorspace) != UNSTATED or not is_coded(frame):
        return ""
    if int(frame.color_trc) in HDR:
        return "bt2020"
    return "bt709" if frame.width >= _HD[0] or frame.height > _HD[1] else "bt601"


def orientation(frame: Frame) -> tuple[int, bool]:
    """Return by how many quarter turns counter-clockwise a frame is to be shown, 0..3, and whether mirrored before.

    A display matrix carries a px (x, y) to (a x + c y, b x + d y). PyAV tells an angle alone, and of a mirrored picture
    a wrong one: half a turn of one that is left for right. PyAV 18 knows no name for EXIF, which FFmpeg 8 puts beside
    the picture, and then gives nothing of what lies there but that angle.
    """
    try:
        said: Any = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:
        return round(frame.rotation / 90) % 4, False
    if said is None or len(data := bytes(said)) != _DISPLAY.size:
        return 0, False
    a, b, _, c, d, *_ = _DISPLAY.unpack(data)
    mirrored = a * d < b * c
    across, down = (-a, -b) if mirrored else (a, b)
    return round(2 * atan2(-down, across) / pi) % 4, mirrored


def upright(image: Image, frame: Frame) -> Image:
    """Return the image (height, width, 3) of a frame as it is to be shown."""
    turns, mirrored = orientation(frame)
    return np.ascontiguousarray(np.rot90(image[:, ::-1] if mirrored else image, turns))
