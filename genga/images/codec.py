"""Images as lossless bytes, and back.

Stills are kept in the format that params.yaml:stills.format names; what leaves genga is PNG, which everything reads.

JPEG XL comes back to the pixel, for a tenth of the time that PNG takes to write and fewer bytes: by libjxl, as
pillow-jxl-plugin carries it, without the way through Pillow's memory, which takes a third as long again. Effort 1 is
the encoder's fast lossless mode; equal images give equal bytes, whatever the number of threads, and one thread is used:
as many images are read and written at once as the job has threads.

What can be seen through is laid over white, as the models' publishers do: an image has three channels here, and the
colours under what nobody sees are anything.
"""

import base64
import io
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageOps
from pillow_jxl import Decoder
from pillow_jxl import Encoder as _Encoder

from genga.errors import GengaError
from genga.images import h264
from genga.images.image import Image

EXTENSION = ".png"  # of a lossless image that other tools read
MASK_SIDE = 256  # px; what is trained on has half of that at its longest, or less: latents are an eighth of a picture

_WEBP_LOSSLESS = 101  # OpenCV: a quality above 100
_OPTIONS: dict[str, list[int]] = {
    "png": [cv2.IMWRITE_PNG_COMPRESSION, 3],
    "webp": [cv2.IMWRITE_WEBP_QUALITY, _WEBP_LOSSLESS],
}
H264_STARTS = b"\x00\x00\x00\x01"  # how a stream of H.264 begins
JXL_STARTS = b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n"  # a bare codestream's, a container's first bytes
Encoder: Any = _Encoder  # its stub is of an older version
_EFFORT = 1  # 1..10; 2 takes ten times as long for a tenth of the bytes
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"  # how such files begin
_DEPTH, _COLOUR = 24, 25  # PNG: where its header has the bits of a sample, and what samples are:
_RGB, _WITH_ALPHA = 2, (b"\4", b"\6")
_WEBP_ALPHA = 0x10  # in the flags of both kinds of its header that have any
_ORIENTATION = 0x0112  # EXIF: how to hold the picture


def encode(image: Image, kind: str = "png") -> bytes:
    """Return `image` as lossless bytes: jxl, webp or png; equal images give equal bytes."""
    if kind == "jxl":
        return encode_jxl(image)
    ok, data = cv2.imencode(f".{kind}", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), _OPTIONS[kind])
    if not ok:
        raise GengaError(f"an image of shape {image.shape} cannot be encoded as {kind}")
    return data.tobytes()


def data_uri(image: Image, quality: int) -> str:
    """Return the image as a WebP data URI, for a page that is one file; quality 1..100."""
    ok, data = cv2.imencode(".webp", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, quality])
    if not ok:
        raise GengaError(f"an image of shape {image.shape} cannot be encoded as WebP")
    return "data:image/webp;base64," + base64.b64encode(data.tobytes()).decode("ascii")


def decode(data: bytes, name: str = "image") -> Image:
    """Return the image in bytes of PNG, JPEG, WebP, JPEG XL, or H.264 as genga.images.h264 writes it.

    What can be seen through lies over white; of 16 bits a sample the upper 8 count. Raises GengaError, with `name`, if
    the bytes are none of these.
    """
    if data.startswith(H264_STARTS):
        image = h264.unpack(data)
    elif data.startswith(JXL_STARTS):
        image = _decode_jxl(data)
    else:
        image = _decode_cv2(data)
    if image is None:
        raise GengaError(f"{name}: not a readable image; delete it to have it made again")
    return image


def as_png(data: bytes, name: str = "image") -> bytes:
    """Return image bytes as PNG of three channels: as they are, if they are that; the same pixels otherwise."""
    plain = data.startswith(_PNG) and data[_DEPTH : _COLOUR + 1] == bytes([8, _RGB]) and _transparent(data) is None
    return data if plain else encode(decode(data, name))


def encode_mask(mask: npt.NDArray[np.bool_]) -> bytes:
    """Return a mask (height, width) as PNG of one bit, its longer side MASK_SIDE px at most."""
    height, width = mask.shape
    scale = min(1.0, MASK_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA)
    file = io.BytesIO()
    Pillow.fromarray(small >= 128).save(file, "png")
    return file.getvalue()


