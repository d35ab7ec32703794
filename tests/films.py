"""Tiny videos made on the spot: what a test needs to know about a file, it decides here."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import polars as pl

from genga.drawings._stills.file import Still
from genga.drawings.static_tiles import CHANGED
from genga.tables.frames import LINE
from genga.video.luma_grid import Cells, difference_map, tone_difference

PICTURE = {"stream": "largest", "bars": "keep", "ground": "white"}  # of section probe: what of a file is its picture
WHITE, BLACK = 235, 16  # luma code values of limited range


def flat(value: int, width: int = 64, height: int = 48) -> np.ndarray:
    """A picture of one colour, (height, width, 3) uint8 RGB."""
    return np.full((height, width, 3), value, np.uint8)


def with_box(image: np.ndarray, x: int, y: int, size: int, value: int) -> np.ndarray:
    """The picture with a square of another grey."""
    copy = image.copy()
    copy[y : y + size, x : x + size] = value
    return copy


def texture(seed: int, width: int = 160, height: int = 120) -> np.ndarray:
    """A grid of luma (height, width) uint8 with structure everywhere, unlike that of another seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 8 + 2, width // 8 + 2)).astype(np.float32)
    fine = np.kron(coarse, np.ones((8, 8), np.float32))[:height, :width]
    return fine.astype(np.uint8)


def table_of(grids: Sequence[Cells]) -> pl.DataFrame:
    """What the frames table says about grids; the columns that shots and dedup look at."""
    rows = [
        {"frame": k, "time": k / 24, "keyframe": k == 0, "luma": float(g.mean()), "contrast": float(g.std()),
         "lettering": None, "change": float((local := difference_map(before, g)).max()),
         "spread": float((local > CHANGED).mean()), "tone": tone_difference(before, g), "sharpness": 1.0,
         "signature": bytes([k % 256]) * 32}
        for k, (before, g) in enumerate(zip([grids[0], *grids], grids, strict=False))
    ]  # fmt: skip
    return pl.DataFrame(rows, schema_overrides={"lettering": pl.List(LINE)})


def write_film(
    path: Path,
    images: Iterable[np.ndarray],
    codec: str = "ffv1",
    pixel_format: str = "bgr0",
    rate: int = 24,
    options: dict[str, str] | None = None,
    aspect: Fraction | None = None,
    pts: Sequence[int] | None = None,
) -> Path:
    """Write images (height, width, 3) uint8 RGB as a video; ffv1 in bgr0 keeps every pixel.

    pts: the frames' times, in 1/rate s; one after the other if not given.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=rate)
        stream.pix_fmt = pixel_format
        stream.codec_context.options = options or {}
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        for number, image in enumerate(images):
            if number == 0:
                stream.height, stream.width = image.shape[:2]
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pixel_format)
            frame.pts, frame.time_base = pts[number] if pts else number, Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def as_rgb(pictures: Iterable[tuple[int, Still]]) -> Iterator[tuple[int, np.ndarray]]:
    """Pictures by frame, as stages yield them, in RGB."""
    for frame, picture in pictures:
        yield frame, picture.image


def write_two_sizes(path: Path, first: Sequence[np.ndarray], second: Sequence[np.ndarray], rate: int = 24) -> Path:
    """Write a video of H.264 in Matroska whose pictures become of another size after `first`."""
    parts = []
    for number, (images, start) in enumerate(((first, 0), (second, len(first)))):
        part = path.with_name(f"{path.stem}-{number}.ts")
        pts = [start + place for place in range(len(images))]
        write_film(part, images, "libx264", "yuv420p", rate, {"crf": "4", "bf": "0"}, pts=pts)
        parts.append(part.read_bytes())
        part.unlink()
    joined = path.with_name(f"{path.stem}-joined.ts")
    joined.write_bytes(b"".join(parts))
    with av.open(str(joined)) as source, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    joined.unlink()
    return path
