"""Look at a video file: is it sound, and what is in it.

Reads every packet but decodes only some frames, so a season is probed at the speed of its disk. Stream facts are
FFmpeg's; the frame rate is that of the packets' timestamps, because headers are often wrong, and what is done about
interlacing and telecine is decided by the pictures (genga.video.interlace), because flags are. So is whether film
weaves in its gate (genga.video.gate_weave).
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import av.container
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from genga.errors import GengaError
from genga.params.probe import Params
from genga.store.files import sha256_of
from genga.video.animated_webp import is_animated
from genga.video.bars import Bars, is_halved
from genga.video.decode import as_coded, luma, opening, prepare
from genga.video.deinterlace import shows_through
from genga.video.facts import alpha, audio_facts, check_colours, check_size, picture_facts, subtitle_facts
from genga.video.gate_weave import Anchor, Beside, Small, beside, small_of, weaves
from genga.video.headers import Header, due, headers
from genga.video.interlace import Order, Thin, decide, thinned, verdicts
from genga.video.packets import Packets, glued, read
from genga.video.streams import colours_of, others
from genga.video.timing import STRETCHES, shown_from, starts, timing_facts

_STEPS = 12  # from frame to frame of each, in which weave is looked for: half a second
_EARLY = 0.5  # s by which a file may end before the time that it says it lasts
_SHORT, _CLEAR = 8, 24  # times what is looked at, up to which a video is short; frames that have to say so then
_APART = 30.0  # s from picture to picture, from which they are stills: an album (genga.video.album)


@dataclass
class Stretch:
    """What frames on end show."""

    fields: list[Thin] = field(default_factory=list)
    flags: list[bool] = field(default_factory=list)  # whether each says that it is interlaced
    beside: list[list[Beside]] = field(default_factory=list)  # how they lie beside the one before, look by look


@dataclass
class Looked:
    """What frames here and there in a video show."""

    first: VideoFrame | None = None
    time: float = 0.0  # s, of the first
    stretches: list[list[Thin]] = field(default_factory=list)  # the fields of frames
    said: list[tuple[str, Order]] = field(default_factory=list)  # and what they say
    shifts: dict[float, list[Beside]] = field(default_factory=dict)  # how frames lie beside the one before, by stretch
    flags: list[bool] = field(default_factory=list)  # whether each says that it is interlaced
    bars: Bars = field(default_factory=Bars)

    def settled(self, left: int) -> bool:
        """Whether all say the same, whatever film that weaves `left` further stretches may show."""
        said = self.said = verdicts(self.stretches)
        plain = len(said) >= _CLEAR and all(word == "sound" for word, _ in said) and len(set(self.flags)) == 1
        return plain and not any(self.bars.found(False)) and not weaves(list(self.shifts.values()), left)


def probe(path: str | Path, params: Params) -> dict[str, Any]:
    """Return what is known of a video file, as plain data for JSON.

    Raises GengaError, one line that names the file, if it cannot be opened, has no video, cannot be decoded, is too
    small, or has colours that cannot be made into others.
    """
    with opening(path, choice=params.stream) as (container, stream):
        header, stated = headers(path).get(stream.index, Header()), colours_of(stream)
        if header.encrypted:
            raise GengaError(f"{path}: is encrypted (DRM), and shows nothing without its key; take it away")
        packets = read(container, stream, path)
    with opening(path, choice=params.stream) as (container, stream):
        prepare(stream, 1)
        seen = looked(container, stream, packets, params.looked_at)
        if seen.first is None:
            raise GengaError(f"{path}: not one frame can be decoded; it is damaged or cut short")
        check_colours(path, seen.first)
        shown = shown_from(seen.time, packets.times, packets.damage)
        timing, flagged = timing_facts(sorted(shown), stream, params), sum(seen.flags) * 2 > len(seen.flags)
        if timing["duration"] >= _APART * timing["frames"]:  # each for itself: no fields, no film that weaves
            seen.said, seen.shifts, flagged = [], {}, False
        # Nothing says of a clock that jumps how long the file is to last.
        early = 0.0 if packets.counts.shifts else due(path, container, stream) - float(packets.lasts)
        if packets.is_cut and early <= _EARLY:  # nothing says how much there was to be
            packets.damage.repaired.add(packets.times[-1])
        bars = seen.bars.found(is_halved(seen.first))
        left, top, right, bottom = map(max, header.crop, bars) if params.bars == "cut" else header.crop
        check_size(path, stream, seen.first, crop := (left, top, right, bottom))
        return {
            "sha256": sha256_of(path),
            "container": container.format.name,
            **picture_facts(stream, seen.first, crop),
            **({"container": "webp", "codec": "webp"} if is_animated(path) else {}),
            "stated": list(stated),
            "alpha": alpha(stream, seen.bars.clear),
            "ground": params.ground,
            "dolby_vision": header.dolby,
            "cropped": list(header.crop),
            "bars": list(bars),
            "crop": list(crop),
            **timing,
            "interlaced": flagged,
            "fields": decide(seen.said, flagged, timing["usual_rate"], params.fields),
            "weave": weaves(list(seen.shifts.values())) if params.weave == "auto" else params.weave == "always",
            "damaged": packets.damage.ranges(),
            "missing_end": round(early, 3) if early > _EARLY else 0.0,
            "glued": glued(path, container.format.name, packets.reached),
            "others": others(container, stream),
            "audio": [audio_facts(other) for other in container.streams.audio],
            "subtitles": [subtitle_facts(other) for other in container.streams.subtitles],
        }


def looked(container: av.container.InputContainer, stream: VideoStream, packets: Packets, frames: int) -> Looked:
    """Return what `frames` frames show, in stretches over the video; how they lie only of the first of each.

    Of a short video every second stretch is enough if all that they show is plain.
    """
    found = Looked()
    every = len(packets.times) <= frames
    count, steps = (frames, frames) if every else (-(-frames // STRETCHES), _STEPS)
    stated, begins, places = colours_of(stream), list(starts(packets.times, frames)), dict[float, Stretch]()
    keyframes, earliest = sorted(packets.damage.keys), min(packets.times, default=0)
    keys = [bisect_right(keyframes, earliest if start is None else start) for start in begins]
    turns = [*range(0, len(begins), 2), *range(1, len(begins), 2)]
    for turn, number in enumerate(turns):
        start = begins[number]
        if turn == STRETCHES // 2 and len(packets.times) < _SHORT * frames and found.settled(STRETCHES - turn):
            return found
        if start is not None and not packets.counts.sought(start, container, stream):
            continue
        pictures = as_coded(container, stream, stated=stated)
        if (first := next(pictures, None)) is None:
            continue
        if found.first is None or first[0] < found.time:
            found.time, found.first = first
        shifts = found.shifts.setdefault(first[0], [])
        # Where several begin at one keyframe, all see the same frames, and look for weave one after the other.
        if first[0] not in places or not places[first[0]].beside:
            looks = sum(keys[other] == keys[number] for other in turns[turn:])
            shown = (picture for _, picture in chain([first], pictures))
            places[first[0]] = along(shown, found.bars, count, len(shifts), steps, looks)
        here = places[first[0]]
        found.flags += here.flags
        found.stretches.append(here.fields)
        shifts += here.beside.pop(0)
    found.said = verdicts(found.stretches)
    return found


def along(pictures: Iterable[VideoFrame], bars: Bars, count: int, past: int, steps: int, looks: int) -> Stretch:
    """Return what the first `count` frames show, and for `looks` looks how `steps` frames lie. past: those before."""
    found, beside_last, last = Stretch(), list[Beside](), past + looks * (steps - 1)
    before: Small | None = None
    for n, picture in enumerate(pictures):
        plane, bits = luma(picture)
        if n < count:
            found.flags.append(picture.interlaced_frame)
            bars.look(plane, bits, shows_through(picture))
            found.fields.append(thinned(plane, bits))
        if past <= n <= last:
            small = small_of(plane, bits)
            if before is not None and before.shape == small.shape:
                beside_last.append(beside(Anchor(before), small))
            before = small
        if n + 1 >= max(count, last + 1):
            break
    found.beside = [beside_last[look * (steps - 1) : (look + 1) * (steps - 1)] for look in range(looks)]
    return found
