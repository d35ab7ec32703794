"""What a file's headers say that FFmpeg keeps to itself: edges to cut off, Dolby Vision, how long it is to last.

Matroska: RFC 9559, its elements TrackEntry, Video (PixelCrop*) and BlockAdditionMapping. MP4: ISO/IEC 14496-12, the
sample entry's boxes `clap`, and `dvcC` and its kin (Dolby Vision Streams Within the ISO Base Media File Format, 2.1).
ASF: Advanced Systems Format specification 01.20.06, 3.2.
"""

import struct
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import av
import av.container
from av.video.stream import VideoStream

from genga.images.image import exact
from genga.video.file import Reading

Place = tuple[int, int, int]  # name, where what is in it begins, where it ends; bytes

_EBML, _SEGMENT, _TRACKS, _TRACK, _VIDEO, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1654AE6B, 0xAE, 0xE0, 0x1F43B675
_CROPS = (0x54CC, 0x54BB, 0x54DD, 0x54AA)  # PixelCropLeft, Top, Right, Bottom
_MAPPING, _KIND, _MORE = 0x41E4, 0x41E7, 0x41ED  # of a block's additions: BlockAddIDType, BlockAddIDExtraData
_DOLBY = (b"dvcC", b"dvvC", b"dvwC")
_CLEAN, *_DOLBY_BOXES = (int.from_bytes(name, "big") for name in (b"clap", *_DOLBY))
_LOCKED = (b"encv", b"drmi")  # names of a sample entry (ISO/IEC 14496-12, 8.12; iTunes)
_ENTRY = 86  # bytes of a video's sample entry before the boxes in it
_TO_ENTRY = (b"mdia", b"minf", b"stbl", b"stsd")
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")  # GUID of the header object
_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_MOST = 1 << 20  # bytes of one element that are read


@dataclass(frozen=True)
class Header:
    """What the headers say of one stream."""

    crop: tuple[int, int, int, int] = (0, 0, 0, 0)  # px that players cut off left, above, right, below
    dolby: int | None = None  # profile of Dolby Vision
    encrypted: bool = False  # whether nobody can decode it without a key


