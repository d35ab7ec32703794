"""Images in memory and as lossless bytes. An image is an array uint8 (height, width, 3), RGB.

Stills are kept in the format that params.yaml:stills.format names; what leaves genga is PNG, which everything reads.
"""

from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from genga.errors import GengaError

Image = npt.NDArray[np.uint8]  # (height, width, 3), RGB

EXTENSION = ".png"  # of a lossless image that other tools read

Lossless = Literal["jxl", "webp", "png"]  # of RGB
Format = Literal["h264", Lossless]  # of stills; h264: of a frame as the video has it (genga.planes), else jxl
_WEBP_LOSSLESS = 101  # OpenCV: a quality above 100
_OPTIONS: dict[str, list[int]] = {
    "png": [cv2.IMWRITE_PNG_COMPRESSION, 3],
    "webp": [cv2.IMWRITE_WEBP_QUALITY, _WEBP_LOSSLESS],
}
H264_STARTS = b"\x00\x00\x00\x01"  # how a stream of H.264 begins
JXL_STARTS = b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n"  # a bare codestream's, a container's first bytes
_PNG = b"\x89PNG\r\n\x1a\n"  # how such a file begins


def encode(image: Image, kind: Lossless = "png") -> bytes:
    """Return `image` as lossless bytes of a format; equal images give equal bytes."""
    if kind == "jxl":
        from genga import jxl

        return jxl.encode(image)
    ok, data = cv2.imencode(f".{kind}", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), _OPTIONS[kind])
    if not ok:
        raise GengaError(f"an image of shape {image.shape} cannot be encoded as {kind}")
    return data.tobytes()


def decode(data: bytes, name: str = "image") -> Image:
    """Return the image in bytes of PNG, JPEG, WebP, JPEG XL, or H.264 as genga.planes writes it.

    Raises GengaError, with `name`, if they are none.
    """
    if data.startswith(H264_STARTS):
        from genga import planes

        image = planes.unpack(data)
    elif data.startswith(JXL_STARTS):
        from genga import jxl

        image = jxl.decode(data)
    else:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        image = None if decoded is None else cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
    if image is None:
        raise GengaError(f"{name}: not a readable image; delete it to have it made again")
    return image


def as_png(data: bytes, name: str = "image") -> bytes:
    """Return image bytes as PNG: as they are, if they are that; the same pixels otherwise."""
    return data if data.startswith(_PNG) else encode(decode(data, name))


def cut(image: Image, x0: int, y0: int, x1: int, y1: int) -> Image:
    """Return the pixels of the box, clipped to the image; x1 and y1 are exclusive."""
    height, width = image.shape[:2]
    return np.ascontiguousarray(image[max(y0, 0) : min(y1, height), max(x0, 0) : min(x1, width)])
