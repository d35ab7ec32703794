"""What a source has found: a file that is complete, what it is by its content, and what came with it."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import pillow_jxl as pillow_jxl  # with it Pillow reads JPEG XL
from PIL import Image as Pillow
from PIL import ImageCms, ImageOps, UnidentifiedImageError

from genga.errors import GengaError
from genga.store.files import sha256_of
from genga.video.decode import decode

Say = Callable[[str], None]  # to whom a line is told
Kind = Literal["still", "moving"]  # a picture for an album; an animation or video, a file of its own

_HEAD = 512  # bytes that tell
_PAGES = (
    b"<!doctype",
    b"<html",
    b"<head",
    b"<?xml",
    b"<body",
    b"<!--",
    b"{",
    b"[",
)  # that sites send in place of a file
_HEIF = (b"heic", b"heix", b"heim", b"heis", b"mif1")  # brands of cameras' stills; AVIF's Pillow knows
_ARCHIVES = {b"Rar!": "RAR", b"7z\xbc\xaf": "7z", b"\x1f\x8b": "gzip", b"\xfd7zXZ": "xz", b"(\xb5/\xfd": "zstd"}
_TAR = slice(257, 262), b"ustar"
_MOST_PX = 400_000_000  # of a picture: 20,000 x 20,000
_ORIENTATION = 0x0112  # EXIF: how to hold the picture
_AS_THEY_ARE = {"JPEG": ("RGB", "L"), "PNG": ("1", "L", "LA", "P", "RGB", "RGBA")}  # modes that FFmpeg shows alike


@dataclass(frozen=True)
class About:
    """What is known of a file beside its bytes."""

    origin: str  # a page's address, a magnet, a path
    name: str  # what it was called there, a path with slashes
    tags: dict[str, list[str]] = field(default_factory=dict)  # by category
    rating: str = ""
    text: str = ""  # a caption in sentences
    credited: str = ""  # where it is from, as the site or a sidecar says
    called: str = ""  # what a file of its own is to be called, without ending; "": by its name


@dataclass(frozen=True)
class Found:
    """A file that was fetched."""

    path: Path
    about: About
    sha256: str  # of its content
    size: int  # bytes
    kind: Kind


class Stored(NamedTuple):
    """A still as an album has it."""

    data: bytes
    codec: str  # FFmpeg's name
    width: int  # px
    height: int
    repacked: bool  # whether the bytes are others than the file's


def look(path: Path, about: About) -> Found:
    """Return a file as what it is. Raises GengaError, one line, for one that is no picture and no video.

    Its content says so, whatever the name's ending: a still is decoded to its end, of what moves a frame.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEAD).lstrip(b"\xef\xbb\xbf \t\r\n")
    except OSError as error:
        raise GengaError(f"{about.name}: cannot be read ({error.strerror})") from error
    if size == 0:
        raise GengaError(f"{about.name}: is empty (0 bytes)")
    if head.lower().startswith(_PAGES):
        words = " ".join(head.decode("utf-8", "replace").split())[:40]
        raise GengaError(f"{about.name}: is a page of text ({words!r}), not a picture or video")
    if archive := next((kind for begin, kind in _ARCHIVES.items() if head.startswith(begin)), _is_tar(head)):
        raise GengaError(f"{about.name}: is a {archive} archive, which is not read here; unpack it to a folder")
    kind: Kind = "still" if _is_still(path, about.name) else "moving"
    if kind == "moving":
        if head[4:8] == b"ftyp" and head[8:12] in _HEIF:
            raise GengaError(f"{about.name}: is HEIC, which is not read here; make a JPEG or PNG of it")
        if _is_text(head):  # FFmpeg shows some as a terminal would, and follows what playlists name
            raise GengaError(f"{about.name}: is text, not a picture or video")
        try:
            next(decode(path))
        except GengaError as error:
            raise GengaError(f"{about.name}: {str(error).removeprefix(f'{path}: ')}") from error
    return Found(path, about, sha256_of(path), size, kind)


def _is_tar(head: bytes) -> str:
    where, word = _TAR
    return "tar" if head[where] == word else ""


def _is_text(head: bytes) -> bool:
    """Whether a file begins as words do; the last letter may be cut off."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return False
        text = head[: error.start].decode("utf-8")
    return all(letter.isprintable() or letter.isspace() for letter in text)


def _is_still(path: Path, name: str) -> bool:
    """Whether Pillow knows it as one picture. Raises GengaError if that is damaged or too large."""
    try:
        with Pillow.open(path) as picture:
            if getattr(picture, "n_frames", 1) > 1 and picture.format != "MPO":  # a camera's: a JPEG and more of it
                return False
            if picture.width * picture.height > _MOST_PX:
                raise GengaError(f"{name}: has {picture.width}x{picture.height} px, more than {_MOST_PX:,}; shrink it")
            picture.load()
            return True
    except UnidentifiedImageError:
        return False
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError) as error:
        raise GengaError(f"{name}: is a damaged picture ({error})") from error


def stored(path: Path) -> Stored:
    """Return a still, which `look` has taken for one, for an album.

    JPEG and PNG stay as they are where FFmpeg shows them as they are meant. What EXIF turns, what has colours of its
    own (CMYK, a profile that is not sRGB) and what is of another kind becomes PNG of 8 bits; and so do JPEGs in colour
    of an odd size, whose chroma swscale lays half a px beside (differences to 25 levels where even sizes have 6).
    """
    data = path.read_bytes()
    with Pillow.open(io.BytesIO(data)) as picture:
        profile, kind = picture.info.get("icc_profile"), str(picture.format)
        turned = picture.getexif().get(_ORIENTATION, 1) != 1
        odd = kind == "JPEG" and picture.mode == "RGB" and bool(picture.width % 2 or picture.height % 2)
        if picture.mode in _AS_THEY_ARE.get(kind, ()) and not turned and not odd and _is_srgb(profile):
            return Stored(data, {"JPEG": "mjpeg", "PNG": "png"}[kind], picture.width, picture.height, False)
        upright = ImageOps.exif_transpose(picture)
        if not _is_srgb(profile):
            upright = _in_srgb(upright, profile)
        plain = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        plain.info.clear()
        made = io.BytesIO()
        plain.save(made, "png", compress_level=3)
        return Stored(made.getvalue(), "png", plain.width, plain.height, True)


def _is_srgb(profile: bytes | None) -> bool:
    if not profile:
        return True
    try:
        said = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except (OSError, ImageCms.PyCMSError):
        return True  # one that nobody can read changes nothing
    return "srgb" in said.lower()


def _in_srgb(picture: Pillow.Image, profile: bytes | None) -> Pillow.Image:
    """Return a picture in colours of sRGB; as it is if its profile is for other channels than it has."""
    clear = picture.getchannel("A") if "A" in picture.getbands() else None
    plain = picture.convert("RGB") if picture.mode not in ("RGB", "CMYK", "L") else picture
    try:
        made = ImageCms.profileToProfile(
            plain,
            ImageCms.ImageCmsProfile(io.BytesIO(profile or b"")),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (OSError, ImageCms.PyCMSError):
        return picture
    assert made is not None
    if clear is not None:
        made.putalpha(clear)
    return made
