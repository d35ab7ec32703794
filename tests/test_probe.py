"""What is known of a video file, and what is said of one that is none."""

import os
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from films import PICTURE, flat, write_film

from genga.errors import GengaError
from genga.params.probe import Params
from genga.video import gate_weave, interlace
from genga.video import probe as of_probe
from genga.video.bars import Bars, black
from genga.video.decode import opening
from genga.video.probe import probe
from genga.video.streams import that_show

PARAMS = Params(uneven=0.01, looked_at=24, fields="auto", weave="auto", **PICTURE)


def test_a_sound_film(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mkv", [flat(50)] * 12, "libx264", "yuv420p", aspect=Fraction(4, 3))
    found = probe(film, PARAMS)
    wanted = {
        "container": "matroska,webm", "codec": "h264", "width": 64, "height": 48, "frames": 12,
        "pixel_aspect": "4:3", "display_aspect": "16:9", "frame_rate": "24/1", "duration": 0.5, "start": 0.0,
        "is_vfr": False, "interlaced": False, "bit_depth": 8, "rotation": 0, "audio": [], "subtitles": [],
    }  # fmt: skip
    assert {key: found[key] for key in wanted} == wanted
    assert len(found["sha256"]) == 64
    assert probe(film, PARAMS) == found


@pytest.mark.parametrize(("keys", "fields", "steps"), [(150, 3, 89), (75, 6, 90)])
def test_frames_that_several_stretches_begin_with_are_looked_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: int, fields: int, steps: int
) -> None:
    images, options = [flat(40 + n) for n in range(150)], {"g": str(keys), "bf": "0", "sc_threshold": "0"}
    film = write_film(tmp_path / "film.mkv", images, "libx264", "yuv420p", options=options)
    thinned, small = [], []
    monkeypatch.setattr(of_probe, "thinned", lambda *of: (thinned.append(of), interlace.thinned(*of))[1])
    monkeypatch.setattr(of_probe, "small_of", lambda *of: (small.append(of), gate_weave.small_of(*of))[1])
    probe(film, PARAMS)
    assert (len(thinned), len(small)) == (fields, steps)
    with opening(film) as (container, stream):
        packets = of_probe.read(container, stream, film)
    with opening(film) as (container, stream):
        seen = of_probe.looked(container, stream, packets, 24)
    assert len(seen.flags) == 24 and [len(fields) for fields in seen.stretches] == [3] * 8  # as if each was looked at
    assert sum(len(one) for one in seen.shifts.values()) == 8 * 11


@pytest.mark.parametrize(("bar", "looked_at"), [(0, 32), (16, 64)])
def test_of_a_short_video_half_is_enough_if_all_of_it_is_plain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bar: int, looked_at: int
) -> None:
    picture = np.kron(np.random.default_rng(0).integers(60, 200, (24, 32), np.uint8), np.ones((8, 8), np.uint8))
    picture[:bar] = 0
    images = [np.repeat(picture[..., None], 3, axis=2) for _ in range(200)]
    for number, image in enumerate(images):
        image[80:120, number : number + 40] = 255  # it moves, so that a frame's fields say something
    film = write_film(tmp_path / "film.mkv", images, "libx264", "yuv420p", options={"g": "10", "bf": "0", "qp": "10"})
    thinned = []
    monkeypatch.setattr(of_probe, "thinned", lambda *of: (thinned.append(of), interlace.thinned(*of))[1])
    found = probe(film, PARAMS.model_copy(update={"looked_at": 64}))
    assert (len(thinned), found["fields"]["kind"], found["bars"][1]) == (looked_at, "progressive", bar)


def test_a_variable_rate_is_seen(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mkv", [flat(50)] * 6, pts=[0, 1, 2, 5, 6, 10])
    assert probe(film, PARAMS)["is_vfr"]


def test_ten_bits_are_seen(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mkv", [flat(50)] * 2, pixel_format="yuv420p10le")
    assert probe(film, PARAMS)["bit_depth"] == 10


@pytest.mark.parametrize(("width", "height"), [(16, 16), (853, 480), (17, 300)])
def test_odd_sizes(tmp_path: Path, width: int, height: int) -> None:
    found = probe(write_film(tmp_path / "film.mkv", [flat(50, width, height)]), PARAMS)
    assert (found["width"], found["height"], found["frames"]) == (width, height, 1)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 2), (3, 300), (300, 15)])
def test_a_picture_too_small_for_a_drawing_gets_one_line(tmp_path: Path, width: int, height: int) -> None:
    film = write_film(tmp_path / "film.mkv", [flat(50, width, height)] * 5)
    with pytest.raises(GengaError, match=rf"^{film}: its picture is {width}x{height} px, and below 16"):
        probe(film, PARAMS)


