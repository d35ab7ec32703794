"""Lossless formats: the pixels come back, the bytes repeat, and what is no image is said to be none."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image as Pillow

from genga.errors import GengaError
from genga.images.codec import as_png, decode, encode
from genga.images.image import median
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
    out = BytesIO()
    large = np.tile(NOISE, (20, 20, 1))
    Pillow.fromarray(large).save(out, "JXL", lossless=True, effort=1, num_threads=4)
    assert out.getvalue() == encode(large, "jxl")


@pytest.mark.parametrize("kind", ["jxl", "webp", "png"])
def test_damaged_bytes_are_named(kind: Format) -> None:
    data = encode(NOISE, kind)
    for damaged in (data[:20], data[:2], b""):
        with pytest.raises(GengaError, match="s/e/000001: not a readable image"):
            decode(damaged, "s/e/000001")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(depth: int, colour: int, row: bytes, *before: bytes, width: int = 3) -> bytes:
    """A PNG of one row. depth, colour: as its header has them; before: chunks before the pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, depth, colour, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0" + row))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(before) + pixels + chunk(b"IEND", b"")


def row16(*samples: int) -> bytes:
    return struct.pack(f">{len(samples)}H", *samples)


HALF = [132, 137, 142]  # (10, 20, 30) on white at alpha 128: 255 - 128 / 255 * (245, 235, 225)
PALETTE = chunk(b"PLTE", bytes([10, 20, 30] * 3)), chunk(b"tRNS", bytes([0, 128]))
RGBA8 = png(8, 6, bytes([10, 20, 30, 0, 10, 20, 30, 128, 10, 20, 30, 255]))


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (RGBA8, [[255] * 3, HALF, [10, 20, 30]]),
        (png(16, 6, row16(2560, 5120, 7680, 0, 2560, 5120, 7680, 32768, 2560, 5120, 7680, 65535)),
         [[255] * 3, HALF, [10, 20, 30]]),
        (png(8, 4, bytes([10, 0, 10, 128, 10, 255])), [[255] * 3, [132] * 3, [10] * 3]),
        (png(16, 4, row16(2560, 0, 2560, 32768, 2560, 65535)), [[255] * 3, [132] * 3, [10] * 3]),
        (png(8, 3, bytes([0, 1, 2]), *PALETTE), [[255] * 3, HALF, [10, 20, 30]]),
        (png(4, 3, bytes([0x01, 0x20]), *PALETTE), [[255] * 3, HALF, [10, 20, 30]]),
        # One colour, or one grey, that is transparent: of all its bits.
        (png(8, 2, bytes([10, 20, 30, 11, 20, 30]), chunk(b"tRNS", row16(10, 20, 30)), width=2),
         [[255] * 3, [11, 20, 30]]),
        (png(16, 2, row16(2570, 5120, 7680, 2571, 5120, 7680), chunk(b"tRNS", row16(2570, 5120, 7680)), width=2),
         [[255] * 3, [10, 20, 30]]),
        (png(8, 0, bytes([10, 11, 12]), chunk(b"tRNS", row16(10))), [[255] * 3, [11] * 3, [12] * 3]),
        (png(16, 0, row16(2570, 2571, 2816), chunk(b"tRNS", row16(2570))), [[255] * 3, [10] * 3, [11] * 3]),
        (png(2, 0, bytes([0b00011000]), chunk(b"tRNS", row16(1))), [[0] * 3, [255] * 3, [170] * 3]),
        (png(1, 0, bytes([0b01000000]), chunk(b"tRNS", row16(0))), [[255] * 3, [255] * 3, [255] * 3]),
        # Nothing can be seen through.
        (png(16, 0, row16(2570, 25700, 65535)), [[10] * 3, [100] * 3, [255] * 3]),
        (png(8, 3, bytes([0, 1, 2]), PALETTE[0]), [[10, 20, 30]] * 3),
        (png(8, 3, bytes([0, 1, 2]), PALETTE[0], chunk(b"tRNS", b"")), [[10, 20, 30]] * 3),
    ],
)  # fmt: skip
def test_what_can_be_seen_through_lies_over_white(data: bytes, seen: list[list[int]]) -> None:
    assert decode(data).tolist() == [seen]
    assert decode(as_png(data)).tolist() == [seen] and as_png(as_png(data)) == as_png(data) != data


@pytest.mark.parametrize("kind", ["WEBP", "JXL", "TIFF"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_of_other_formats_lies_over_white(kind: str, mode: str) -> None:
    out = BytesIO()
    picture = Pillow.fromarray(np.array([[[10, 10, 10, 0], [10, 10, 10, 128], [10, 10, 10, 255]]], np.uint8))
    picture.convert(mode).save(out, kind, **({} if kind == "TIFF" else {"lossless": True}), exact=True)
    assert decode(out.getvalue()).tolist() == [[[255] * 3, [132] * 3, [10] * 3]]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_an_image_is_held_as_it_says_with_alpha_or_without(kind: str, mode: str) -> None:
    said = Pillow.Exif()
    said[0x0112] = 6  # to be turned clockwise by a quarter
    out = BytesIO()
    Pillow.fromarray(np.array([[[1] * 3, [2] * 3, [3] * 3]], np.uint8)).convert(mode).save(
        out, kind, exif=said, lossless=True
    )
    assert decode(out.getvalue())[:, :, 0].tolist() == [[1], [2], [3]]


def test_a_damaged_image_with_alpha_is_named() -> None:
    for damaged in (RGBA8[:26], RGBA8[:45], RGBA8[:25]):
        with pytest.raises(GengaError, match="s/e/000001: not a readable image"):
            decode(damaged, "s/e/000001")


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1,), (2,), (7,), (8,), (37, 53), (36, 53)])
def test_a_median_is_numpys(kind: type, shape: tuple[int, ...]) -> None:
    values = (np.random.default_rng(0).random(shape) * 255).astype(kind)
    assert median(values) == float(np.median(values))
    assert median(values[::-1]) == median(values)
