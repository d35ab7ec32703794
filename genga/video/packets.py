"""What reading a video file to its end shows: when its pictures are shown, what is damaged, where it really ends."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av.container
import av.error
from av.video.stream import VideoStream

from genga.errors import GengaError
from genga.images.image import exact
from genga.video.clock import Counts, usual_step
from genga.video.decode import late_by
from genga.video.decode_errors import Damage, is_corrupt
from genga.video.file import packets_of
from genga.video.streams import that_show
from genga.video.timing import without_stray

# Kinds of files of which FFmpeg reads the first alone, where several are written one behind the other; others it reads
# on (Matroska, MPEG, AVI, Ogg, GIF).
_ALONE = ("mov,mp4,m4a,3gp,3g2,mj2", "flv", "asf", "yuv4mpegpipe", "ivf", "apng")
_BEGIN = 8  # bytes by which the beginning of a file is known again; an MP4 is known by the name of its first box
_PIECE = 1 << 20  # bytes read at once


@dataclass
class Packets:
    """What reading a file to its end has shown."""

    counts: Counts  # of time, that the picture's clock has begun
    times: list[Fraction] = field(default_factory=list)  # s, of the picture's packets, in file order
    damage: Damage = field(default_factory=Damage)  # packets that the container calls damaged
    step: Fraction = Fraction(0)  # s that the last packet of the picture lasts
    begin: Fraction | None = None  # s, of the first packet of any other stream
    end: Fraction = Fraction(0)  # s, at which the last of those ends
    is_cut: bool = False  # whether the container breaks off
    reached: int = 0  # byte at which the last of all packets ends, as far as the container says where they are

    @property
    def lasts(self) -> Fraction:
        """How long the file lasts, s: some containers count from 0, some from where it begins."""
        first = min([*self.times, *([] if self.begin is None else [self.begin])], default=Fraction(0))
        end = max(self.end, max(self.times, default=Fraction(0)) + self.step)
        return max(end, end - first)


def read(container: av.container.InputContainer, stream: VideoStream, path: str | Path) -> Packets:
    """Read a file to its end, or to where it breaks off. Raises GengaError if that cannot be."""
    found, step = Packets(counts := Counts.of(container, stream)), usual_step(stream)
    late: int | None = None
    over, under = counts.base.as_integer_ratio()  # a product of ratios takes twice as long
    ticks, until = 0, 0  # that the last packet lasts; at which the last of those with a timestamp ends
    spans: dict[int, tuple[int, int]] = {}  # ticks over which each other stream goes; ratios take five times as long
    try:
        there = packets_of(container, hole=lambda: found.damage.repaired.update(found.times[-1:]))
        for packet in that_show(there, stream):
            found.reached = max(found.reached, (packet.pos or 0) + packet.size)
            if (index := packet.stream_index) != stream.index:
                if packet.pts is not None and not counts.shifts:  # else it may be of either count
                    begin, end = spans.get(index, (packet.pts, packet.pts))
                    spans[index] = min(begin, packet.pts), max(end, packet.pts + (packet.duration or 0))
                continue
            late = late_by(container, stream, packet) if late is None else late
            counts.goes_on(packet)
            ticks = packet.duration or 0
            if packet.pts is not None:
                shown = packet.pts - late
                time, until = Fraction(shown * over, under), max(until, shown + ticks)
            else:  # streams in no container
                time = found.times[-1] + step if found.times else Fraction(0)
                found.damage.end = max(found.damage.end, time + ticks * counts.base)
            found.times.append(time)
            found.damage.is_there(time, packet.is_keyframe, is_corrupt(packet))
    except av.error.FFmpegError as error:
        if not isinstance(error, av.error.InvalidDataError) or not found.times:
            said = f"{path}: cannot be read to its end ({error.strerror}); copy it again"
            raise GengaError(said) from error
        found.is_cut = True
    found.step, found.damage.end = ticks * counts.base, max(found.damage.end, until * counts.base)
    bases = {index: exact(container.streams[index].time_base or 0) for index in spans}
    found.begin = min((begin * bases[index] for index, (begin, _) in spans.items()), default=None)
    found.end = max([Fraction(0), *(end * bases[index] for index, (_, end) in spans.items())])
    found.times = without_stray(found.times)
    return found


def glued(path: str | Path, kind: str, reached: int) -> int:
    """Return the byte at which a further file begins that was not read, 0 if none does.

    kind: the container, by FFmpeg's name. reached: where the last packet ends; behind it there is an index at most.
    """
    if kind not in _ALONE:
        return 0
    with open(path, "rb") as file:
        head = file.read(_BEGIN)
        name, before = (head[4:], 4) if head[4:] == b"ftyp" else (head, 0)
        file.seek(at := reached)
        rest = b""
        while piece := file.read(_PIECE):
            rest += piece
            if (place := rest.find(name)) >= before:
                return at + place - before
            at, rest = at + max(0, len(rest) - _BEGIN), rest[-_BEGIN:]
    return 0
