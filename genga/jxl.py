"""JPEG XL, lossless: the pixels come back, for a tenth of the time that PNG takes to write and fewer bytes.

By libjxl, as pillow-jxl-plugin carries it, without the way through Pillow's memory, which takes a third as long again.
Effort 1 is the encoder's fast lossless mode; equal images give equal bytes, whatever the number of threads, and one
thread is used: as many images are read and written at once as the job has threads.
"""

import io
from typing import Any

import numpy as np
from PIL import Image as Pillow
from pillow_jxl import Decoder
from pillow_jxl import Encoder as _Encoder

from genga.image import Image

Encoder: Any = _Encoder  # its stub is of an older version
_EFFORT = 1  # 1..10; 2 takes ten times as long for a tenth of the bytes


def encode(image: Image) -> bytes:
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


def decode(data: bytes) -> Image | None:
    """Return the image in JPEG XL bytes; None if they are damaged."""
    try:
        jpeg, about, pixels, *_ = Decoder(num_threads=1)(data)
        if not jpeg and about.mode == "RGB":
            return np.frombuffer(pixels, np.uint8).reshape(about.height, about.width, 3).copy()
        with Pillow.open(io.BytesIO(data)) as picture:  # somebody else's: grey, with alpha, or a JPEG in other words
            return np.array(picture.convert("RGB"))
    except (RuntimeError, ValueError, OSError):  # libjxl's word for damaged bytes, and Pillow's
        return None
