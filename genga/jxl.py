"""JPEG XL, lossless: the pixels come back, for an eighth of the time that PNG takes to write and fewer bytes.

By libjxl, as Pillow's plugin carries it. Effort 1 is the encoder's fast lossless mode; equal images give equal bytes,
whatever the number of threads, and one thread is used.
"""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from pillow_jxl import JpegXLImagePlugin  # with which Pillow knows the format

Image = npt.NDArray[np.uint8]  # (height, width, 3), RGB

_EFFORT = 1  # 1..10; 2 takes ten times as long for a tenth of the bytes

JpegXLImagePlugin.DECODE_THREADS = 1  # as many images are read at once as the job has threads


def encode(image: Image) -> bytes:
    """Return an image as lossless JPEG XL."""
    out = io.BytesIO()
    Pillow.fromarray(image).save(out, "JXL", lossless=True, effort=_EFFORT, num_threads=1)
    return out.getvalue()


def decode(data: bytes) -> Image | None:
    """Return the image in JPEG XL bytes; None if they are damaged."""
    try:
        with Pillow.open(io.BytesIO(data)) as picture:
            return np.array(picture.convert("RGB"))
    except (RuntimeError, OSError):  # libjxl's word for damaged bytes, and Pillow's
        return None
