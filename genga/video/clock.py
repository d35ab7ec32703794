"""When each frame of a video is shown, where timestamps are missing, stray, in another order, or go back.

Frames come from the decoder in the order in which they are shown; their times grow. A timestamp that lies ahead of
those after it is a glitch (of reception, say): its frame comes one step after the last, and the next are where they
were. AVI counts frames as they are coded: of a video whose frames are coded in another order, the first that is shown
has the lowest count, and so on.

Recordings that are glued end to end, and the cells of a DVD, each count time anew. In containers whose clock may do so
a count goes on where the one before ended.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Self

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from genga.images.image import exact

Shown = tuple[Fraction, Fraction | None, VideoFrame]  # s; the time that its timestamp says, s; the frame

_GAP = Fraction(5, 2)  # steps by which a frame is late before it is asked whether those after it are earlier
WAIT = 8  # frames that are waited for to know
_BACK = 1  # s from which on a timestamp that goes back is of another count of time
_HEAL = 2  # part of a step by which a frame follows the last while timestamps are a little behind
_FAR = 10  # s by which timestamps run ahead where another count of time begins: players, and FFmpeg's, take it so
_DISCONT = 0x200  # AVFMT_TS_DISCONT of FFmpeg: the clock of such a container may jump
_REORDERED = 16  # frames that H.264 may code before the one that is shown first


def timed(frames: Iterable[VideoFrame], base: Fraction, step: Fraction, most: int = WAIT) -> Iterator[Shown]:
    """Yield frames with their times, which grow.

    base: of timestamps, s. step: the usual one from frame to frame, s. most: frames that are waited for to know whether
    one is late or its timestamp stray; 0, where frames are left out, takes each as it says.
    """
    last, started, gap = -step, False, _GAP * step
    over, under = base.as_integer_ratio()  # a product of ratios takes twice as long
    waiting: deque[tuple[Fraction, VideoFrame]] = deque()  # frames that are late, as long as it is not known why

    def after(said: Fraction | None) -> Fraction:
        """The time of the frame after `last`."""
        if said is not None and (not started or said > last):
            return said
        return last + step if said is None or said <= last - _BACK else last + step / _HEAL

    def let_go(ahead: int) -> Iterator[Shown]:
        """The frames that waited; the timestamps of the last `ahead` are stray."""
        nonlocal last, started
        count = len(waiting) - ahead
        while waiting:
            late, early = waiting.popleft()
            last, started = after(late if count > 0 else None), True
            count -= 1
            yield last, late, early

    for frame in frames:
        said = None if frame.pts is None else Fraction(frame.pts * over, under)
        if waiting:
            if said is not None and waiting[-1][0] <= said and len(waiting) < most:
                waiting.append((said, frame))
                continue
            # A single one at the beginning is stray where the next is earlier; of several this one is.
            back = said is None or (said <= last if started else len(waiting) > 1 and said < waiting[0][0])
            ahead = 0 if back or said is None else sum(late > said for late, _ in waiting)
            if not started and said is not None and ahead == len(waiting):
                last = said - (ahead + 1) * step
            yield from let_go(ahead)
        if most and said is not None and (not started or said > last + gap):
            waiting.append((said, frame))
            continue
        last, started = after(said), True
        yield last, said, frame
    yield from let_go(0)


def in_order(frames: Iterable[VideoFrame], late: int) -> Iterator[VideoFrame]:
    """Yield frames with the timestamps of all in rising order. late: by how many ticks the first one's is late."""
    waiting: deque[VideoFrame] = deque()
    stamps: list[int] = []
    last: int | None = None

    def next_one() -> VideoFrame:
        """The next frame; where two packets were counted as one, the second is one later."""
        nonlocal last
        stamp = heapq.heappop(stamps) - late
        last = stamp if last is None else max(stamp, last + 1)
        frame = waiting.popleft()
        frame.pts = last
        return frame

    for frame in frames:
        waiting.append(frame)
        heapq.heappush(stamps, frame.pts if frame.pts is not None else (stamps[-1] + 1 if stamps else 0))
        if len(waiting) > _REORDERED:
            yield next_one()
    while waiting:
        yield next_one()


def usual_step(stream: VideoStream) -> Fraction:
    """Return how long a frame lasts by the rate that is told of a stream, s."""
    return 1 / exact(stream.guessed_rate or stream.average_rate or Fraction(24))


@dataclass
class Counts:
    """Lets the packets of a picture go on in time where a count of it begins anew."""

    base: Fraction  # of timestamps, s
    step: Fraction  # s from packet to packet where none says how long it lasts
    may_jump: bool = True  # whether the container's clock may: of MPEG streams and Ogg, and of FLV, written live
    shift: int = 0  # ticks by which timestamps are later than the file says
    shifts: list[tuple[Fraction, Fraction]] = field(default_factory=list)  # s: from when on they are by how much
    _last: deque[int] = field(default_factory=lambda: deque(maxlen=WAIT))  # as the file says, of this count
    _before: tuple[int, int] | None = None  # the last of the count before, and its shift
    _lasts: int = 0  # ticks, of the last packet

    @classmethod
    def of(cls, container: InputContainer, stream: VideoStream) -> Self:
        may_jump = bool(container.format.flags & _DISCONT) or container.format.name == "flv"
        return cls(exact(stream.time_base or Fraction(1, 1000)), usual_step(stream), may_jump)

    def goes_on(self, packet: Packet) -> Packet:
        """Put a packet's timestamps later by what those of its count are late; packets come as they are coded."""
        said = packet.dts if packet.dts is not None else packet.pts
        if said is not None and self.may_jump:
            if self._belongs(said):
                self.shifts.append(((said + self.shift) * self.base, self.shift * self.base))
            self._last.append(said)
            self._lasts = packet.duration or round(self.step / self.base)
        if self.shift:
            packet.pts = None if packet.pts is None else packet.pts + self.shift
            packet.dts = None if packet.dts is None else packet.dts + self.shift
        return packet

    def sought(self, time: Fraction, container: InputContainer, stream: VideoStream) -> bool:
        """Go to the keyframe before a time, s, as packets go on; return whether the file lets one."""
        shift = next((shift for begin, shift in reversed(self.shifts) if begin <= time), Fraction(0))
        try:
            container.seek(round((time - shift) / self.base), stream=stream)
        except FFmpegError:
            return False
        return True

    def _belongs(self, said: int) -> bool:
        """Begin another count where a timestamp is not of this one, or go on with the one before, where this one's
        few are stray; return whether that is so.
        """
        if self._before and len(self._last) < WAIT and 0 < said - self._before[0] <= WAIT * self._lasts:
            self.shift, self._before = self._before[1], None
        elif not self._last or any(-_BACK < (said - one) * self.base <= _FAR for one in self._last):
            return False
        else:
            self._before = self._last[-1], self.shift
            self.shift += self._last[-1] + self._lasts - said
        self._last.clear()
        return True
