"""Which stretches of a video could not be decoded as they were meant.

A decoder goes on after damage, but what it shows leans on pictures that it did not get, until a keyframe it can decode
starts anew. So damage is a range of time: from the first frame that is missing or that the decoder repaired to the next
sound keyframe. HEVC and VP9 decoders say nothing of damage that still reads as a picture.
"""

import sys
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.packet import Packet

Time = Fraction  # s

_EXTENSION, _PICTURE = 0x21, 0x2C  # how blocks of a GIF begin

# In a stream whose packets are fields, every other packet has no frame of its own.
_FIELDS = 0.4  # part of the packets without a frame from which that is nothing amiss


def is_corrupt(packet: "Packet") -> bool:
    """Whether a packet's data is not as it was meant, as far as its container says, or its end: of GIF nobody else
    says that a picture is cut off, and what is there of it is shown.
    """
    return packet.is_corrupt or (packet.stream.codec_context.name == "gif" and is_cut_off(bytes(packet)))


def is_cut_off(gif: bytes) -> bool:
    """Whether a GIF, or a frame of one with the blocks before it, ends within a block (GIF89a specification, 1990)."""
    at = 13 + _table(gif[10]) if gif[:3] == b"GIF" and len(gif) >= 13 else 0
    while at < len(gif) and gif[at] in (_EXTENSION, _PICTURE):
        if gif[at] == _EXTENSION:
            at += 2
        elif at + 9 < len(gif):
            at += 11 + _table(gif[at + 9])  # place, size, its own colours, the size of codes
        else:
            return True
        while at < len(gif) and gif[at]:
            at += gif[at] + 1
        if at >= len(gif):
            return True
        at += 1
    return False


def _table(flags: int) -> int:
    """Bytes of a table of colours."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


@dataclass
class Damage:
    """What a decoder had to leave out or repair. Filled while decoding, read at its end."""

    end: Time = Time(0)  # of the last frame so far, s
    packets: int = 0
    waiting: set[Time] = field(default_factory=set)  # of packets that no frame has come of
    repaired: set[Time] = field(default_factory=set)  # of frames and packets that are called corrupt
    keys: list[Time] = field(default_factory=list)  # of keyframes
    frames: list[Time] = field(default_factory=list)  # of frames that came

    def sent(self, time: Time, corrupt: bool = False) -> None:
        """Note a packet. corrupt: the container says that a part of it, or what was before it, is missing."""
        self.packets += 1
        if corrupt:
            self.repaired.add(time)
        self.waiting.add(time)

    def came(self, time: Time, end: Time, keyframe: bool, corrupt: bool) -> None:
        """Note a frame, shown from `time` to `end`."""
        self.waiting.discard(time)
        self.frames.append(time)
        self.end = max(self.end, end)
        self.is_there(time, keyframe, corrupt)

    def is_there(self, time: Time, keyframe: bool, corrupt: bool) -> None:
        """Note what a frame, or its packet, is; `end` is as it was."""
        if corrupt:
            self.repaired.add(time)
        elif keyframe:
            self.keys.append(time)

    def ranges(self) -> list[tuple[float, float]]:
        """Return (start, end) in s of every stretch that is not as it was meant, in order, apart from each other."""
        lost = self.waiting if len(self.waiting) < max(2, _FIELDS * self.packets) else self._beside_fields()
        found: list[tuple[float, float]] = []
        reached, times = None, sorted(lost | self.repaired)
        for time in times:
            if reached is None or time >= reached:
                reached = min((key for key in self.keys if key > time), default=None)
                found.append((float(time), float(max(self.end, times[-1]) if reached is None else reached)))
                if reached is None:
                    break
        return found

    def _beside_fields(self) -> set[Time]:
        """The packets that no frame has come of, but for one between two frames: that may be a frame's second field."""
        frames = sorted(self.frames)
        behind = {time: bisect_left(frames, time) for time in self.waiting}
        together = Counter(behind.values())
        return {time for time, place in behind.items() if together[place] > 1}

    def tell(self, path: str | Path) -> str:
        """Return the ranges in words, and say on stderr what they are of, if there are any."""
        said = told(self.ranges())
        if self.ranges():
            print(f"{path}: damaged from {said}; frames there may be missing or wrong", file=sys.stderr)
        return said


def told(ranges: list[tuple[float, float]]) -> str:
    """Return ranges of time as people read them: `1.083 to 2.000 s`, or `none`."""
    return ", ".join(f"{start:.3f} to {end:.3f} s" for start, end in ranges) or "none"
