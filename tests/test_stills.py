"""Kept drawings as images."""

import subprocess
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import imageio_ffmpeg
import numpy as np
import polars as pl
import pytest
from films import as_rgb, flat, texture, with_box, write_film

from genga.drawings.stills import shown, walked, wanted, written
from genga.errors import GengaError
from genga.images.codec import decode as read_image
from genga.images.image import orientation, upright
from genga.images.rgb import square
from genga.params.stills import Params
from genga.store.shards import ShardReader, writing_shard
from genga.tables.stills import STILLS
from genga.video.decode import decode, opening, prepare, timed_frames
from genga.video.interlace import PROGRESSIVE
from genga.video.skip_frames import can_spare

PARAMS = Params(scaling="bicubic", format="png", hwaccel="off")


def rows(film: Path, *kept: int) -> pl.DataFrame:
    """The rows of `wanted` for the frames of a film."""
    frames = pl.DataFrame([{"frame": d.number, "time": d.time, "keyframe": d.keyframe} for d in decode(film)])
    reasons = ["kept" if n in kept else "held" for n in range(len(frames))]
    return wanted(frames, pl.DataFrame({"frame": frames["frame"], "shot": [0] * len(frames), "keeper": frames["frame"],
                                        "reason": reasons}))  # fmt: skip


def test_kept_and_restored_frames_are_wanted_with_their_keyframe() -> None:
    frames = pl.DataFrame({"frame": [0, 1, 2, 3], "time": [0.0, 0.1, 0.2, 0.3], "keyframe": [True, False, True, False]})
    dedup = pl.DataFrame({"frame": [0, 1, 2, 3], "shot": [0, 0, 1, 1], "keeper": [0, 1, 3, 3],
                          "reason": ["kept", "restored", "held", "kept"]})  # fmt: skip
    assert wanted(frames, dedup).rows() == [(0, 0, 0.0, 0.0), (1, 0, 0.1, 0.0), (3, 1, 0.3, 0.2)]


def test_the_pixels_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pictures = [with_box(flat(40), 4 * k, 8, 10, 200) for k in range(4)]
    pictures[3][:, :, 0] = 7
    film = write_film(tmp_path / "film.mkv", pictures)
    kept = rows(film, 1, 3)
    with writing_shard("data/s.tar") as shard:
        table = written(shown(film, kept, PARAMS, 1), kept, "s/ep", shard, "jxl")
    assert table.columns == list(STILLS)
    assert table.select("still", "frame", "width", "height", "x0", "y0", "x1", "y1").rows() == [
        ("s/ep/000001", 1, 64, 48, 0, 0, 64, 48),
        ("s/ep/000003", 3, 64, 48, 0, 0, 64, 48),
    ]
    with ShardReader() as shards:
        found = [read_image(data) for data in shards.read_rows(table)]
    assert (found[0] == pictures[1]).all() and (found[1] == pictures[3]).all()


@pytest.mark.parametrize("name", ["film.mkv", "film.mp4", "film.ts", "film.avi"])
def test_a_jump_gives_the_same_pixels_as_decoding_all(tmp_path: Path, name: str) -> None:
    pictures = [np.dstack([np.roll(texture(1, 64, 48), k, axis=1)] * 3) for k in range(120)]
    film = write_film(tmp_path / name, pictures, "libx264", "yuv420p", options={"g": "24", "bf": "2"})
    everything = dict(as_rgb(shown(film, rows(film, *range(120)), PARAMS, 2)))
    few = dict(as_rgb(shown(film, rows(film, 3, 4, 70, 75, 119), PARAMS, 1)))
    assert list(few) == [3, 4, 70, 75, 119]
    for number, image in few.items():
        assert (image == everything[number]).all(), number


def test_pixels_become_square() -> None:
    assert square(720, 480, Fraction(32, 27)) == (853, 480)
    assert square(720, 480, Fraction(8, 9)) == (640, 480)
    assert square(1, 1, Fraction(1)) == (1, 1)


@pytest.mark.parametrize(
    ("width", "height", "aspect", "shape"),
    [(64, 48, Fraction(2), (48, 128, 3)), (853, 480, None, (480, 853, 3)), (1, 1, None, (1, 1, 3))],
)
def test_sizes(tmp_path: Path, width: int, height: int, aspect: Fraction | None, shape: tuple[int, ...]) -> None:
    codec = ("libx264", "yuv444p") if aspect else ("ffv1", "bgr0")  # ffv1 knows no shape of pixels
    film = write_film(tmp_path / "film.mkv", [flat(90, width, height)] * 2, *codec, aspect=aspect)
    ((_, image),) = as_rgb(shown(film, rows(film, 1), PARAMS, 1))
    assert image.shape == shape and np.abs(image.astype(int) - 90).max() <= (2 if aspect else 0)


