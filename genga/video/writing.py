"""Write pictures as a video: MP4 that players and trainers take, WebM and WebP that browsers play, GIF; and read it.

MP4 is H.264, 4:2:0, its colours stated to be BT.709; WebM is VP9 likewise. One thread, no dates, and without x264's
mbtree, which reads memory that nobody wrote (findings/x264-mbtree-bytes.sh): equal pictures give equal bytes. A GIF's
palette is made of all its pictures, and what it lacks is told by a pattern that stays where it is: noise would flicker.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple

import av
import numpy as np
from av.error import FFmpegError
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image as Pillow
from PIL import ImageSequence

from genga.errors import GengaError
from genga.images.image import Image

Format = Literal["mp4", "webm", "webp", "gif"]


class _Kind(NamedTuple):
    codec: str
    options: dict[str, str]  # of the encoder
    container: dict[str, str]  # of the file


_KINDS = {
    "mp4": _Kind("libx264", {"crf": "14", "preset": "medium", "x264-params": "mbtree=0"}, {"movflags": "+faststart"}),
    # `bitexact`: no name of a version, and no number drawn for the file.
    "webm": _Kind("libvpx-vp9", {"crf": "24", "b": "0", "cpu-used": "4", "row-mt": "0"}, {"fflags": "+bitexact"}),
}
_PIXELS = "yuv420p"
_BT709 = 1  # of primaries, transfer and matrix (ITU-T H.273)
_LIMITED = 1  # range of luma that leaves room at both ends, as video has it
_FINEST = 100_000  # largest denominator of a rate: 24000/1001 divided by what a drawing is held
_WEBP_QUALITY, _WEBP_EFFORT = 90, 4  # of 100, of 6


def exact_rate(rate: float) -> Fraction:
    """Return a rate, 1/s, as the fraction that it was rounded from: 7.992008 is 8000/1001."""
    told = Fraction(rate).limit_denominator(_FINEST)
    near = next((one for one in (Fraction(rate).limit_denominator(most) for most in (50, 1001, 10_000)) if
                 abs(float(one) / rate - 1) < 1e-6), told)  # fmt: skip
    return near


def write_mp4(path: str | Path, pictures: Iterable[Image], rate: float) -> int:
    """Write pictures (height, width, 3), RGB, of one size with even sides, at `rate` pictures/s; return how many.

    Raises GengaError if there is none, if they differ in size, or if a side is odd, which 4:2:0 cannot have.
    """
    return _write(Path(path), str(path), pictures, rate, "mp4")


def as_video(
    pictures: Sequence[Image], rate: float, form: Format, called: str = "video", crf: int | None = None
) -> bytes:
    """Return pictures as the bytes of a file: as `write_mp4`, in any of the formats. WebP and GIF loop for ever.

    crf: of MP4 and WebM, how much may be lost, 0..51; None: hardly anything that is seen. called: in messages.
    """
    if form == "webp":
        return _webp(pictures, rate)
    if form == "gif":
        return _gif(pictures, rate, called)
    with TemporaryDirectory() as folder:  # MP4's index comes to its front by reading what was written once more
        path = Path(folder, f"video.{form}")
        _write(path, called, pictures, rate, form, {} if crf is None else {"crf": str(crf)})
        return path.read_bytes()


def frames_of(data: bytes, called: str) -> list[Image]:
    """Return the pictures of a file that `as_video` wrote. Raises GengaError with `called` if it is damaged."""
    try:
        if data[:4] == b"RIFF":  # FFmpeg reads no animated WebP
            with Pillow.open(io.BytesIO(data)) as picture:
                return [np.array(one.convert("RGB")) for one in ImageSequence.Iterator(picture)]
        with av.open(io.BytesIO(data), "r") as file:
            return [_rgb(frame) for frame in file.decode(video=0)]
    except (FFmpegError, OSError, EOFError, IndexError) as error:
        raise GengaError(f"{called}: not a readable video ({error}); delete it to have it made again") from error


def _pulled(graph: Any) -> Iterator[VideoFrame]:
    while True:
        try:
            yield graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return


def _write(
    path: Path, called: str, pictures: Iterable[Image], rate: float, form: str,
    changed: dict[str, str] | None = None,
) -> int:  # fmt: skip
    kind, count, size = _KINDS[form], 0, (0, 0)
    with av.open(str(path), "w", format=form, options=kind.container) as out:
        stream: Any = out.add_stream(kind.codec, rate=exact_rate(rate), options={**kind.options, **(changed or {})})
        stream.pix_fmt, stream.thread_count = _PIXELS, 1
        context = stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = _LIMITED
        for picture in pictures:
            height, width, _ = picture.shape
            if not count:
                if height % 2 or width % 2:
                    raise GengaError(
                        f"{called}: pictures of {width}x{height} px cannot be 4:2:0; cut them to even sides"
                    )
                stream.height, stream.width = size = (height, width)
            if (height, width) != size:
                raise GengaError(f"{called}: picture {count} is {width}x{height}, those before {size[1]}x{size[0]}")
            out.mux(stream.encode(_yuv(picture, count)))
            count += 1
        if not count:
            raise GengaError(f"{called}: no picture to write")
        out.mux(stream.encode(None))
    return count


def _yuv(picture: Image, number: int, base: Fraction | None = None, pixels: str = _PIXELS) -> VideoFrame:
    frame = VideoFrame.from_ndarray(picture, format="rgb24").reformat(
        format=pixels, src_colorspace=Colorspace.DEFAULT, dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
    )  # fmt: skip
    frame.color_primaries = frame.color_trc = _BT709
    frame.pts = number
    if base is not None:
        frame.time_base = base
    return frame


def _rgb(frame: VideoFrame) -> Image:
    """A picture of what `_yuv` made, or of a GIF's, which is RGB already."""
    stated = {"src_colorspace": Colorspace.ITU709} if frame.format.name.startswith("yuv") else {}
    return frame.reformat(format="rgb24", **stated).to_ndarray().astype(np.uint8, copy=False)


