"""What is known of a video's streams, as plain data for JSON, and in words."""

from fractions import Fraction
from pathlib import Path
from typing import Any

from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from genga.errors import GengaError
from genga.images.image import exact, is_absurd, is_coded, matrix_of, orientation
from genga.video.bars import Edges
from genga.video.decode_errors import told
from genga.video.streams import in_words as stream_in_words

# Names of the codes in ISO/IEC 23091-2 (colour primaries, transfer characteristics, matrix coefficients).
_PRIMARIES = {1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020", 12: "smpte432"}
_TRANSFER = {1: "bt709", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 13: "srgb", 14: "bt2020-10", 16: "pq", 18: "hlg"}
_MATRIX = {0: "rgb", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020nc", 10: "bt2020c"}
_CONVERTED = (1, 2, 4, 5, 6, 7, 9)  # codes of matrices that swscale has the values of, and of none stated
_OTHERS = {
    0: "RGB", 8: "YCgCo", 10: "BT.2020 of constant luminance", 11: "Y'D'zD'x", 12: "derived from its primaries",
    13: "derived from its primaries", 14: "ICtCp", 15: "IPT-C2", 16: "YCgCo-Re", 17: "YCgCo-Ro",
}  # fmt: skip
_IPT = 5  # profile of Dolby Vision whose planes are IPT-PQ-c2
_LEAST = 16  # px of the shorter side that a picture has at least
_RANGE = {1: "limited", 2: "full"}


def check_colours(path: str | Path, frame: VideoFrame) -> None:
    """Raise GengaError if a frame's colours are of a matrix that is not known here."""
    code = int(frame.colorspace)
    if code in _CONVERTED or not is_coded(frame):
        return
    name = _OTHERS.get(code, f"of code {code}")
    raise GengaError(
        f"{path}: its colours are {name}, which is not converted here; make a copy in others "
        "(ffmpeg -i IN -vf zscale=matrix=709 OUT), or take it away"
    )


def check_size(path: str | Path, stream: VideoStream, frame: VideoFrame, crop: Edges) -> None:
    """Raise GengaError if what is left of a frame within its edges is too small to show a drawing, or of no shape."""
    left, top, right, bottom = crop
    width, height = frame.width - left - right, frame.height - top - bottom
    if min(width, height) < _LEAST:
        raise GengaError(
            f"{path}: its picture is {width}x{height} px, and below {_LEAST} shows no drawing; take it away"
        )
    if is_absurd(pixel := exact(stream.sample_aspect_ratio or Fraction(1))):
        raise GengaError(
            f"{path}: its pixels are said to be {ratio(pixel)} wide by high, as no picture's are; make a copy that "
            "says how it is shown (ffmpeg -i IN -c copy -aspect 4:3 OUT), or take it away"
        )


def picture_facts(stream: VideoStream, frame: VideoFrame, crop: Edges) -> dict[str, Any]:
    """Return codec, size, shape, depth and colour, as the first frame has them."""
    pixel, (left, top, right, bottom) = exact(stream.sample_aspect_ratio or Fraction(1)), crop
    turns, mirrored = orientation(frame)
    return {
        "stream": stream.index,
        "codec": stream.codec_context.name,
        "width": frame.width,
        "height": frame.height,
        "pixel_aspect": ratio(pixel),
        "display_aspect": ratio(pixel * (frame.width - left - right) / (frame.height - top - bottom)),
        "rotation": 90 * turns,  # degrees counter-clockwise by which it is to be shown
        "mirrored": mirrored,  # left for right, before it is turned
        "pixel_format": frame.format.name,
        "bit_depth": frame.format.components[0].bits,
        "colour": {
            "primaries": _PRIMARIES.get(int(frame.color_primaries), "unknown"),
            "transfer": _TRANSFER.get(int(frame.color_trc), "unknown"),
            "matrix": _MATRIX.get(int(frame.colorspace), "unknown"),
            "range": _RANGE.get(int(frame.color_range), "unknown"),
        },
        "taken_for": matrix_of(frame) or None,  # the matrix, where none is stated
    }


def alpha(stream: VideoStream, clear: bool) -> str | None:
    """Return whether what is transparent is read; None where nothing is. clear: whether frames have such px: formats
    that have room for it (of GIF, WebP, DXV, ProRes 4444) mostly say that all is opaque.
    """
    if clear:
        return "read"
    # VP8 and VP9 in WebM keep it as a video of its own, which FFmpeg's own decoders pass over.
    said = {name.lower(): value for name, value in stream.metadata.items()}
    return "unread" if said.get("alpha_mode") == "1" else None


def audio_facts(stream: Any) -> dict[str, Any]:
    """Return what is known of an audio stream."""
    context = stream.codec_context
    return {
        "stream": stream.index,
        "codec": context.name if context else None,
        "language": stream.language,
        "channels": context.channels if context else None,
        "sample_rate": context.sample_rate if context else None,
    }


def subtitle_facts(stream: Any) -> dict[str, Any]:
    """Return what is known of a subtitle stream."""
    return {
        "stream": stream.index,
        "codec": stream.codec_context.name if stream.codec_context else None,
        "language": stream.language,
    }


def ratio(value: Fraction) -> str:
    """Return a ratio as people write it: 16:9."""
    return f"{value.numerator}:{value.denominator}"


def in_words(probed: dict[str, Any]) -> str:
    """Return what is known of a video on one line."""
    fields, late = probed["fields"], probed["missing_end"]
    rate = f"{', variable rate' if probed['is_vfr'] else ''}"
    kind = "" if fields["kind"] == "progressive" else f", fields: {fields['kind']} (by {fields['by']})"
    damaged = f", damaged: {told(probed['damaged'])}" if probed["damaged"] else ""
    ended = f", its last {late:.1f} s are missing: cut short" if late else ""
    return (
        f"{probed['codec']} {probed['width']}x{probed['height']}, "
        f"{probed['frames']} frames in {probed['duration']:.1f} s{rate}{kind}"
        f"{', weaves: held still' if probed['weave'] else ''}{damaged}{ended}"
        + "".join(f"; {note}" for note in notes(probed))
    )


def notes(probed: dict[str, Any]) -> list[str]:
    """Return what a person should know of a video, beside what it is: what was left, taken for, or cut off."""
    found = []
    if probed["others"]:
        left = ", ".join(map(stream_in_words, probed["others"]))
        found.append(f"of its video streams {probed['stream']} is taken (probe.stream), left: {left}")
    if probed["glued"]:
        found.append(
            f"a further file begins at byte {probed['glued']} and is not read: make it a file of its own "
            f"(tail -c +{probed['glued'] + 1} FILE > OTHER)"
        )
    if any(bar > edge for bar, edge in zip(probed["bars"], probed["cropped"], strict=True)):
        done = "cut off" if tuple(map(max, probed["bars"], probed["crop"])) == tuple(probed["crop"]) else "kept"
        found.append(f"black bars of {edges(probed['bars'])}, {done} (probe.bars)")
    if any(probed["cropped"]):
        found.append(f"{edges(probed['cropped'])} cut off, as the file says")
    if probed["taken_for"]:
        found.append(f"colours not stated, taken for {probed['taken_for']}")
    if probed["alpha"] == "read":
        found.append(f"transparent px lie on {probed['ground']} (probe.ground)")
    if probed["alpha"] == "unread":
        found.append("what is transparent is shown as if it were not: this kind of transparency is not read")
    if probed["dolby_vision"] == _IPT:
        found.append("Dolby Vision profile 5: its colours come out green and purple, for they are no Y'CbCr")
    return found


def edges(cut: Edges) -> str:
    """Return edges in words: 80 px left, 80 right."""
    named = zip(cut, ("left", "above", "right", "below"), strict=True)
    return ", ".join(f"{px} px {side}" for px, side in named if px)
