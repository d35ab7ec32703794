"""Short clips in the formats in which they are passed around, cut out of a drawn film, whole or spoilt."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.video.stream import VideoStream

Picture = npt.NDArray[np.uint8]  # (height, width, 3), RGB

# By ending: codec and pixel format.
KINDS = {
    ".mp4": ("libx264", "yuv420p", {"crf": "18", "preset": "veryfast"}),
    ".webm": ("libvpx-vp9", "yuv420p", {"crf": "24", "b": "0", "cpu-used": "8", "deadline": "realtime"}),
    ".gif": ("gif", "rgb8", {}),
    ".webp": ("libwebp_anim", "bgra", {"lossless": "1"}),
    ".apng": ("apng", "rgb24", {}),
}  # fmt: skip


def pictures(video: Path, height: int = 0) -> Iterator[Picture]:
    """Yield the frames of a video, of `height` lines unless that is 0."""
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            width = round(frame.width * height / frame.height / 2) * 2
            shown = frame.reformat(width, height) if height else frame
            yield np.asarray(shown.to_ndarray(format="rgb24"), np.uint8)


def cut(pieces: Iterator[Picture], count: int, frames: int) -> Iterator[list[Picture]]:
    """Yield `count` stretches of `frames` pictures, one after the other."""
    for _ in range(count):
        yield list(islice(pieces, frames))


def write_clip(path: Path, images: Sequence[Picture], rate: int = 24, times: Sequence[int] | None = None) -> Path:
    """Write a clip as its ending says. times: of the frames, in 1/rate s; one after the other if not given."""
    codec, kind, options = KINDS[path.suffix]
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=rate)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt, stream.codec_context.options = kind, dict(options)
        stream.codec_context.thread_count = 1
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24").reformat(format=kind)
            frame.pts, frame.time_base = times[number] if times else number, Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path
