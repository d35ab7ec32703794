"""Which stretches of a video could not be decoded as they were meant.

A decoder goes on after damage, but what it shows leans on pictures that it did not get, until a keyframe it can decode
starts anew. So damage is a range of time: from the first frame that is missing or that the decoder repaired to the next
sound keyframe. HEVC and VP9 decoders say nothing of damage that still reads as a picture.
"""

import sys
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

Time = Fraction  # s

# In a stream whose packets are fields, every other packet has no frame of its own.
_FIELDS = 0.4  # part of the packets without a frame from which that is nothing amiss


@dataclass
class Damage:
    """What a decoder had to leave out or repair. Filled while decoding, read at its end."""

    end: Time = Time(0)  # of the last frame so far, s
    packets: int = 0
    waiting: set[Time] = field(default_factory=set)  # of packets that no frame has come of
    repaired: set[Time] = field(default_factory=set)  # of frames and packets that are called corrupt
    keys: list[Time] = field(default_factory=list)  # of keyframes

    def sent(self, time: Time, corrupt: bool = False) -> None:
        """Note a packet. corrupt: the container says that a part of it, or what was before it, is missing."""
        self.packets += 1
        if corrupt:
            self.repaired.add(time)
        self.waiting.add(time)

    def came(self, time: Time, end: Time, keyframe: bool, corrupt: bool) -> None:
        """Note a frame, shown from `time` to `end`."""
        self.waiting.discard(time)
        self.end = max(self.end, end)
        if corrupt:
            self.repaired.add(time)
        elif keyframe:
            self.keys.append(time)

    def ranges(self) -> list[tuple[float, float]]:
        """Return (start, end) in s of every stretch that is not as it was meant, in order, apart from each other."""
        lost = self.waiting if len(self.waiting) < max(2, _FIELDS * self.packets) else set()
        found: list[tuple[float, float]] = []
        reached = None
        for time in sorted(lost | self.repaired):
            if reached is None or time >= reached:
                reached = min((key for key in self.keys if key > time), default=max(self.end, time))
                found.append((float(time), float(reached)))
        return found

    def tell(self, path: str | Path) -> str:
        """Return the ranges in words, and say on stderr what they are of, if there are any."""
        said = told(self.ranges())
        if self.ranges():
            print(f"{path}: damaged from {said}; frames there may be missing or wrong", file=sys.stderr)
        return said


def told(ranges: list[tuple[float, float]]) -> str:
    """Return ranges of time as people read them: `1.083 to 2.000 s`, or `none`."""
    return ", ".join(f"{start:.3f} to {end:.3f} s" for start, end in ranges) or "none"
