"""Video as people have it: each kind made by ffmpeg, and what becomes of it."""

import subprocess
import sys
from pathlib import Path

import av
import cv2
import imageio_ffmpeg
import numpy as np
import polars as pl
import pytest
from films import PICTURE, as_rgb, flat, texture, with_box

from genga.drawings.stills import shown
from genga.images import hdr
from genga.images.rgb import Converter
from genga.params.probe import Params
from genga.params.stills import Params as Stills
from genga.video.decode import decode, luma, opening, prepare, timed_frames
from genga.video.decode_errors import Damage
from genga.video.file import Reading
from genga.video.hwaccel import opened
from genga.video.interlace import Fields, combs, decide, grain, thinned, verdict, verdicts
from genga.video.probe import probe

PARAMS = Params(uneven=0.01, looked_at=96, fields="auto", weave="auto", **PICTURE)
MOVING = ("-f", "lavfi", "-i", "testsrc2=size=128x96:rate=24:duration=3")


def ffmpeg(out: Path, *arguments: str | Path, data: bytes | None = None) -> Path:
    """Run ffmpeg; return the file it makes."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments), "-threads", "1", str(out)]
    subprocess.run(command, check=True, input=data, stdin=None if data else subprocess.DEVNULL)
    return out


def drawn(out: Path, count: int, hold: int, rate: str, *arguments: str, step: int = 23) -> Path:
    """A drawn film of 128x96: a figure that is `step` px on every `hold` pictures, over a ground that stays."""
    ground = np.kron(np.random.default_rng(0).integers(40, 200, (6, 8, 1)), np.ones((16, 16, 3))).astype(np.uint8)
    frames = b"".join(
        with_box(
            with_box(ground, 8 + k // hold * step % 80, 20, 40, 240), 16 + k // hold * step % 80, 32, 12, 20
        ).tobytes()
        for k in range(count)
    )
    source = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "128x96", "-r", rate, "-i", "-")
    return ffmpeg(out, *source, *arguments, data=frames)


NEGATIVE = ("-avoid_negative_ts", "disabled")
X264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
WOVEN = (*X264, "-crf", "16", "-flags", "+ildct+ilme")
PULLDOWN = "format=yuv420p,telecine=pattern=23:first_field="


def combed(film: Path, fields: Fields) -> int:
    """How many frames of a film have a line in twenty sticking out of its neighbours where a film has next to none."""
    found = [thinned(*luma(item.frame)) for item in decode(film, fields=fields)]
    return sum(int(combs(frame, frame, 12).mean() > 0.05) for frame in found)


def fields_of(film: Path) -> Fields:
    """What probe decides about a film's fields."""
    return Fields.of(probe(film, PARAMS)["fields"])


@pytest.mark.parametrize("flags", [(), ("-flags", "+ildct+ilme")])
def test_progressive_is_left_alone_whatever_its_flags_say(tmp_path: Path, flags: tuple[str, ...]) -> None:
    film = drawn(tmp_path / "film.mkv", 48, 3, "24", *X264, *flags)
    found = probe(film, PARAMS)
    assert found["interlaced"] == bool(flags)
    assert (found["fields"]["kind"], found["fields"]["by"]) == ("progressive", "content")


@pytest.mark.parametrize(("first", "order"), [("top", "tff"), ("bottom", "bff")])
def test_telecine_gives_the_film_frames_back(tmp_path: Path, first: str, order: str) -> None:
    film = drawn(tmp_path / "film.mkv", 72, 3, "24000/1001", "-vf", PULLDOWN + first, *WOVEN)
    fields = fields_of(film)
    assert fields == Fields("telecine", order, 5)
    coded = {item.time for item in decode(film)}
    shown = [item.time for item in decode(film, fields=fields)]
    assert (len(coded), len(shown)) == (90, 72)
    assert set(shown) <= coded  # times are the file's own
    assert combed(film, Fields()) >= 9 and combed(film, fields) == 0


