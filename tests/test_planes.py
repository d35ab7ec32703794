"""Frames as the video has them: what is read is what the conversion gives at once, to the pixel."""

import subprocess
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import imageio_ffmpeg
import numpy as np
import polars as pl
import pytest
from av.video.frame import VideoFrame
from films import as_rgb

from genga.drawings.stills import shown, wanted, written
from genga.errors import GengaError
from genga.images import h264
from genga.images.codec import H264_STARTS, as_png, decode, encode
from genga.images.image import exact
from genga.images.rgb import Converter
from genga.params.stills import Params
from genga.store.shards import ShardReader, writing_shard
from genga.video.decode import decode as frames_of
from genga.video.decode import opening, timed_frames

TV = ("-color_range", "tv", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")


def film_of(path: Path, *options: str, size: str = "96x64", filters: str = "null") -> Path:
    """Three colourful frames, encoded with the options."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error",
        "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=24:duration=0.125", "-vf", filters, *options, str(path),
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return path


def packed(film: Path, scaling: str) -> tuple[bytes | None, np.ndarray]:
    """The second frame of a film, as a stage would keep it, and its pixels."""
    with opening(film) as (container, stream):
        convert = Converter.of(stream, scaling)
        packer = h264.Packer(convert, scaling)
        frame = [frame for _, frame in timed_frames(container, stream)][1]
        return packer.packed(frame), convert.image(frame)


@pytest.mark.parametrize("filters", ["null", "noise=alls=60:allf=t", "drawbox=t=fill:c=gray"])
def test_an_encoder_that_stays_open_gives_what_one_for_the_frame_alone_does(tmp_path: Path, filters: str) -> None:
    film = film_of(tmp_path / "film.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv420p", size="320x180", filters=filters)
    with opening(film) as (container, stream):
        packer = h264.Packer(Converter.of(stream, "bilinear"), "bilinear")
        for _, frame in timed_frames(container, stream):
            assert packer.packed(frame) == h264.pack(frame, "bilinear")
    (known,) = packer._known.values()
    assert isinstance(known, h264.Open) and known._count == 5  # two to try it, and each of the three


def test_a_picture_of_the_other_number_has_its_bits_two_places_later_and_escapes_of_its_own() -> None:
    # Three bytes, 0, 0 and one up to 3, have a 3 before the last (7.4.1).
    moved = h264._moved(bytes([0x88, 0b00000010, 0b01000000, 0, 0, 3, 1, 0, 0xC0, 0x40, 0, 0, 3, 1, 0b00100000]))
    assert moved == bytes([0x88, 0b00000101, 0, 0, 3, 0, 4, 3, 1, 0, 0, 3, 0, 4, 0x80])


@pytest.mark.parametrize("scaling", ["bilinear", "lanczos"])
@pytest.mark.parametrize(
    ("options", "filters"),
    [
        (("-c:v", "libx264", "-pix_fmt", "yuv420p", *TV), "null"),
        (("-c:v", "libx264", "-pix_fmt", "yuv420p"), "null"),  # of which nothing is stated
        (("-c:v", "libx264", "-pix_fmt", "yuv420p", "-colorspace", "smpte170m"), "null"),
        (("-c:v", "libx264", "-pix_fmt", "yuvj420p", "-color_range", "pc"), "null"),
        (("-c:v", "libx264", "-pix_fmt", "yuv422p", *TV), "null"),
        (("-c:v", "libx264", "-pix_fmt", "yuv444p", *TV), "null"),
        (("-c:v", "mpeg2video", "-q:v", "3"), "null"),
        (("-c:v", "mjpeg", "-q:v", "3"), "format=yuvj420p"),
        (("-c:v", "libvpx-vp9", "-crf", "30"), "format=yuv420p"),
        (("-c:v", "ffv1", "-pix_fmt", "yuv420p"), "crop=95:63"),  # odd sides
    ],
)
def test_what_is_read_is_what_the_frame_shows(
    tmp_path: Path, options: tuple[str, ...], filters: str, scaling: str
) -> None:
    data, image = packed(film_of(tmp_path / "film.mkv", *options, filters=filters), scaling)
    assert data is not None and data.startswith(H264_STARTS)
    assert np.array_equal(decode(data), image)


def test_scaling_is_read_from_the_file(tmp_path: Path) -> None:
    film = film_of(tmp_path / "film.mkv", "-c:v", "libx264", "-pix_fmt", "yuv420p")
    (soft, softly), (sharp, sharply) = packed(film, "bilinear"), packed(film, "lanczos")
    assert soft is not None and sharp is not None
    assert not np.array_equal(softly, sharply)
    assert not np.array_equal(decode(soft), decode(sharp))


@pytest.mark.parametrize(
    ("options", "size"),
    [
        (("-c:v", "libx264", "-pix_fmt", "yuv420p10le"), "96x64"),  # more than 8 bits
        (("-c:v", "libx264", "-pix_fmt", "yuv420p", "-aspect", "4:3"), "96x64"),  # pixels that are not square
        (("-c:v", "libx264rgb", "-qp", "0"), "96x64"),
    ],
)
def test_what_it_cannot_hold_is_kept_as_rgb(tmp_path: Path, options: tuple[str, ...], size: str) -> None:
    assert packed(film_of(tmp_path / "film.mkv", *options, size=size), "lanczos")[0] is None


def test_equal_frames_give_equal_bytes(tmp_path: Path) -> None:
    film = film_of(tmp_path / "film.mkv", "-c:v", "libx264", "-pix_fmt", "yuv420p", *TV)
    assert packed(film, "lanczos")[0] == packed(film, "lanczos")[0]


def test_any_player_opens_it(tmp_path: Path) -> None:
    data, _ = packed(film_of(tmp_path / "film.mkv", "-c:v", "libx264", "-pix_fmt", "yuv420p", *TV), "lanczos")
    assert data is not None
    (tmp_path / "000001.h264").write_bytes(data)
    (picture,) = list(frames_of(tmp_path / "000001.h264"))
    assert (picture.frame.width, picture.frame.height) == (96, 64)
    assert (int(picture.frame.colorspace), int(picture.frame.color_range)) == (1, 1)


def test_damaged_bytes_are_no_image(tmp_path: Path) -> None:
    data, _ = packed(film_of(tmp_path / "film.mkv", "-c:v", "libx264", "-pix_fmt", "yuv420p"), "lanczos")
    assert data is not None
    for broken in (data[:40], H264_STARTS + b"nothing of ours", data.replace(b"lanczos", b"fitting")):
        with pytest.raises(GengaError, match="still 3: not a readable image"):
            decode(broken, "still 3")


def test_stills_are_kept_so_and_leave_as_png(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    film = film_of(tmp_path / "film.mkv", "-c:v", "libx264", "-pix_fmt", "yuv420p", *TV)
    frames = pl.DataFrame([{"frame": d.number, "time": d.time, "keyframe": d.keyframe} for d in frames_of(film)])
    every = {"frame": [0, 1, 2], "shot": [0, 0, 0], "keeper": [0, 1, 2], "reason": ["kept", "held", "kept"]}
    kept = wanted(frames, pl.DataFrame(every))
    params = Params(scaling="lanczos", format="h264", hwaccel="off")
    with writing_shard("s.tar") as shard:
        table = written(shown(film, kept, params, 1), kept, "s/ep", shard, params.format)
    expected = dict(as_rgb(shown(film, kept, params, 1)))
    with ShardReader() as shards:
        files = list(shards.read_rows(table))
    assert [data[:4] for data in files] == [H264_STARTS] * 2
    assert table.select("width", "height").unique().rows() == [(96, 64)]
    for frame, data in zip((0, 2), files, strict=True):
        assert np.array_equal(decode(data), expected[frame])
        assert as_png(data) == encode(expected[frame], "png")


@pytest.mark.parametrize("ratio", [Fraction(1, 24), 5, SimpleNamespace(numerator=1, denominator=24)])
def test_a_ratio_of_whatever_type_is_a_fraction(ratio: object) -> None:
    assert exact(ratio) == Fraction(ratio.numerator, ratio.denominator) and isinstance(exact(ratio), Fraction)


@pytest.mark.parametrize(
    "pixels", ["yuv420p", "yuv422p", "yuv420p10le", "yuvj420p", "nv12", "yuva420p", "p010le", "yuv411p"]
)
def test_chroma_of_odd_sides_lies_where_it_lies_of_even_ones(pixels: str) -> None:
    """The even picture is the odd one with its last column and row twice: all the rest of it is the same."""
    tones = np.random.default_rng(3).integers(0, 255, (9, 13, 3), dtype=np.uint8)
    picture = np.kron(tones, np.ones((11, 11, 1), np.uint8))[:63, :95]
    even = VideoFrame.from_ndarray(np.pad(picture, ((0, 1), (0, 1), (0, 0)), "edge"), format="rgb24").reformat(
        format=pixels
    )
    odd = VideoFrame(95, 63, pixels)
    for old, new in zip(even.planes, odd.planes, strict=True):
        lines = np.zeros((new.buffer_size // new.line_size, new.line_size), np.uint8)
        source = np.frombuffer(memoryview(old), np.uint8).reshape(-1, old.line_size)[: new.height, : new.line_size]
        lines[: len(source), : source.shape[1]] = source
        new.update(lines.tobytes())
    found, wanted = (Converter("bicubic").image(frame) for frame in (odd, even))
    assert found.shape == (63, 95, 3)
    assert np.array_equal(found, wanted[:63, :95])
