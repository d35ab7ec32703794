"""Pictures between drawings, so that a clip plays at a higher rate.

What is held is one drawing, not several frames: what lies between is put between it and the next one, over the time for
which it is held, the last quarter of a second of that at most. Where another picture follows, after a cut, nothing is.
The drawings themselves stay as they are.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import av.error
import av.filter
import cv2
import numpy as np
from av.video.format import VideoFormat
from av.video.frame import VideoFrame

from genga.errors import GengaError
from genga.images.image import Image
from genga.video.writing import exact_rate

# (drawing, the next one, how far on the way each wanted picture is, 0..1 without the ends, rising) -> these pictures
Between = Callable[[Image, Image, Sequence[Fraction]], list[Image]]

_LONGEST = Fraction(1, 4)  # s over which a drawing becomes the next: as long as on sixes at 24/s; before that it rests
_CHANGED, _ALIKE = 0.5, 0.5  # share of px that change, and of tones that stay, beyond which another picture follows
_LEVELS, _BINS = 24, 32  # by which a px has changed; of tones
_SIDE = 64  # px, in which that is looked at
_TICK = 720_720  # of a second between two pictures of FFmpeg's filter: all of 1 to 16 divide it
_FINEST = 64  # largest number of steps that it is asked for


def count_at(pictures: int, rate: float, wanted: float) -> int:
    """Return how many pictures a clip of so many at `rate` has at `wanted`, both 1/s; never fewer."""
    return pictures if wanted <= rate else math.floor(pictures * exact_rate(wanted) / exact_rate(rate) + Fraction(1, 2))


def interpolated(
    pictures: Sequence[Image], rate: float, wanted: float, between: Between, called: str = "clips.interpolate"
) -> list[Image]:
    """Return the pictures of a clip as it plays at `wanted` pictures/s; as they are where `rate` is not below.

    Raises GengaError that begins with `called` if `between` does not give what it was asked for.
    """
    if wanted <= rate:
        return list(pictures)
    step = exact_rate(rate) / exact_rate(wanted)  # of the given pictures between two of the wanted ones
    places = [step * number for number in range(count_at(len(pictures), rate, wanted))]
    starts = [0, *(at for at in range(1, len(pictures)) if not _same(pictures[at - 1], pictures[at]))]
    found: list[Image] = []
    for start, end in zip(starts, [*starts[1:], len(pictures)], strict=True):
        own = [place for place in places if start <= place < end]
        if end == len(pictures) or another(pictures[start], pictures[end]):
            found += [pictures[start]] * len(own)
            continue
        begin = max(Fraction(start), end - _LONGEST * exact_rate(rate))
        way = [(place - begin) / (end - begin) for place in own if place > begin]
        try:
            made = between(pictures[start], pictures[end], way) if way else []
        except GengaError as error:
            raise GengaError(f"{called}: {error}") from error
        if len(made) != len(way) or any(one.shape != pictures[start].shape for one in made):
            raise GengaError(f"{called}: {len(made)} pictures came out between two drawings, not {len(way)}")
        found += [pictures[start]] * (len(own) - len(way)) + made
    return found


def _same(one: Image, other: Image) -> bool:
    return one is other or np.array_equal(one, other)


def another(one: Image, other: Image) -> bool:
    """Return whether a cut lies between two pictures: most of them changes, and with it the tones."""
    small = [cv2.resize(of, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.int16) for of in (one, other)]
    changed = (np.abs(small[0] - small[1]).max(axis=2) > _LEVELS).mean()
    tones = [np.histogram(of.mean(axis=2), _BINS, (0, 256))[0] for of in small]
    alike = np.minimum(*tones).sum() / _SIDE**2
    return bool(changed > _CHANGED and alike < _ALIKE)


def by_ffmpeg(one: Image, other: Image, way: Sequence[Fraction]) -> list[Image]:
    """Return pictures between two drawings by FFmpeg's minterpolate, motion that is compensated block by block.

    It looks at four pictures to make those between the two in the middle, and keeps the rest to itself: each drawing is
    given twice, and what comes out between them is taken, as many as there should be. Raises GengaError if this FFmpeg
    has no such filter, or takes no pictures of this size.
    """
    if "minterpolate" not in av.filter.filters_available:
        raise GengaError("this FFmpeg has no filter minterpolate; leave interpolate out, or install another PyAV")
    steps = next((few for few in range(2, _FINEST) if all(_near(place, few) for place in way)), _FINEST)
    numbers = [min(steps - 1, max(1, round(place * steps))) for place in way]
    found = dict(_between(one, other, steps))
    if missing := sorted({*numbers} - {*found}):
        raise GengaError(f"minterpolate made no picture {missing[0]} of {steps} between two; leave interpolate out")
    return [found[number] for number in numbers]


def _near(place: Fraction, steps: int) -> bool:
    """Whether one of so many steps is as near to a place as it has to be: at 23.976/s thirds are not quite thirds."""
    return abs(place - Fraction(round(place * steps), steps)) <= Fraction(1, 2 * _FINEST)


def _between(one: Image, other: Image, steps: int) -> Iterator[tuple[int, Image]]:
    """The pictures between two drawings, with their number, of so many steps."""
    height, width = one.shape[:2]
    graph, base = av.filter.Graph(), Fraction(1, _TICK)
    nodes = (
        graph.add_buffer(width=width, height=height, format=VideoFormat("rgb24"), time_base=base),
        graph.add("minterpolate", f"fps={steps}:mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1:scd=none"),
        graph.add("format", "rgb24"),
        graph.add("buffersink"),
    )
    try:
        graph.link_nodes(*nodes).configure()
    except av.error.FFmpegError as error:
        raise GengaError(f"minterpolate takes no pictures of {width}x{height} px; leave interpolate out") from error
    # A tick apart: nothing is made between the two times of a drawing.
    for at, image in ((0, one), (1, one), (_TICK, other), (_TICK + 1, other), (0, None)):
        frame = None if image is None else VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        if frame is not None:
            frame.pts, frame.time_base = at, base
        graph.push(frame)
        while True:
            try:
                made = graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                break
            assert isinstance(made, VideoFrame) and made.pts is not None and made.time_base is not None
            place = round(made.pts * made.time_base * steps)
            if 0 < place < steps:
                yield place, made.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