def test_interlaced_is_deinterlaced(tmp_path: Path) -> None:
    film = drawn(tmp_path / "film.mkv", 120, 1, "50", "-vf", "format=yuv420p,tinterlace=interleave_top", *WOVEN, step=3)
    fields = fields_of(film)
    assert fields == Fields("deinterlace", "tff", None)
    assert len(list(decode(film, fields=fields))) == len(list(decode(film)))
    assert combed(film, Fields()) >= 20 and combed(film, fields) == 0


def test_where_nothing_moves_the_flags_decide() -> None:
    assert decide([], True, 25, "auto")["kind"] == "deinterlace"
    assert decide([], False, 25, "auto")["kind"] == "progressive"
    assert decide([], False, 30, "telecine")["cycle"] == 5
    assert decide([("shifted", "tff")] * 9, True, 25, "auto")["cycle"] is None  # PAL has no pulldown


def test_a_verdict_by_hand() -> None:
    dark, light = np.full((40, 40), 50, np.uint8), np.full((40, 40), 150, np.uint8)
    woven = dark.copy()
    woven[1::2] = 150  # top field dark, bottom field light
    assert verdict(dark, dark, light) == ("sound", "auto")
    assert verdict(dark, woven, light) == ("shifted", "tff")
    assert verdict(light, woven, dark) == ("shifted", "bff")
    assert verdict(dark, dark, dark) is None


def test_a_line_that_is_drawn_is_no_comb() -> None:
    one, two = np.full((40, 40), 50, np.uint8), np.full((40, 40), 50, np.uint8)
    one[11] = two[11] = two[13] = 150
    assert not combs(one, one, 12).any()
    assert combs(two, two, 12).sum(axis=1).tolist() == [0] * 5 + [40, 40] + [0] * 12


@pytest.mark.parametrize(("bits", "width"), [(8, 64), (8, 19), (8, 16), (8, 7), (8, 1), (10, 65), (12, 17), (16, 20)])
def test_lines_are_smoothed_by_the_mean_of_nine(bits: int, width: int) -> None:
    levels = np.random.default_rng(3).integers(0, 2**bits, (130, width))
    levels[0], levels[1] = 0, 2**bits - 1
    padded = np.pad(levels, ((0, 0), (4, 4)), "reflect") if width > 4 else np.repeat(levels, 9, axis=1)
    means = np.rint(np.mean([padded[:, n : n + width] for n in range(9)], axis=0)).astype(np.int64)
    plane = levels.astype(np.uint8 if bits == 8 else np.uint16)
    assert np.array_equal(thinned(plane, bits), (means >> (bits - 8))[:, ::4])


