"""When each frame of a video is shown, where timestamps are missing, stray, in another order, or go back.

Frames come from the decoder in the order in which they are shown; their times grow. A timestamp that lies ahead of
those after it is a glitch (of reception, say): its frame comes one step after the last, and the next are where they
were. AVI counts frames as they are coded: of a video whose frames are coded in another order, the first that is shown
has the lowest count, and so on.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction

from av.video.frame import VideoFrame

Shown = tuple[Fraction, Fraction | None, VideoFrame]  # s; the time that its timestamp says, s; the frame

_GAP = 2.5  # steps by which a frame is late before it is asked whether those after it are earlier
WAIT = 8  # frames that are waited for to know
_BACK = 1  # s from which on a timestamp that goes back is of another count of time
_HEAL = 2  # part of a step by which a frame follows the last while timestamps are a little behind
_REORDERED = 16  # frames that H.264 may code before the one that is shown first


def timed(frames: Iterable[VideoFrame], base: Fraction, step: Fraction, most: int = WAIT) -> Iterator[Shown]:
    """Yield frames with their times, which grow.

    base: of timestamps, s. step: the usual one from frame to frame, s. most: frames that are waited for to know whether
    one is late or its timestamp stray; 0, where frames are left out, takes each as it says.
    """
    last, started = -step, False
    waiting: deque[tuple[Fraction, VideoFrame]] = deque()  # frames that are late, as long as it is not known why

    def after(said: Fraction | None) -> Fraction:
        """The time of the frame after `last`."""
        if said is None or (started and said <= last - _BACK):
            return last + step
        return said if said > last or not started else last + step / _HEAL

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
        said = None if frame.pts is None else frame.pts * base
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
        if most and said is not None and (not started or said > last + _GAP * step):
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
