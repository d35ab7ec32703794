"""Lossless formats: the pixels come back, the bytes repeat, and what is no image is said to be none."""

import numpy as np
import pytest

from genga.errors import GengaError
from genga.images.codec import as_png, decode, encode
from genga.params.stills import Format

NOISE = np.random.default_rng(0).integers(0, 256, (37, 53, 3)).astype(np.uint8)
SMALL = np.array([[[255, 0, 3]]], np.uint8)


@pytest.mark.parametrize("kind", ["jxl", "webp", "png"])
@pytest.mark.parametrize("image", [NOISE, SMALL, NOISE[:, ::2], np.zeros((300, 200, 3), np.uint8)])
def test_every_format_gives_the_pixels_back(kind: Format, image: np.ndarray) -> None:
    data = encode(image, kind)
    assert data == encode(image.copy(), kind)
    assert (decode(data) == image).all()
    assert decode(data).flags.writeable


def test_png_is_what_leaves() -> None:
    png = encode(NOISE)
    assert as_png(png) is png
    assert as_png(encode(NOISE, "jxl")) == as_png(encode(NOISE, "webp")) == png


def test_the_bytes_do_not_depend_on_threads() -> None:
    from io import BytesIO

    from PIL import Image

    out = BytesIO()
    large = np.tile(NOISE, (20, 20, 1))
    Image.fromarray(large).save(out, "JXL", lossless=True, effort=1, num_threads=4)
    assert out.getvalue() == encode(large, "jxl")


@pytest.mark.parametrize("kind", ["jxl", "webp", "png"])
def test_damaged_bytes_are_named(kind: Format) -> None:
    data = encode(NOISE, kind)
    for damaged in (data[:20], data[:2], b""):
        with pytest.raises(GengaError, match="s/e/000001: not a readable image"):
            decode(damaged, "s/e/000001")