def test_names_with_spaces_and_other_letters(tmp_path: Path) -> None:
    assert probe(write_film(tmp_path / "第 1 話: il était.mkv", [flat(50)] * 2), PARAMS)["frames"] == 2


def sound_only(path: Path) -> Path:
    """A file with a second of silence and no picture."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=48000, layout="mono")
        for number in range(40):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 48000, number * 1024, Fraction(1, 48000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def song_with_cover(path: Path) -> Path:
    """A file whose one picture is a cover."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mjpeg", rate=1)
        stream.width = stream.height = 64
        stream.pix_fmt, stream.disposition = "yuvj420p", av.stream.Disposition.attached_pic
        out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")))
        out.mux(stream.encode(None))
    return path


def without_index(path: Path) -> Path:
    """The first half of an mp4, whose index is at its end."""
    noise = np.random.default_rng(0)
    images = [noise.integers(0, 256, (48, 64, 3)).astype(np.uint8) for _ in range(24)]
    whole = write_film(path.with_name("whole.mp4"), images, "libx264", "yuv420p").read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return path


def text(path: Path) -> Path:
    """Text that calls itself a video."""
    path.write_text("this is no video\n" * 50)
    return path


def empty(path: Path) -> Path:
    """No bytes at all."""
    path.touch()
    return path


def folder(path: Path) -> Path:
    """A folder that calls itself a video."""
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("make", "name", "says"),
    [
        (lambda path: path, "none.mkv", "no such file"),
        (empty, "empty.mkv", "is empty (0 bytes); copy it again, or take it away to go on"),
        (folder, "folder.mkv", "is a folder"),
        (text, "text.mkv", "not a readable video"),
        (without_index, "cut.mp4", "or of another kind: copy it again, or take it away to go on without it"),
        (sound_only, "sound.mkv", "has no video stream (only audio)"),
        (song_with_cover, "song.mp4", "has no video stream (only a cover)"),
    ],
)
def test_what_is_no_video_gets_one_line(tmp_path: Path, make, name: str, says: str) -> None:
    path = make(tmp_path / name)
    with pytest.raises(GengaError) as caught:
        probe(path, PARAMS)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and says in message and os.linesep not in message


def test_cover_art_is_not_the_picture(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", [flat(50)] * 3, "libx264", "yuv420p")
    cover = write_film(tmp_path / "cover.png", [flat(9, 32, 32)], "png", "rgb24")
    both = tmp_path / "both.mp4"
    with av.open(str(cover)) as art, av.open(str(film)) as source, av.open(str(both), "w") as out:
        first = out.add_stream_from_template(art.streams.video[0])
        first.disposition = av.stream.Disposition.attached_pic
        second = out.add_stream_from_template(source.streams.video[0])
        for stream, target, container in ((0, first, art), (0, second, source)):
            for packet in container.demux(video=stream):
                if packet.dts is not None:
                    packet.stream = target
                    out.mux(packet)
    assert (probe(both, PARAMS)["width"], probe(both, PARAMS)["frames"]) == (64, 3)


def test_edges_that_were_lit_once_are_no_bars_and_are_not_asked_again() -> None:
    night = np.full((48, 64), 16, np.uint8)
    wide, low = night.copy(), night.copy()
    wide[8:40], low[8:44, 4:] = 120, 120
    bars = Bars()
    for plane, edges in ((night, (48, 48, 64, 64)), (wide, (8, 8, 0, 0)), (low, (8, 4, 0, 0)), (night, (8, 4, 0, 0))):
        bars.look(plane, 8)
        assert (bars.above, bars.below, bars.left, bars.right) == edges
    assert bars.found(even=True) == (0, 8, 0, 4)
    assert black(night, 8, 1, 0, 0) == black(wide, 8, 0, 3, 0) == (0, 0)
    assert black(low.astype(np.uint16) << 2, 10, 0, 64, 64) == (4, 0)


class Bytes(bytes):
    """A packet of stream 0, as far as it is asked about what it shows."""

    is_discard, stream_index, size = False, 0, 3


def test_frames_of_vp8_that_nobody_sees_are_not_counted() -> None:
    def picture(codec: str) -> SimpleNamespace:
        return SimpleNamespace(index=0, codec_context=SimpleNamespace(name=codec))

    packets = [Bytes([tag, 2, 0]) for tag in (0x10, 0x11, 0x01, 0x31)]  # key, shown, hidden, shown
    sound = Bytes(bytes(3))
    sound.stream_index = 1
    assert list(that_show([*packets, sound], picture("vp8"))) == [*packets[:2], packets[3], sound]
    assert list(that_show(packets, picture("vp9"))) == packets