def _webp(pictures: Sequence[Image], rate: float) -> bytes:
    first, *rest = [Pillow.fromarray(one) for one in pictures]
    ends = [round(1000 * (number + 1) / rate) for number in range(len(pictures))]  # ms: what is rounded does not add up
    lasting = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    file = io.BytesIO()
    first.save(
        file, "WEBP", save_all=True, append_images=rest, duration=lasting, loop=0, quality=_WEBP_QUALITY,
        method=_WEBP_EFFORT, minimize_size=False, allow_mixed=False,
    )  # fmt: skip
    return file.getvalue()


def _gif(pictures: Sequence[Image], rate: float, called: str) -> bytes:
    """One palette for all, by FFmpeg's palettegen; ordered dithering. Times are hundredths of a second."""
    height, width, _ = pictures[0].shape
    graph, base = av.filter.Graph(), 1 / exact_rate(rate)
    source = graph.add_buffer(width=width, height=height, format=VideoFormat("rgb24", width, height), time_base=base)
    split = graph.add("split")
    palette, use = graph.add("palettegen", "stats_mode=full"), graph.add("paletteuse", "dither=bayer:bayer_scale=4")
    source.link_to(split)
    split.link_to(use, 0, 0)
    split.link_to(palette, 1, 0)
    palette.link_to(use, 0, 1)
    use.link_to(graph.add("buffersink"))
    graph.configure()
    for number, picture in enumerate(pictures):
        frame = VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = number, base
        graph.push(frame)
    graph.push(None)
    file = io.BytesIO()
    with av.open(file, "w", format="gif", options={"loop": "0"}) as out:
        stream = out.add_stream("gif", rate=exact_rate(rate))
        stream.width, stream.height, stream.pix_fmt, stream.thread_count = width, height, "pal8", 1
        for number, frame in enumerate(_pulled(graph)):
            frame.pts, frame.time_base = number, base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()