def test_grain_is_no_interlacing() -> None:
    random = np.random.default_rng(5)
    pictures = [texture(seed, 320, 240) // 2 + 64 for seed in (1, 2, 3) for _ in range(4)]  # each for four frames
    grainy = [np.clip(np.round(one + random.normal(0, 12, one.shape)), 0, 255).astype(np.uint8) for one in pictures]
    thin = [thinned(one, 8) for one in grainy]
    assert grain([thin]) == pytest.approx(12 / 3, abs=0.8)  # the mean of nine
    said = verdicts([thin])
    assert said and {what for what, _ in said} == {"sound"}
    woven = [
        np.where(np.arange(240)[:, None] % 2 == 0, one, other) for one, other in zip(grainy, grainy[1:], strict=False)
    ]
    assert {what for what, _ in verdicts([[thinned(one, 8) for one in woven]])} > {"sound"}


def images_of(film: Path, *wanted: int) -> list[np.ndarray]:
    """Some frames of a film as stills have them."""
    with opening(film) as (container, stream):
        convert = Converter.of(stream, "bicubic")
        return [convert.image(frame) for n, (_, frame) in enumerate(timed_frames(container, stream)) if n in wanted]


@pytest.mark.parametrize(("transfer", "white"), [("smpte2084", 0.751827), ("arib-std-b67", 1)])
def test_hdr_becomes_sdr(tmp_path: Path, transfer: str, white: float) -> None:
    grey = "0x" + 3 * f"{round(white * 255):02x}"
    tags = ("-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc", "-color_range", "tv")
    convert = "scale=out_color_matrix=bt2020:out_range=tv,format=yuv420p10le"
    params = f"setparams=color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc:range=tv"
    film = ffmpeg(
        tmp_path / "film.mkv", "-f", "lavfi", "-i", f"color={grey}:size=64x48:duration=0.2",
        "-vf", f"{convert},{params}", "-c:v", "libx265", "-x265-params", "log-level=error", *tags,
    )  # fmt: skip
    found = probe(film, PARAMS)
    assert (found["bit_depth"], found["colour"]["primaries"]) == (10, "bt2020")
    (image,) = images_of(film, 0)
    assert image.min() >= 250  # 1000 cd/m2 is white
    plane, bits = luma(next(decode(film)).frame)
    assert bits == 8 and plane.min() >= 230


def test_tone_mapping_by_hand() -> None:
    # ST 2084: 58 % of the signal is 203 cd/m2. BT.2446-1, Method A keeps black and white where they are.
    assert hdr.pq_light(np.float32([0, 0.5807, 1])).tolist() == pytest.approx([0, 203, 10000], rel=0.01, abs=1e-6)
    assert hdr.sdr_luma(np.float32([0, 1])).tolist() == pytest.approx([0, 1], abs=1e-4)
    grey = hdr.sdr(np.full((1, 1, 3), 38059, np.uint16), hdr.PQ)[0, 0]  # 203 cd/m2
    assert (
        grey.min() == grey.max() == pytest.approx(255 * float(hdr.sdr_luma(np.float32([0.203 ** (1 / 2.4)]))[0]), abs=1)
    )
    red = hdr.sdr(np.array([[[38059, 0, 0]]], np.uint16), hdr.PQ)[0, 0]
    assert red[0] > 100 > red[1] == red[2] == 0


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("film.m2ts", X264),
        ("film.webm", ("-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime")),
        ("film.mkv", (*X264, "-x264-params", "open-gop=1:keyint=12:bframes=3")),
        ("film.mp4", ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error")),
        ("film.vob", ("-c:v", "mpeg2video", "-r", "25")),
    ],
)
def test_containers_and_codecs(tmp_path: Path, name: str, codec: tuple[str, ...]) -> None:
    film = ffmpeg(tmp_path / name, *MOVING, "-t", "1", *codec)
    found = probe(film, PARAMS)
    times = [item.time for item in decode(film)]
    assert found["frames"] == len(times) and abs(len(times) - 24) <= 1
    assert np.allclose(np.diff(times), 1 / (25 if name.endswith("vob") else 24), atol=0.0011)
    assert (found["damaged"], found["missing_end"]) == ([], 0.0)


def test_fonts_and_a_negative_start_change_nothing(tmp_path: Path) -> None:
    font = tmp_path / "a.ttf"
    font.write_bytes(b"\0\1\0\0" * 99)
    plain = ffmpeg(tmp_path / "film.mkv", *MOVING, "-t", "1", *X264)
    kind = ("-metadata:s:t", "mimetype=font/ttf")
    attached = ffmpeg(tmp_path / "font.mkv", "-i", plain, "-c", "copy", "-attach", font, *kind)
    early = ffmpeg(tmp_path / "early.mkv", "-itsoffset", "-0.5", "-i", plain, "-c", "copy", *NEGATIVE)
    assert probe(attached, PARAMS)["frames"] == 24
    times = [item.time for item in decode(early)]
    assert len(times) == 24 and (np.diff(times) > 0).all()


def test_a_stream_without_timestamps_counts_its_own(tmp_path: Path) -> None:
    film = ffmpeg(tmp_path / "film.h264", *MOVING, "-t", "1", *X264, "-f", "h264")
    times = [item.time for item in decode(film)]
    assert len(times) == 24 and (np.diff(times) > 0).all()


def test_the_size_may_change_in_mid_stream(tmp_path: Path) -> None:
    parts = [ffmpeg(tmp_path / f"{size}.ts", "-f", "lavfi", "-i", f"testsrc2=size={size}:duration=0.5:rate=24", *X264,
                    "-output_ts_offset", str(start)) for size, start in (("128x96", 0), ("64x48", 0.5))]  # fmt: skip
    film = tmp_path / "film.ts"
    film.write_bytes(b"".join(part.read_bytes() for part in parts))
    numbers = (2, 20)
    assert [image.shape for image in images_of(film, *numbers)] == [(96, 128, 3), (48, 64, 3)]
    fields = Fields("deinterlace", "tff")
    assert [item.time for item in decode(film, fields=fields)] == [item.time for item in decode(film)]


