"""Times of real containers: AVI, stray timestamps, roundings, pictures before the first, and files that break off."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from films import PICTURE
from test_odd_video import film_of, number_of, numbers, times_of
from test_video import X264, ffmpeg

from genga.params.probe import Params
from genga.video.decode import decode
from genga.video.decode_errors import Damage
from genga.video.facts import in_words
from genga.video.footage import Footage
from genga.video.packets import read
from genga.video.probe import probe
from genga.video.timing import told_rate

PARAMS = Params(uneven=0.01, looked_at=24, fields="auto", weave="never", **PICTURE)
FILM = Fraction(24000, 1001)


@pytest.mark.parametrize("codec", [(*X264, "-bf", "3", "-g", "48"), ("-c:v", "mpeg4", "-bf", "2")])
def test_frames_of_avi_that_are_coded_in_another_order_have_their_times(tmp_path: Path, codec: tuple[str, ...]) -> None:
    film = film_of(tmp_path / "film.avi", *codec)
    assert np.allclose(times_of(film), np.arange(72) / 24)
    found = probe(film, PARAMS)
    assert (found["frames"], found["start"], found["duration"], found["damaged"]) == (72, 0.0, 3.0, [])
    assert numbers(film, 0, 1, 2, 3, 40, 71) == [0, 1, 2, 3, 40, 71]


def with_stray_timestamp(film: Path, number: int, late: int) -> Path:
    """A transport stream one of whose pictures says that it is shown `late` s later."""
    data, seen = bytearray(film.read_bytes()), 0
    for at in range(0, len(data) - 187, 188):
        pid, first = (data[at + 1] & 31) << 8 | data[at + 2], data[at + 1] & 0x40
        if pid != 256 or not first:
            continue
        pes = at + 4 + (1 + data[at + 4] if data[at + 3] & 0x20 else 0)
        seen += 1
        if seen == number:
            q, has_dts = pes + 9, data[pes + 7] & 0x40
            pts = (data[q] >> 1 & 7) << 30 | data[q + 1] << 22 | data[q + 2] >> 1 << 15 | data[q + 3] << 7
            pts = (pts | data[q + 4] >> 1) + late * 90_000
            marked = (3 if has_dts else 2) << 4 | pts >> 30 << 1 | 1
            data[q : q + 5] = bytes(
                (marked, pts >> 22 & 255, pts >> 15 << 1 & 255 | 1, pts >> 7 & 255, pts << 1 & 255 | 1)
            )
    out = film.with_name("stray.ts")
    out.write_bytes(data)
    return out


@pytest.mark.parametrize("late", [600, 2])
def test_a_stray_timestamp_shifts_nothing(tmp_path: Path, late: int) -> None:
    film = film_of(tmp_path / "film.ts", *X264, "-bf", "2", "-g", "24")
    stray = with_stray_timestamp(film, 36, late)
    assert np.abs(times_of(stray) - times_of(film)).max() < 1 / 24
    found, wanted = probe(stray, PARAMS), probe(film, PARAMS)
    assert [found[key] for key in ("frames", "start")] == [wanted[key] for key in ("frames", "start")]
    assert abs(found["duration"] - wanted["duration"]) < 0.05 and not found["is_vfr"]
    assert numbers(stray, 2, 34, 36, 38, 71) == [2, 34, 36, 38, 71]


@pytest.mark.parametrize("rate", ["24000/1001", "30000/1001", "60", "25"])
def test_the_usual_rate_is_no_rounding_and_roundings_no_variable_rate(tmp_path: Path, rate: str) -> None:
    source = ("-f", "lavfi", "-i", f"testsrc2=size=64x48:rate={rate}:duration=2")
    film = ffmpeg(tmp_path / "film.mkv", *source, *X264)
    for one in (film, ffmpeg(tmp_path / "copied.mp4", "-i", film, "-c", "copy")):
        found = probe(one, PARAMS)
        assert (found["usual_rate"], found["is_vfr"]) == (round(float(Fraction(rate)), 6), False), one


def test_equal_roundings_of_few_frames_are_no_rate() -> None:
    rounded = np.array([0.042, 0.042])
    assert told_rate(rounded, [FILM]) == told_rate(rounded[:1], [FILM]) == FILM
    assert told_rate(np.array([0.04, 0.04]), [Fraction(25)]) == 25
    assert told_rate(np.array([1 / 23.5] * 2), []) == Fraction(47, 2)  # no whole ticks: exact


def test_stills_are_those_of_the_frames_whose_times_were_told_by_others(tmp_path: Path) -> None:
    # Times below 0 read as missing in Matroska: those frames come first, and the others wait for them.
    plain = film_of(tmp_path / "plain.mp4", *X264, "-g", "24", "-bf", "2")
    late = ("-avoid_negative_ts", "disabled", "-output_ts_offset", "-0.5")
    film = ffmpeg(tmp_path / "film.mkv", "-i", plain, "-c", "copy", *late)
    assert numbers(film, *range(72)) == list(range(72))
    assert numbers(film, 3, 18, 28, 31, 71) == [3, 18, 28, 31, 71]


def test_no_jump_leads_among_frames_of_one_timestamp(tmp_path: Path) -> None:
    again = "setpts='if(gte(N,36),N-17,N)/24/TB'"  # which the muxer holds at 36's until they go on
    film = film_of(tmp_path / "film.mkv", "-vf", again, "-fps_mode", "passthrough", "-c:v", "ffv1")
    assert numbers(film, 3, 36, 37, 50, 71) == [3, 36, 37, 50, 71]
    times, keys = times_of(film)[[36, 40]].tolist(), times_of(film)[[36, 40]].tolist()
    with Footage(film, probe(film, PARAMS), "bicubic") as footage:
        assert [number_of(picture) for picture in footage.pictures(times, keys)] == [36, 40]


def test_pictures_before_the_first_that_can_be_decoded_are_damage(tmp_path: Path) -> None:
    open_gop = "open-gop=1:keyint=24:min-keyint=24:bframes=3:scenecut=0:b-adapt=0"
    whole = film_of(tmp_path / "whole.ts", *X264, "-x264-params", open_gop)
    film = ffmpeg(tmp_path / "film.mkv", "-ss", "0.98", "-i", whole, "-c", "copy", "-copyts")
    shown = len(times_of(film))
    found = probe(film, PARAMS)
    assert found["frames"] == shown < 52 and found["start"] == times_of(film)[0]
    ((start, end),) = found["damaged"]
    assert start < end == found["start"] and "damaged: " in in_words(found)


@pytest.mark.parametrize(("kind", "codec"), [("rm", "rv20"), ("avi", "mpeg4"), ("wmv", "wmv2"), ("flv", "flv1")])
def test_a_file_that_breaks_off_is_used_to_its_end(tmp_path: Path, kind: str, codec: str) -> None:
    source = ("-f", "lavfi", "-i", "testsrc2=size=352x288:rate=24000/1001:duration=4")
    film = ffmpeg(tmp_path / f"film.{kind}", *source, "-c:v", codec, "-q:v", "4")
    assert probe(film, PARAMS)["missing_end"] == 0.0
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    found, damage = probe(film, PARAMS), Damage()
    there = len(list(decode(film, 1, damage)))
    assert 40 < there < 60 and found["frames"] in (there, there + 1)
    assert found["missing_end"] == pytest.approx(4.0 - there * 1001 / 24000, abs=0.15)
    assert "s are missing: cut short" in in_words(found)


def test_other_streams_begin_with_their_first_packet(tmp_path: Path) -> None:
    sources = ("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=24:duration=1", "-f", "lavfi", "-i", "sine=duration=1")
    film = ffmpeg(tmp_path / "film.mkv", *sources, *X264, "-c:a", "pcm_s16le")
    with av.open(str(film)) as container:
        found = read(container, container.streams.video[0], film)
    assert (found.begin, round(found.end, 2)) == (0, 1)


@pytest.mark.parametrize("name", ["film.mkv", "film.mp4", "film.h264"])
def test_a_video_ends_where_the_last_of_its_packets_does(tmp_path: Path, name: str) -> None:
    film = film_of(tmp_path / name, *X264, "-bf", "3")
    with av.open(str(film)) as container:
        found = read(container, container.streams.video[0], film)
    with av.open(str(film)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        base = Fraction(packets[0].time_base.numerator, packets[0].time_base.denominator)
    lasting = [(packet.duration or 0) * base for packet in packets]
    stated = [packet.pts * base for packet in packets if packet.pts is not None]
    assert found.times[: len(stated)] == stated and len(found.times) == len(packets) == 72
    assert found.step == lasting[-1]
    assert found.damage.end == max(time + step for time, step in zip(found.times, lasting, strict=True))