def test_a_rotated_picture_is_turned(tmp_path: Path) -> None:
    whole = write_film(tmp_path / "film.mp4", [with_box(flat(40), 0, 0, 16, 200)] * 2, "libx264", "yuv420p")
    turned = tmp_path / "turned.mp4"
    with av.open(str(whole)) as source, av.open(str(turned), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        stream.set_display_rotation(90)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    ((_, image),) = as_rgb(shown(turned, rows(turned, 0), PARAMS, 1))
    assert image.shape == (64, 48, 3)
    bright = [bool(image[y, x, 0] > 150) for y, x in ((4, 4), (4, 44), (60, 4), (60, 44))]
    assert bright == [False, False, True, False]  # counter-clockwise: the top left corner comes to the bottom left


MARKED = np.arange(6, dtype=np.uint8).reshape(2, 3, 1) * np.ones(3, np.uint8)  # 0 1 2 over 3 4 5


@pytest.mark.parametrize(
    ("matrix", "told", "rows"),
    [  # a b c d of a display matrix
        ((1, 0, 0, 1), (0, False), [[0, 1, 2], [3, 4, 5]]),
        ((-1, 0, 0, -1), (2, False), [[5, 4, 3], [2, 1, 0]]),
        ((0, 1, -1, 0), (3, False), [[3, 0], [4, 1], [5, 2]]),
        ((0, -1, 1, 0), (1, False), [[2, 5], [1, 4], [0, 3]]),
        ((-1, 0, 0, 1), (0, True), [[2, 1, 0], [5, 4, 3]]),
        ((1, 0, 0, -1), (2, True), [[3, 4, 5], [0, 1, 2]]),
        ((0, 1, 1, 0), (1, True), [[0, 3], [1, 4], [2, 5]]),
    ],
)
def test_a_picture_is_turned_and_mirrored_as_its_container_says(
    matrix: tuple[int, ...], told: tuple[int, bool], rows: list[list[int]]
) -> None:
    a, b, c, d = (value << 16 for value in matrix)
    said = np.array([a, b, 0, c, d, 0, 0, 0, 1 << 30], np.int32).tobytes()
    frame = SimpleNamespace(side_data={"DISPLAYMATRIX": said})
    assert orientation(frame) == told
    assert upright(MARKED, frame)[:, :, 0].tolist() == rows
    assert orientation(SimpleNamespace(side_data={})) == (0, False)


@pytest.mark.parametrize(("lines", "matrix"), [(720, "bt709"), (480, "bt601")])
def test_an_unstated_matrix_is_that_of_the_size(tmp_path: Path, lines: int, matrix: str) -> None:
    red = np.zeros((lines, 64, 3), np.uint8)
    red[:, :, 0] = 200
    film = tmp_path / "film.mkv"
    with av.open(str(film), "w") as out:
        stream = out.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, lines, "yuv444p"
        frame = av.VideoFrame.from_ndarray(red, format="rgb24")
        frame = frame.reformat(format="yuv444p", dst_colorspace="itu709" if matrix == "bt709" else "itu601")
        frame.pts, frame.time_base, frame.colorspace = 0, Fraction(1, 24), 2
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    ((_, image),) = as_rgb(shown(film, rows(film, 0), PARAMS, 1))
    assert np.abs(image.astype(int) - red).max() <= 3


def test_another_video_under_the_same_name_is_refused(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mkv", [flat(40)] * 9)
    kept = rows(film, 2, 8)
    write_film(film, [flat(40)] * 5)
    with pytest.raises(GengaError, match="frame 8 at 0.333 s is not there"):
        list(as_rgb(shown(film, kept, PARAMS, 1)))


X264 = ("-c:v", "libx264", "-preset", "fast", "-pix_fmt", "yuv420p", "-x264-params")
X265 = ("-c:v", "libx265", "-preset", "fast", "-x265-params")


@pytest.mark.parametrize(
    ("encoder", "spared"),
    [
        ((*X264, "bframes=5:b-adapt=0:b-pyramid=normal:keyint=48:scenecut=0"), True),
        ((*X264, "bframes=3:b-adapt=0:open-gop=1:keyint=24:scenecut=0"), True),
        ((*X265, "log-level=none:bframes=4:b-adapt=0:keyint=40:scenecut=0", "-pix_fmt", "yuv420p10le"), True),
        ((*X265, "log-level=none:bframes=4:b-adapt=0:keyint=30:scenecut=0:open-gop=1", "-pix_fmt", "yuv420p"), True),
        ((*X265, "log-level=none:bframes=4:b-adapt=0:keyint=40:temporal-layers=3", "-pix_fmt", "yuv420p"), False),
    ],
)
@pytest.mark.parametrize("threads", [1, 3])
def test_what_is_left_out_changes_no_pixel(
    tmp_path: Path, encoder: tuple[str, ...], spared: bool, threads: int
) -> None:
    source = ("-f", "lavfi", "-i", "testsrc2=size=160x96:rate=24:duration=4")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, *encoder, str(tmp_path / "film.mkv")]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    film = tmp_path / "film.mkv"
    everything = {d.number: d.frame.to_ndarray() for d in decode(film)}
    kept = rows(film, 0, 5, 6, 40, 41, 60, 75, 95)
    with opening(film) as (container, stream):
        prepare(stream, threads)
        asked = {round(time / stream.time_base): number for number, time in kept.select("frame", "time").iter_rows()}
        came = {p.pts: p.to_ndarray() for _, p in timed_frames(container, stream, needed=asked.keys())}
    assert (len(came) < len(everything)) is spared
    for pts, number in asked.items():
        assert (came[pts] == everything[number]).all(), number
    found = dict(as_rgb(shown(film, kept, PARAMS, threads)))
    whole = dict(as_rgb(walked(film, kept, PARAMS, threads, 0, PROGRESSIVE)))
    assert list(found) == list(whole) == kept["frame"].to_list()
    assert all((found[number] == whole[number]).all() for number in found)


def test_what_can_be_spared_is_read_off_the_stream() -> None:
    header = bytearray([1, *bytes(20), 0b00001111])
    assert can_spare("h264", None) and can_spare("hevc", bytes(header))
    header[21] = 0b00011111  # three temporal layers
    assert not can_spare("hevc", bytes(header))
    assert not can_spare("hevc", b"\0\0\0\1" + bytes(30)) and not can_spare("hevc", None)
    assert not can_spare("mpeg4", None)