def test_no_more_threads_decode_than_this_process_has_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = ffmpeg(tmp_path / "film.mkv", *MOVING, *X264)
    for cores, threads in (({3}, 1), ({0, 1, 5}, 2)):
        monkeypatch.setattr("os.sched_getaffinity", lambda _, cores=cores: cores)
        with opening(film) as (_, stream):
            prepare(stream, 2)
            assert stream.codec_context.thread_count == threads


@pytest.mark.parametrize("threads", [1, 3])
def test_damage_is_a_range_up_to_the_next_keyframe(tmp_path: Path, threads: int) -> None:
    film = ffmpeg(tmp_path / "film.mkv", *MOVING, *X264, "-g", "24", "-bf", "0")
    with av.open(str(film)) as container:
        broken = bytes([packet for packet in container.demux(video=0) if packet.pts is not None][30])
    noise = np.random.default_rng(1).integers(0, 256, len(broken), np.uint8).tobytes()
    film.write_bytes(film.read_bytes().replace(broken, broken[:40] + noise[40:]))
    damage = Damage()
    assert len(list(decode(film, threads, damage))) >= 71
    assert damage.ranges() == [(1.25, 2.0)]


def test_a_file_cut_short_is_told(tmp_path: Path) -> None:
    film = ffmpeg(tmp_path / "film.mkv", *MOVING, *X264, "-g", "24")
    assert probe(film, PARAMS)["missing_end"] == 0
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    found = probe(film, PARAMS)
    assert 0.5 < found["missing_end"] < 2.5
    assert len(list(decode(film))) > 10


def test_a_device_that_is_not_there_is_replaced_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = ffmpeg(tmp_path / "film.mkv", *MOVING, "-t", "0.5", *X264)
    plain = [item.frame.to_ndarray() for item in decode(film)]
    found = [item.frame.to_ndarray() for item in decode(film, device="vdpau")]
    said = capsys.readouterr().err
    assert said.startswith(f"warning: {film}: ") and said.count("\n") == 1
    assert all((a == b).all() for a, b in zip(plain, found, strict=True))
    opened(Reading(film), "off").close()
    assert capsys.readouterr().err == ""


def test_words_of_hardware_have_their_bits_on_top() -> None:
    frame = av.VideoFrame.from_ndarray(flat(200), format="rgb24").reformat(format="p010le")
    plane, bits = luma(frame)
    assert bits == 16 and cv2.mean(plane >> 8)[0] == pytest.approx(16 + 200 * 219 / 255, abs=1)


def test_stills_have_the_numbers_that_frames_gave(tmp_path: Path) -> None:
    film = drawn(tmp_path / "film.mkv", 48, 3, "24000/1001", "-vf", PULLDOWN + "top", *WOVEN, "-g", "12")
    fields = Fields("telecine", "tff", 5)
    times = [item.time for item in decode(film, fields=fields)]
    rows = [(number, 0, times[number], times[number]) for number in (7, 40)]
    kept = pl.DataFrame(rows, schema=["frame", "shot", "time", "key"], orient="row")
    with opening(film) as (container, stream):
        convert = Converter.of(stream, "bicubic")
        every = [convert.image(frame) for _, frame in timed_frames(container, stream, fields=fields)]
    for number, image in as_rgb(shown(film, kept, Stills(scaling="bicubic", format="png", hwaccel="off"), 1, fields)):
        assert (image == every[number]).all()


def test_a_full_disk_gets_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    code = (
        "import resource, sys; from genga.store.shards import writing_shard\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "with writing_shard(sys.argv[1]) as shard:\n"
        "    for k in range(9): shard.add(f'{k}.png', bytes(20_000))\n"
    )
    out = tmp_path / "stills.tar"
    done = subprocess.run([sys.executable, "-c", code, str(out)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert (
        done.stderr.strip()
        .splitlines()[-1]
        .endswith(f"GengaError: {out}: cannot be written (File too large); make room, and run again")
    )
    assert list(tmp_path.iterdir()) == []
