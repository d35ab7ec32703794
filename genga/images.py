"""Images as lossless bytes, and back.

Stills are kept in the format that params.yaml:stills.format names; what leaves genga is PNG, which everything reads.
"""

import cv2
import numpy as np

from genga import jxl, planes
from genga.errors import GengaError
from genga.image import Image

EXTENSION = ".png"  # of a lossless image that other tools read

_WEBP_LOSSLESS = 101  # OpenCV: a quality above 100
_OPTIONS: dict[str, list[int]] = {
    "png": [cv2.IMWRITE_PNG_COMPRESSION, 3],
    "webp": [cv2.IMWRITE_WEBP_QUALITY, _WEBP_LOSSLESS],
}
H264_STARTS = b"\x00\x00\x00\x01"  # how a stream of H.264 begins
JXL_STARTS = b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n"  # a bare codestream's, a container's first bytes
_PNG = b"\x89PNG\r\n\x1a\n"  # how such a file begins


def encode(image: Image, kind: str = "png") -> bytes:
    """Return `image` as lossless bytes: jxl, webp or png; equal images give equal bytes."""
    if kind == "jxl":
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
        image = planes.unpack(data)
    elif data.startswith(JXL_STARTS):
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
