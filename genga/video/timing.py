"""Frames, rate and duration of a video, from the timestamps of its packets: headers are often wrong.

Containers round times to ticks (Matroska: 1 ms), and what was copied from one to another keeps its roundings. So the
rate is that of the mean of all even steps, not of one of them, and is the film rate that it can be told apart from.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from av.video.stream import VideoStream
from numpy.lib.stride_tricks import sliding_window_view

from genga.images.image import exact, median
from genga.params.probe import Params
from genga.video.decode_errors import Damage

Values = npt.NDArray[np.float64]

STRETCHES = 8  # places in a video that are looked at
_TICK = 0.001  # s: the coarsest that common containers round times to
_STRAY = 1.0  # s by which a timestamp must stand out to be one that is not so
_AROUND = 5  # timestamps by whose median a stray one is told
_REACH = 16  # frames that may be coded before one that is shown first
_NEAR = 5e-5  # part by which a rate may differ from the one it is taken for, whatever the ticks
_NTSC = Fraction(1000, 1001)
_RATES = tuple(rate for whole in (24, 25, 30, 48, 50, 60, 120, 8, 10, 12, 15, 18, 20)
               for rate in (whole * _NTSC, Fraction(whole)))  # fmt: skip


def shown_from(first: float, times: Sequence[Fraction], damage: Damage) -> list[Fraction]:
    """Return the times, s, of packets from the first frame that is shown on; those before it are noted as damage.

    A video that was cut out of another may begin with pictures that lean on some before it.
    """
    damage.repaired.update(time for time in times if float(time) < first)
    return [time for time in times if float(time) >= first]


def without_stray(times: Sequence[Fraction]) -> list[Fraction]:
    """Return timestamps, s, in the order of the file, each stray one where one is missing among its neighbours.

    Stray is one that the median of the five around it is far from, and that those after it fall back from or those
    before it lie above: neither frames held for long are that, nor a count of time that begins anew.
    """
    seconds = np.array([float(time) for time in times])
    usual = median(np.abs(np.diff(seconds))) if len(seconds) > 1 else 0.0
    middles, stray = _middles(seconds), []
    for place in np.flatnonzero(np.abs(seconds - middles) > max(_STRAY, _AROUND * usual)).tolist():
        ahead = place + 1 < len(times) and times[place + 1] < times[place] and seconds[place] > middles[place]
        behind = 0 < place < len(times) - 1 and times[place - 1] > times[place] < times[place + 1]
        if ahead or behind:
            stray.append(place)
    found = list(times)
    if not stray:
        return found
    others = sorted(time for place, time in enumerate(times) if place not in stray)
    for place in stray:
        found[place] = _between(others, float(middles[place]))
    return found


def _between(times: Sequence[Fraction], around: float) -> Fraction:
    """The middle of the longest step near a time. times: sorted, s."""
    near = bisect_left(times, around)
    some = times[max(0, near - _REACH) : near + _REACH]
    earlier, later = max(pairwise(some), key=lambda step: step[1] - step[0], default=(some[0], some[0]))
    return (earlier + later) / 2


def _middles(values: Values) -> Values:
    """The median of each value with the two before and the two after it; at the ends of those that there are."""
    if len(values) < _AROUND:
        return values
    inner = np.partition(sliding_window_view(values, _AROUND), _AROUND // 2, axis=1)[:, _AROUND // 2]
    ends = [median(values[: place + 3]) for place in range(2)]
    return np.concatenate([ends, inner, [median(values[place:]) for place in (-4, -3)]])


def timing_facts(packets: Sequence[Fraction], stream: VideoStream, params: Params) -> dict[str, Any]:
    """Return frames, rate, whether it varies, and duration, from the packets' times in s, sorted."""
    rate = stream.average_rate or stream.guessed_rate
    named = exact(rate) if rate else None
    steps = np.diff(np.array([float(time) for time in packets]))
    usual = median(steps) if len(steps) else 0.0
    # Roundings make even steps differ by a tick.
    slack = 1.5 * max(float(stream.time_base or 0), _TICK) + 0.01 * usual
    even = np.abs(steps - usual) <= slack
    told = told_rate(steps[even], [exact(one) for one in (rate, stream.guessed_rate) if one])
    last = usual or (1 / told if told else 0)
    return {
        "frames": len(packets),
        "frame_rate": f"{named.numerator}/{named.denominator}" if named else None,
        "usual_rate": round(float(told), 6) if told else 0.0,
        "is_vfr": len(steps) > 0 and float((~even).mean()) > params.uneven,
        "start": float(packets[0]) if packets else 0.0,
        "duration": round(float(packets[-1] - packets[0]) + float(last), 6) if packets else 0.0,
    }


def told_rate(steps: Values, named: Sequence[Fraction]) -> Fraction | None:
    """Return the rate, 1/s, of even steps in s: of those that it cannot be told from a common one, the one that the
    container names, or the closest; else as measured. Without steps the first that is named; None if none is.
    """
    if len(steps) == 0 or not float(np.mean(steps)):
        return next(iter(named), None)
    mean = float(np.mean(steps))
    # That times are rounded to. Of few steps all may be alike by chance, but then they are whole ticks.
    whole = bool(np.all(np.abs(steps / _TICK - np.rint(steps / _TICK)) < _NEAR))
    tick = _TICK if whole else min(_TICK, float(np.ptp(steps)))
    near = max(_NEAR, 2 * tick / (len(steps) * mean))
    alike = [rate for rate in (*named, *_RATES) if abs(float(rate) * mean - 1) <= near]
    order = {rate: (rate not in _RATES, rate not in named, abs(float(rate) * mean - 1)) for rate in alike}
    closest = sorted(alike, key=order.__getitem__)
    return closest[0] if closest else Fraction(1 / mean).limit_denominator(1_000_000)


def starts(times: Sequence[Fraction], frames: int) -> Iterator[Fraction | None]:
    """Yield where to look: the beginning (None), and unless `frames` are all there are, other times in s."""
    yield None
    if len(times) > frames:
        first, last = min(times), max(times)
        yield from (first + (last - first) * n / STRETCHES for n in range(1, STRETCHES))