def headers(path: str | Path) -> dict[int, Header]:
    """Return what the headers of a file say, by the number of the stream; nothing of other containers.

    A file whose headers do not end, or that are of no sense, says nothing: FFmpeg tells what is wrong with it.
    Raises GengaError if a read fails.
    """
    with closing(Reading(path)) as file:
        begin, end = file.read(12), file.seek(0, 2)
        tracks: Iterable[Header] = ()
        if begin[:4] == _EBML.to_bytes(4, "big"):
            tracks = _matroska(file, end)
        elif begin[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            tracks = _mp4(file, end)
        try:
            found = dict(enumerate(tracks))
        except (struct.error, IndexError, ZeroDivisionError):
            found = {}
        if file.failed:
            raise file.failed
        return found


def asf_duration(path: str | Path) -> float:
    """Return how long an ASF file (.wmv, .asf) is to last, s; 0 if it does not say, or is none.

    FFmpeg does not say it where the file is shorter than it was.
    """
    with closing(Reading(path)) as file:
        begin = file.read(4096)
        if file.failed:
            raise file.failed
    place = begin.find(_PROPERTIES)
    if not begin.startswith(_ASF) or place < 0 or len(begin) < place + 24 + 64:
        return 0.0
    play, _, preroll, flags = struct.unpack_from("<QQQI", begin, place + 24 + 40)
    return 0.0 if flags & 1 else max(0.0, play / 1e7 - preroll / 1e3)  # flag: it is being broadcast


def _matroska(file: Reading, end: int) -> Iterator[Header]:
    """The tracks of Matroska, which FFmpeg numbers in their order."""
    for name, begin, stop in _elements(file, 0, end):
        if name == _SEGMENT:
            for inner, start, until in _elements(file, begin, stop):
                if inner == _CLUSTER:
                    return
                if inner == _TRACKS:
                    for one, at, to in _elements(file, start, until):
                        if one == _TRACK:
                            yield _track(file, at, to)
                    return


def _track(file: Reading, begin: int, end: int) -> Header:
    crop, dolby = [0, 0, 0, 0], None
    for name, start, until in _elements(file, begin, end):
        if name == _VIDEO:
            for inner, at, to in _elements(file, start, until):
                if inner in _CROPS:
                    crop[_CROPS.index(inner)] = int.from_bytes(_read(file, at, to), "big")
        elif name == _MAPPING:
            parts = {inner: _read(file, at, to) for inner, at, to in _elements(file, start, until)}
            if parts.get(_KIND, b"")[-4:] in _DOLBY:
                dolby = _profile(parts.get(_MORE, b""))
    left, top, right, bottom = crop
    return Header((left, top, right, bottom), dolby)


def _elements(file: Reading, begin: int, end: int) -> Iterator[Place]:
    """Yield the EBML elements in a stretch of a file; one of unknown size goes on to its end."""
    while begin < end:
        name, at = _number(file, begin, keep=True)
        size, start = _number(file, at, keep=False)
        until = end if size < 0 else min(end, start + size)
        yield name, start, until
        begin = until


def _number(file: Reading, at: int, keep: bool) -> tuple[int, int]:
    """A number of EBML with the mark of its length or without, -1 if all its bits are set; and where it ends."""
    file.seek(at)
    first = file.read(1)[0]
    length = 9 - first.bit_length()
    data = bytes([first]) + file.read(length - 1)
    value = int.from_bytes(data, "big")
    if keep:
        return value, at + length
    most = (1 << 7 * length) - 1
    return (-1 if value & most == most else value & most), at + length


def _mp4(file: Reading, end: int) -> Iterator[Header]:
    """The tracks of MP4, which FFmpeg numbers in their order."""
    for _, begin, stop in _named(file, 0, end, b"moov"):
        for _, start, until in _named(file, begin, stop, b"trak"):
            yield _entry(file, start, until)


def _entry(file: Reading, begin: int, end: int) -> Header:
    """What the first sample entry of a track says."""
    for name in _TO_ENTRY:
        found = next(_named(file, begin, end, name), None)
        if found is None:
            return Header()
        _, begin, end = found
    head = _read(file, begin + 8, begin + 8 + _ENTRY)  # behind the number of entries
    if len(head) < _ENTRY:
        return Header()
    width, height = struct.unpack_from(">HH", head, 32)
    crop, dolby = (0, 0, 0, 0), None
    for kind, start, until in _boxes(file, begin + 8 + _ENTRY, begin + 8 + int.from_bytes(head[:4], "big")):
        if kind == _CLEAN:
            crop = _aperture(_read(file, start, until), width, height)
        elif kind in _DOLBY_BOXES:
            dolby = _profile(_read(file, start, until))
    return Header(crop, dolby, head[4:8] in _LOCKED)


def _aperture(data: bytes, width: int, height: int) -> tuple[int, int, int, int]:
    """The edges outside a clean aperture: its size, and how far its middle is from the picture's, as ratios."""
    wide, of_wide, high, of_high, across, of_across, down, of_down = struct.unpack_from(">IIIIiIiI", data)
    left = (width - wide / of_wide) / 2 + across / of_across
    top = (height - high / of_high) / 2 + down / of_down
    right, bottom = width - wide / of_wide - left, height - high / of_high - top
    return round(left), round(top), round(right), round(bottom)


def _named(file: Reading, begin: int, end: int, name: bytes) -> Iterator[Place]:
    wanted = int.from_bytes(name, "big")
    return (box for box in _boxes(file, begin, end) if box[0] == wanted)


def _boxes(file: Reading, begin: int, end: int) -> Iterator[Place]:
    """Yield the boxes in a stretch of an MP4."""
    while begin + 8 <= end:
        head = _read(file, begin, begin + 16)
        size, name = struct.unpack_from(">II", head)
        start = begin + 8
        if size == 1:
            (size,), start = struct.unpack_from(">Q", head, 8), begin + 16
        until = end if size == 0 else min(end, begin + size)
        if until < start:
            return
        yield name, start, until
        begin = until


def _profile(data: bytes) -> int:
    """The profile in a DOVIDecoderConfigurationRecord: seven bits after two bytes of version."""
    return data[2] >> 1


def _read(file: Reading, begin: int, end: int) -> bytes:
    file.seek(begin)
    return file.read(min(end - begin, _MOST))


def due(path: str | Path, container: av.container.InputContainer, stream: VideoStream) -> float:
    """Return how long a file is to last by what it says of itself, s; 0 if it says nothing."""
    rate = stream.average_rate if container.format.name == "avi" else None
    counted = stream.frames / exact(rate) if rate else 0
    return max((container.duration or 0) / av.time_base, float(counted), asf_duration(path))
