"""Files that came in part: stretches of zeros where a download has not come yet, and parts that do not decode."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from test_odd_video import film_of, number_of, numbers
from test_times import PARAMS
from test_video import X264

from genga.images.rgb import Converter
from genga.video.decode import decode
from genga.video.decode_errors import Damage
from genga.video.facts import in_words
from genga.video.file import packets_of
from genga.video.probe import probe

PACKET = 188  # bytes of one of a transport stream


def with_zeros(film: Path, begin: float, end: float, unit: int = 1) -> Path:
    """The film with zeros from one part of it to another."""
    data = bytearray(film.read_bytes())
    first, last = (int(len(data) // unit * part) * unit for part in (begin, end))
    data[first:last] = bytes(last - first)
    film.write_bytes(data)
    return film


@pytest.mark.parametrize("end", [0.9, 1.0])
def test_more_than_half_that_does_not_decode_is_damage_too(tmp_path: Path, end: float) -> None:
    film = film_of(tmp_path / "film.mp4", *X264, "-g", "6", "-bf", "0", "-movflags", "+faststart")
    damage = Damage()
    shown = [number_of(Converter("bicubic").image(one.frame)) for one in decode(with_zeros(film, 0.3, end), 1, damage)]
    ((start, until),) = damage.ranges()
    missing = {*range(72)} - {*shown}
    assert len(missing) > 30 and start <= min(missing) / 24 and max(missing) / 24 <= until


def test_a_hole_in_a_transport_stream_is_passed_and_told(tmp_path: Path) -> None:
    film = film_of(tmp_path / "film.ts", "-c:v", "mpeg2video", "-q:v", "2", "-g", "6", "-bf", "0")
    data = film.read_bytes()
    middle = len(data) // PACKET // 2 * PACKET
    film.write_bytes(data[:middle] + bytes(200 * 1024) + data[middle:])
    found = probe(film, PARAMS)
    assert abs(found["frames"] - 72) <= 2 and len(found["damaged"]) == 1
    assert "damaged: 2." in in_words(found)
    assert numbers(film, 2, 10)[:2] == [2, 10]
    film.write_bytes(data[:middle] + bytes(200 * 1024))  # nor does one at the end hold it up
    found = probe(film, PARAMS)
    assert 34 <= found["frames"] <= 37 and len(found["damaged"]) == 1


def test_a_stream_that_comes_up_on_the_way_ends_nothing() -> None:
    class Container:  # as PyAV does where memory behind its own is not 0
        size = 0

        def demux(self, *streams: object) -> Iterator[str]:
            yield from ("a picture", "the end of the pictures")
            raise IndexError("list index out of range")

    assert list(packets_of(Container())) == ["a picture", "the end of the pictures"]


def test_second_fields_without_a_frame_are_no_damage() -> None:
    fields, half = Damage(), Damage()
    for number in range(20):
        time = Fraction(number, 50)
        fields.sent(time)
        half.sent(time)
        if number % 2 == 0:
            fields.came(time, time + Fraction(1, 25), number == 0, False)
        if number < 8:
            half.came(time, time + Fraction(1, 50), number == 0, False)
    assert fields.ranges() == []
    assert half.ranges() == [(0.16, 0.38)]
