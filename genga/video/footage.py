"""Take frames out of a video by their times, in any order: as few others are decoded as may be.

Frames are found again by their time, which is what identifies them in the file. Where the next one has a keyframe
between itself and the place reached, the decoder jumps there; frames that are neither asked for nor referred to by
others are left out (genga.video.skip_frames). Where fields are undone all the frames before are decoded, from the start
of the video: ask for frames of such a video in their order.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av.container
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from genga.errors import GengaError
from genga.images.image import Image, exact
from genga.images.rgb import Converter
from genga.params.hardware_decoder import HardwareDecoder
from genga.video.decode import opening, prepare, timed_frames
from genga.video.deinterlace import Part
from genga.video.interlace import Fields
from genga.video.streams import colours_of

_INDEXED = ("matroska", "mov")  # containers in which a jump leads where it should; MPEG streams have no index
ALL, JUMPS, LEAST = range(3)  # ways to decode: everything; with jumps; and without frames that nothing needs
_WORTH = 0.5  # s of video that a jump must save: it costs the decoder its state


class Walk:
    """A way through an open video, from frame to frame that is asked for."""

    def __init__(
        self, container: av.container.InputContainer, stream: VideoStream, way: int, fields: Fields, part: Part,
        times: Sequence[float] = (),
    ) -> None:  # fmt: skip
        """way: how much of what need not be decoded is left out, if the file has an index. times: wanted ones, s.

        Of times that are no timestamps, for those before told them (genga.video.clock), nothing is left out: a jump
        would lead to others.
        """
        self._container, self._stream = container, stream
        self._base = exact(stream.time_base or Fraction(1, 1000))
        self._part = part if part.stated else replace(part, stated=colours_of(stream))
        ticks = all(float(round(time / self._base) * self._base) == time for time in times)
        self._way = way if container.format.name.startswith(_INDEXED) and ticks else ALL
        self._needed: set[int] = set()
        self.want(times)
        self._decoded = timed_frames(container, stream, fields=fields, needed=self._spared(), part=self._part)
        self.reached = float("inf")  # s; not to jump before the first frame is found

    def want(self, times: Sequence[float]) -> None:
        """Have the frames at these times, and no others, decoded from here on where the rest may be left out."""
        self._needed.clear()
        self._needed |= {round(time / self._base) for time in times}

    @property
    def jumps(self) -> bool:
        return self._way != ALL

    def jump(self, key: float) -> None:
        """Go to the keyframe at a time, s."""
        self._container.seek(round(key / self._base), stream=self._stream)
        self._decoded = timed_frames(self._container, self._stream, needed=self._spared(), part=self._part)

    def to(self, time: float, key: float | None) -> VideoFrame | None:
        """Return the frame at a time, s, behind the last one; None: it is not there. key: of the keyframe up to it."""
        if self.jumps and key is not None and key - self.reached > _WORTH:
            self.jump(key)
        self.reached, picture = next((found for found in self._decoded if found[0] >= time), (time, None))
        return picture if self.reached == time else None

    def _spared(self) -> set[int] | None:
        return self._needed if self._way == LEAST else None


class Footage:
    """A video, open, out of which pictures are taken as stage stills takes them. Use as a context manager."""

    def __init__(
        self, path: str | Path, probed: Mapping[str, Any], scaling: str, threads: int = 1,
        device: HardwareDecoder = "off",
    ) -> None:  # fmt: skip
        """probed: what probe recorded. scaling: params.yaml:stills.scaling."""
        self._path, self._scaling, self._threads, self._device = path, scaling, threads, device
        self._fields, self._part = Fields.of(probed["fields"]), Part.of(dict(probed))
        self._open = ExitStack()
        self._walk: Walk | None = None
        self._convert = Converter(scaling)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def pictures(self, times: Sequence[float], keys: Sequence[float | None]) -> list[Image]:
        """Return the picture of the frame at each time, RGB (height, width, 3); equal times are one picture.

        times: s, in any order. keys: of the last keyframe up to each, s; None where there is none.
        Raises GengaError if the video cannot be opened, or has no frame at one of the times.
        """
        found: dict[float, Image] = {}
        wanted = dict(sorted(zip(times, keys, strict=True)))
        # Going on from where the last call ended may miss what that one left out; a second way begins anew.
        for way in (LEAST, LEAST, JUMPS, ALL) if self._fields.kind == "progressive" else (ALL,):
            left = {time: key for time, key in wanted.items() if time not in found}
            found |= {time: self._convert.image(frame) for time, frame in self._taken(left, way)}
            if len(found) == len(wanted):
                return [found[time] for time in times]
        time = next(time for time in wanted if time not in found)
        raise GengaError(f"{self._path}: no frame at {time:.3f} s; the file has changed, run again")

    def _taken(self, wanted: Mapping[float, float | None], way: int) -> Iterator[tuple[float, VideoFrame]]:
        """The frames at these times, rising, up to the first that is not found, from where the last call ended."""
        if not wanted:
            return
        first, key = next(iter(wanted.items()))
        walk = self._walk
        if walk is None or way != LEAST or not (walk.jumps or walk.reached < first):
            walk = self._opened(way, list(wanted))
        walk.want(list(wanted))
        if walk.jumps and key is not None and not walk.reached < first:
            walk.jump(key)
        for time, own in wanted.items():
            if (frame := walk.to(time, own)) is None:
                self._walk = None
                return
            yield time, frame

    def _opened(self, way: int, times: Sequence[float]) -> Walk:
        """A new way through the video, from its start, to frames at these times, s."""
        self._open.close()
        container, stream = self._open.enter_context(opening(self._path, self._device, self._part.stream))
        prepare(stream, self._threads)
        self._convert = Converter.of(stream, self._scaling)
        self._walk = Walk(container, stream, way, self._fields, self._part, times)
        return self._walk
