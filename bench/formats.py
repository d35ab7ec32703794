"""Which lossless format stills are kept in: `python -m bench.formats [--video FILE] [--count 6]`.

Kept drawings of drawn and, where there are any, real clips (GENGA_CLIPS), written by each encoder at several levels and
read back: CPU time a picture, bytes a picture, and whether the pixels come back. Prints the table that
docs/frames-speed.md quotes.
"""

import io
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TypeVar

import cv2
import typer
from PIL import Image as Pillow

from bench.frames import CLIPS
from bench.models import table
from genga.drawings._stills.file import Shown
from genga.images import codec
from genga.images.h264 import Packer
from genga.images.image import Image, exact
from genga.images.rgb import Converter
from genga.video.decode import opening, prepare, timed_frames

Coder = Callable[[Image], bytes]
T = TypeVar("T")


def opencv(extension: str, *options: int) -> Coder:
    """An encoder of OpenCV."""
    return lambda image: cv2.imencode(extension, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)[1].tobytes()


def pillow(kind: str, **options: object) -> Coder:
    """An encoder of Pillow."""

    def encode(image: Image) -> bytes:
        out = io.BytesIO()
        Pillow.fromarray(image).save(out, kind, **options)
        return out.getvalue()

    return encode


CODERS: dict[str, Coder] = {
    "JPEG XL, genga's": codec.encode_jxl,
    "PNG, OpenCV, level 1": opencv(".png", cv2.IMWRITE_PNG_COMPRESSION, 1),
    "PNG, OpenCV, level 3": opencv(".png", cv2.IMWRITE_PNG_COMPRESSION, 3),
    "PNG, Pillow, level 1": pillow("png", compress_level=1),
    "PNG, Pillow, level 6": pillow("png", compress_level=6),
    "WebP, method 0": pillow("webp", lossless=True, quality=0, method=0),
    "WebP, method 2": pillow("webp", lossless=True, quality=25, method=2),
    "WebP, method 4": pillow("webp", lossless=True, quality=75, method=4),
    "JPEG XL, effort 1": pillow("jxl", lossless=True, effort=1, num_threads=1),
    "JPEG XL, effort 3": pillow("jxl", lossless=True, effort=3, num_threads=1),
}


def shown(video: Path, count: int) -> list[Shown]:
    """`count` frames of a video, evenly apart."""
    with opening(video) as (container, stream):
        prepare(stream, 2)
        convert = Converter.of(stream, "lanczos")
        packer = Packer(convert, "lanczos")
        rate = exact(stream.average_rate or Fraction(24))
        every = max(1, int((container.duration or 10**6) / 10**6 * rate) // count)
        chosen = (frame for k, (_, frame) in enumerate(timed_frames(container, stream)) if k % every == 1)
        return [Shown(frame, convert, packer) for frame in islice(chosen, count)]


def measured(name: str, frames: Sequence[Shown]) -> Iterator[tuple[object, ...]]:
    """A row for each coder. The first writes frames as the video has them, and is read as RGB like all others."""
    found = [frame.image for frame in frames]
    yield row(name, "H.264, genga's", found, frames, lambda frame: frame.written("h264").data)
    for coder, encode in CODERS.items():
        yield row(name, coder, found, found, encode)


def row(
    name: str, coder: str, found: Sequence[Image], given: Sequence[T], encode: Callable[[T], bytes]
) -> tuple[object, ...]:
    """What a coder takes for the pictures that are `given` to it, to be read as those in `found`."""
    codec.decode(encode(given[0]))  # what is loaded at first use is no picture's time
    begin = time.process_time()
    written = [encode(one) for one in given]
    middle = time.process_time()
    back = [codec.decode(data) for data in written]
    end = time.process_time()
    same = all((a == b).all() for a, b in zip(found, back, strict=True))
    size = sum(map(len, written))
    plain = sum(image.nbytes for image in found)
    return (
        name, coder, f"{(middle - begin) * 1000 / len(found):.0f}", f"{(end - middle) * 1000 / len(found):.0f}",
        f"{size / len(found) / 1000:.0f}", f"{size / plain:.3f}", "yes" if same else "NO",
    )  # fmt: skip


def main(
    video: list[Path] = typer.Option([Path("data/raw/sample/ep01.mkv")], help="a video, again for each"),
    count: int = typer.Option(6, min=1, help="pictures of each"),
) -> None:
    """Measure lossless formats for stills."""
    cv2.setNumThreads(1)
    rows: list[tuple[object, ...]] = []
    for path in [*video, *sorted(CLIPS.glob("*.mp4"))]:
        found = shown(path, count)
        rows += measured(f"{path.stem}, {found[0].frame.width}x{found[0].frame.height}", found)
    print("## Lossless formats, a picture\n")
    print(table(("video", "format", "CPU to write, ms", "to read, ms", "kB", "of plain", "same pixels"), rows))


if __name__ == "__main__":
    typer.run(main)
