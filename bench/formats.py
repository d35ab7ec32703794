"""Which lossless format stills are kept in: `python -m bench.formats [--video FILE] [--count 6]`.

Kept drawings of drawn and, where there are any, real clips (GENGA_CLIPS), written by each encoder at several levels and
read back: CPU time a picture, bytes a picture, and whether the pixels come back. Prints the table that docs/frames.md
quotes.
"""

import io
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

import cv2
import typer
from PIL import Image as Pillow

from bench.frames import CLIPS
from bench.models import table
from genga import images, jxl
from genga.images import Image
from genga.pixels import Converter
from genga.video import opening, pictures, prepare

Coder = Callable[[Image], bytes]


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
    "JPEG XL, genga's": jxl.encode,
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


def shown(video: Path, count: int) -> list[Image]:
    """`count` frames of a video, evenly apart."""
    with opening(video) as (container, stream):
        prepare(stream, 2)
        convert = Converter(stream, "lanczos")
        rate = stream.average_rate or Fraction(24)
        every = max(1, int((container.duration or 10**6) / 10**6 * rate) // count)
        chosen = (convert.image(frame) for k, (_, frame) in enumerate(pictures(container, stream)) if k % every == 1)
        return list(islice(chosen, count))


def measured(name: str, found: list[Image]) -> Iterator[tuple[object, ...]]:
    """A row for each coder."""
    plain = sum(image.nbytes for image in found)
    for coder, encode in CODERS.items():
        images.decode(encode(found[0][:8, :8].copy()))  # what is loaded at first use is no picture's time
        begin = time.process_time()
        written = [encode(image) for image in found]
        middle = time.process_time()
        back = [images.decode(data) for data in written]
        end = time.process_time()
        same = all((a == b).all() for a, b in zip(found, back, strict=True))
        size = sum(map(len, written))
        yield (name, coder, f"{(middle - begin) * 1000 / len(found):.0f}", f"{(end - middle) * 1000 / len(found):.0f}",
               f"{size / len(found) / 1000:.0f}", f"{size / plain:.3f}", "yes" if same else "NO")  # fmt: skip


def main(
    video: list[Path] = typer.Option([Path("data/raw/sample/ep01.mkv")], help="a video, again for each"),
    count: int = typer.Option(6, min=1, help="pictures of each"),
) -> None:
    """Measure lossless formats for stills."""
    cv2.setNumThreads(1)
    rows: list[tuple[object, ...]] = []
    for path in [*video, *sorted(CLIPS.glob("*.mp4"))]:
        found = shown(path, count)
        height, width = found[0].shape[:2]
        rows += measured(f"{path.stem}, {width}x{height}", found)
    print("## Lossless formats, a picture\n")
    print(table(("video", "format", "CPU to write, ms", "to read, ms", "kB", "of plain", "same pixels"), rows))


if __name__ == "__main__":
    typer.run(main)
