"""Write pictures as a video that players and trainers take: H.264 in MP4, 4:2:0, its colours stated to be BT.709.

One thread, so that equal pictures give equal bytes.
"""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from genga.errors import GengaError
from genga.images.image import Image

_OPTIONS = {"crf": "12", "preset": "medium"}  # hardly to be told from the pictures themselves
_PIXELS = "yuv420p"
_BT709 = 1  # of primaries, transfer and matrix (ITU-T H.273)
_LIMITED = 1  # range of luma that leaves room at both ends, as video has it
_FINEST = 100_000  # largest denominator of a rate: 24000/1001 divided by what a drawing is held


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
    count, size = 0, (0, 0)
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as file:
        stream = file.add_stream("libx264", rate=exact_rate(rate), options=dict(_OPTIONS))
        stream.pix_fmt, stream.thread_count = _PIXELS, 1
        context = stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = _LIMITED
        for picture in pictures:
            height, width, _ = picture.shape
            if not count:
                if height % 2 or width % 2:
                    raise GengaError(f"{path}: pictures of {width}x{height} px cannot be 4:2:0; cut them to even sides")
                stream.height, stream.width = size = (height, width)
            if (height, width) != size:
                raise GengaError(f"{path}: picture {count} is {width}x{height}, those before {size[1]}x{size[0]}")
            file.mux(stream.encode(_frame(picture, count)))
            count += 1
        if not count:
            raise GengaError(f"{path}: no picture to write")
        file.mux(stream.encode(None))
    return count


def _frame(picture: Image, number: int) -> VideoFrame:
    frame = VideoFrame.from_ndarray(picture, format="rgb24").reformat(
        format=_PIXELS, src_colorspace=Colorspace.DEFAULT, dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
    )  # fmt: skip
    frame.color_primaries = frame.color_trc = _BT709
    frame.pts = number
    return frame
