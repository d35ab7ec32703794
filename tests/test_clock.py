"""genga.video.clock and genga.video.timing: when frames are shown, and at what rate."""

from fractions import Fraction

import av
import numpy as np
import pytest

from genga.video.clock import Counts, in_order, timed
from genga.video.timing import told_rate, without_stray

TICK, STEP = Fraction(1, 1000), Fraction(1, 25)  # 40 ticks a step


def frames(*stamps: int | None) -> list[av.VideoFrame]:
    made = [av.VideoFrame(16, 16, "gray") for _ in stamps]
    for frame, stamp in zip(made, stamps, strict=True):
        frame.pts = stamp
    return made


def times(*stamps: int | None) -> list[int]:
    """When frames with these timestamps are shown, in ms."""
    return [round(time * 1000) for time, _, _ in timed(frames(*stamps), TICK, STEP)]


@pytest.mark.parametrize(
    ("stamps", "shown"),
    [
        ((0, 40, 80, 120), [0, 40, 80, 120]),
        ((7, 47, 90, 170), [7, 47, 90, 170]),  # as they say
        ((None, None, None), [0, 40, 80]),  # a stream in no container
        ((0, 40, 600_080, 120, 160), [0, 40, 80, 120, 160]),  # one is stray
        ((0, 40, 500, 120, 160), [0, 40, 80, 120, 160]),
        ((0, 40, 600_080, 600_120, 160, 200), [0, 40, 80, 120, 160, 200]),  # two are
        ((600_000, 40, 80), [0, 40, 80]),  # the first is
        ((0, 40, -600_000, 120), [0, 40, 80, 120]),
        (
            (0, 40, 80, 120, 160, 200, 240, 280, 320, 360, -1, 440),
            [0, 40, 80, 120, 160, 200, 240, 280, 320, 360, 380, 440],
        ),
        ((0, 40, 5_000, 5_040, 5_080), [0, 40, 5_000, 5_040, 5_080]),  # held for long
        ((0, 40, 5_000), [0, 40, 5_000]),  # and the last
        ((0, 40, 80, 80, 120, 160), [0, 40, 80, 100, 120, 160]),  # twice the same
        ((10_000, 10_040, 0, 40, 80), [10_000, 10_040, 10_080, 10_120, 10_160]),  # the count begins anew
    ],
)
def test_times_grow_and_one_that_is_wrong_shifts_no_other(stamps: tuple[int, ...], shown: list[int]) -> None:
    assert times(*stamps) == shown


def packets(*stamps: int | None) -> list[av.Packet]:
    """Packets that say when they are decoded, in ms."""
    made = [av.Packet() for _ in stamps]
    for packet, stamp in zip(made, stamps, strict=True):
        packet.dts = packet.pts = stamp
    return made


@pytest.mark.parametrize(
    ("stamps", "shown"),
    [
        ((1400, 1440, 1480, 9_000, 9_040), [1400, 1440, 1480, 9_000, 9_040]),  # held for long, or nothing was received
        ((9_000, 9_040, 1400, 1440, 1480), [9_000, 9_040, 9_080, 9_120, 9_160]),  # glued, and so thrice
        ((20_000, 20_040, 0, 40, 20_000, 20_040), [20_000, 20_040, 20_080, 20_120, 20_160, 20_200]),
        ((0, 40, 5_000_000, 5_000_040, 0, 40), [0, 40, 80, 120, 160, 200]),  # far ahead, and back
        ((0, 40, 600_080, 120, 160), [0, 40, 80, 120, 160]),  # one is stray, and shifts no other
        ((9_000, 9_040, 80, 9_120, 9_160), [9_000, 9_040, 9_080, 9_120, 9_160]),
        ((90_000, 90_040, 80, 90_120, 90_160), [90_000, 90_040, 90_080, 90_120, 90_160]),
        ((0, 40, 5_000, 120, 160), [0, 40, 5_000, 120, 160]),  # which is for `timed` to tell
        ((9_000, 9_040, 8_900, 9_080), [9_000, 9_040, 8_900, 9_080]),
        ((None, 9_000, None, 0, None), [None, 9_000, None, 9_040, None]),
    ],
)
def test_a_count_of_time_that_begins_anew_goes_on(stamps: tuple[int | None, ...], shown: list[int | None]) -> None:
    counts = Counts(TICK, STEP)
    assert [counts.goes_on(packet).pts for packet in packets(*stamps)] == shown


def test_frames_come_in_their_order_whatever_their_times(tmp_path) -> None:
    made = frames(0, 40, 9_000, 120, 160, 20_000, 20_040)
    assert [frame for _, _, frame in timed(made, TICK, STEP)] == made


def test_a_count_of_coded_frames_is_put_in_order() -> None:
    assert [frame.pts for frame in in_order(frames(1, 3, 4, 2, 5, 9, 8, 6, 7), 1)] == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert [frame.pts for frame in in_order(frames(2, 4, 3, 7), 2)] == [0, 1, 2, 5]  # one is not there
    assert [frame.pts for frame in in_order(frames(1, 2, 2, 4, 4, 6), 1)] == [0, 1, 2, 3, 4, 5]  # two in one packet
    many = list(range(3, 60))
    assert [frame.pts for frame in in_order(frames(*many), 3)] == list(range(57))


def test_stray_timestamps_of_packets() -> None:
    coded = [Fraction(n, 2) for n in (0, 3, 1, 2, 6, 4, 5)]  # frames of half a second, as they are coded
    assert without_stray(coded) == coded
    seconds = [Fraction(n, 25) for n in range(50)]
    assert without_stray(seconds) == seconds
    stray = [*seconds[:20], Fraction(600), *seconds[21:]]
    assert max(without_stray(stray)) == seconds[-1] and len(without_stray(stray)) == 50
    early = [*seconds[:20], Fraction(-600), *seconds[21:]]
    assert min(without_stray(early)) == 0
    held = [Fraction(n) for n in (0, 1, 2, 3, 60, 120, 121, 122, 400)]  # pictures that stand for minutes
    assert without_stray(held) == held
    anew = [*seconds, *seconds]
    assert without_stray(anew) == anew
    assert without_stray([Fraction(0), Fraction(9)]) == [0, 9] and without_stray([]) == []


NTSC = Fraction(1000, 1001)


@pytest.mark.parametrize(
    "rate", [24 * NTSC, Fraction(24), Fraction(25), 30 * NTSC, Fraction(30), 60 * NTSC, Fraction(60)]
)
def test_a_rate_is_told_from_times_that_are_rounded_to_ms(rate: Fraction) -> None:
    steps = np.diff([round(n / rate, 3) for n in range(240)]).astype(float)
    assert told_rate(steps, []) == rate
    assert told_rate(steps, [Fraction(23), rate + Fraction(1, 10**6)]) == rate
    few = np.diff([round(n / rate, 3) for n in range(6)]).astype(float)
    assert told_rate(few, [rate]) == rate  # too few to tell 24 from 24000/1001: the container knows


def test_an_odd_rate_is_as_measured() -> None:
    assert told_rate(np.full(180, 1 / 23.98), [Fraction(2398, 100)]) == Fraction(2398, 100)  # not rounded: it is that
    assert float(told_rate(np.full(5000, 1 / 13.7), [])) == pytest.approx(13.7)
    assert told_rate(np.zeros(0), [Fraction(25)]) == 25 and told_rate(np.zeros(0), []) is None