def lay_mask(plane: npt.NDArray[np.bool_], box: tuple[int, int, int, int], mask: bytes | None) -> None:
    """Set what of a plane (height, width) a mask covers that is as large as a box of it, px; None: all of the box.

    box: x0 y0 x1 y1, end exclusive; it may reach beyond the plane. Raises GengaError if the bytes are no mask.
    """
    x0, y0, x1, y1 = box
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, plane.shape[1]), min(y1, plane.shape[0])
    if left >= right or top >= bottom:
        return
    covered = np.ones((y1 - y0, x1 - x0), bool)
    if mask is not None:
        small = cv2.imdecode(np.frombuffer(mask, np.uint8), cv2.IMREAD_GRAYSCALE) if mask else None
        if small is None:
            raise GengaError("a person's mask is not a readable image; make the tables of stage detect again")
        covered = np.asarray(cv2.resize(small, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR) >= 128)
    plane[top:bottom, left:right] |= covered[top - y0 : bottom - y0, left - x0 : right - x0]


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
            return over_white(np.array(picture.convert("RGBA")))
    except (RuntimeError, ValueError, OSError):  # libjxl's word for damaged bytes, and Pillow's
        return None


def over_white(pixels: npt.NDArray[np.uint8]) -> Image:
    """Return (height, width, 4) RGBA, colours not multiplied by alpha, as it looks on white paper."""
    alpha = pixels[:, :, 3:].astype(np.uint16)
    return ((pixels[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _decode_cv2(data: bytes) -> Image | None:
    """Return the image in bytes of what OpenCV reads; None if they are damaged."""
    if not data:
        return None
    coded = np.frombuffer(data, np.uint8)
    if _may_have_alpha(data):
        pixels, kinds, facts = cv2.imdecodeWithMetadata(coded, cv2.IMREAD_UNCHANGED)
        with_alpha = None if pixels is None else _with_alpha(pixels, data)
        exif = dict(zip(kinds, facts, strict=True)).get(cv2.IMAGE_METADATA_EXIF)
        return None if with_alpha is None else _upright(over_white(with_alpha), exif)
    if (other := _of_another_format(data)) is not None:
        return over_white(other)
    decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return None if decoded is None else cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def _may_have_alpha(data: bytes) -> bool:
    """Whether the header of a PNG or WebP says that it can be seen through somewhere."""
    if data.startswith(_PNG):
        return data[_COLOUR : _COLOUR + 1] in _WITH_ALPHA or _transparent(data) is not None
    place = {b"WEBPVP8L": 24, b"WEBPVP8X": 20}.get(data[8:16], len(data))
    return bool(int.from_bytes(data[place : place + 1]) & _WEBP_ALPHA)


def _of_another_format(data: bytes) -> npt.NDArray[np.uint8] | None:
    """Return an image that is neither PNG, WebP nor JPEG as RGBA; None if nothing can be seen through it.

    OpenCV has alpha of its own kind for each of these, multiplied in or left away.
    """
    if data.startswith((_PNG, _JPEG)) or data[8:12] == b"WEBP":
        return None
    try:
        with Pillow.open(io.BytesIO(data)) as picture:
            return np.array(picture.convert("RGBA")) if picture.has_transparency_data else None
    except OSError:  # Pillow does not know it; OpenCV may
        return None


def _transparent(data: bytes) -> bytes | None:
    """Return a PNG's chunk that says which of its colours can be seen through; None if it has none."""
    place = len(_PNG)
    while (kind := data[place + 4 : place + 8]) and kind != b"IDAT":
        length = int.from_bytes(data[place : place + 4], "big")
        if kind == b"tRNS":
            return data[place + 8 : place + 8 + length]
        place += length + 12
    return None


def _with_alpha(pixels: npt.NDArray[Any], data: bytes) -> npt.NDArray[np.uint8]:
    """Return what OpenCV read as RGBA: BGRA or, of a PNG with a grey that is transparent, grey alone."""
    eight = (pixels >> 8 if pixels.dtype == np.uint16 else pixels).astype(np.uint8)
    if pixels.ndim == 3:
        how = cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGBA  # three: the chunk names no colour
        return cv2.cvtColor(eight, how).astype(np.uint8)
    grey = _transparent(data) or b""
    whole = {1: 255, 2: 85, 4: 17}.get(data[_DEPTH], 1)  # OpenCV's step between greys of so few bits
    alpha = np.where(pixels == int.from_bytes(grey[:2], "big") * whole, 0, 255)
    return np.dstack([eight, eight, eight, alpha.astype(np.uint8)])


def _upright(image: Image, exif: npt.NDArray[Any] | None) -> Image:
    """Return the image as its EXIF says to hold it, which OpenCV sees to for images without alpha."""
    if exif is None:
        return image
    picture, said = Pillow.fromarray(image), Pillow.Exif()
    said.load(exif.tobytes())
    picture.getexif()[_ORIENTATION] = said.get(_ORIENTATION, 1)
    return np.array(ImageOps.exif_transpose(picture))
