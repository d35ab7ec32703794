"""Images as lossless bytes, and back.

Stills are kept in the format that params.yaml:stills.format names; what leaves genga is PNG, which everything reads.

JPEG XL comes back to the pixel, for a tenth of the time that PNG takes to write and fewer bytes: by libjxl, as
pillow-jxl-plugin carries it, without the way through Pillow's memory, which takes a third as long again. Effort 1 is
the encoder's fast lossless mode; equal images give equal bytes, whatever the number of threads, and one thread is used:
as many images are read and written at once as the job has threads.
"""

import io
from typing import Any

import cv2
import numpy as np
from PIL import Image as Pillow
from pillow_jxl import Decoder
from pillow_jxl import Encoder as _Encoder

from genga.errors import GengaError
from genga.images import h264
from genga.images.image import Image

EXTENSION = ".png"  # of a lossless image that other tools read

_WEBP_LOSSLESS = 101  # OpenCV: a quality above 100
_OPTIONS: dict[str, list[int]] = {
    "png": [cv2.IMWRITE_PNG_COMPRESSION, 3],
    "webp": [cv2.IMWRITE_WEBP_QUALITY, _WEBP_LOSSLESS],
}
H264_STARTS = b"\x00\x00\x00\x01"  # how a stream of H.264 begins
JXL_STARTS = b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n"  # a bare codestream's, a container's first bytes
Encoder: Any = _Encoder  # its stub is of an older version
_EFFORT = 1  # 1..10; 2 takes ten times as long for a tenth of the bytes
_PNG = b"\x89PNG\r\n\x1a\n"  # how such a file begins


def encode(image: Image, kind: str = "png") -> bytes:
    """Return `image` as lossless bytes: jxl, webp or png; equal images give equal bytes."""
    if kind == "jxl":
        return encode_jxl(image)
    ok, data = cv2.imencode(f".{kind}", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), _OPTIONS[kind])
    if not ok:
        raise GengaError(f"an image of shape {image.shape} cannot be encoded as {kind}")
    return data.tobytes()


def decode(data: bytes, name: str = "image") -> Image:
    """Return the image in bytes of PNG, JPEG, WebP, JPEG XL, or H.264 as genga.images.h264 writes it.

    Raises GengaError, with `name`, if they are none.
    """
    if data.startswith(H264_STARTS):
        image = h264.unpack(data)
    elif data.startswith(JXL_STARTS):
        image = _decode_jxl(data)
    else:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        image = None if decoded is None else cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
    if image is None:
        raise GengaError(f"{name}: not a readable image; delete it to have it made again")
    return image


def as_png(data: bytes, name: str = "image") -> bytes:
    """Return image bytes as PNG: as they are, if they are that; the same pixels otherwise."""
    return data if data.startswith(_PNG) else encode(decode(data, name))


def encode_jxl(image: Image) -> bytes:
    """Return an image as lossless JPEG XL."""
    encoder = Encoder(
        mode="RGB", lossless=True, quality=100.0, decoding_speed=0, effort=_EFFORT, use_container=False,
        use_original_profile=False, num_threads=1,
    )  # fmt: skip
    height, width, _ = image.shape
    data: bytes = encoder(
        image.tobytes(), width, height, jpeg_encode=False, exif=None, jumb=None, xmp=None, compress=False
    )
    return data


def _decode_jxl(data: bytes) -> Image | None:
    """Return the image in JPEG XL bytes; None if they are damaged."""
    try:
        jpeg, about, pixels, *_ = Decoder(num_threads=1)(data)
        if not jpeg and about.mode == "RGB":
            return np.frombuffer(pixels, np.uint8).reshape(about.height, about.width, 3).copy()
        with Pillow.open(io.BytesIO(data)) as picture:  # somebody else's: grey, with alpha, or a JPEG in other words
            return np.array(picture.convert("RGB"))
    except (RuntimeError, ValueError, OSError):  # libjxl's word for damaged bytes, and Pillow's
        return None
