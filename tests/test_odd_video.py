"""More video as people have it, each made by ffmpeg: what `probe` says, and that `stills` finds what `frames` counted.

Every film counts its frames in a strip of bright and dark fields at the top, so that a picture says which frame it is.
"""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from films import as_rgb
from PIL import Image
from test_video import PARAMS, X264, ffmpeg

from genga.drawings.frames import frames
from genga.drawings.stills import shown, wanted
from genga.errors import GengaError
from genga.params.frames import Params as FramesParams
from genga.params.stills import Params as Stills
from genga.store.files import write_facts
from genga.store.parquet import write_table
from genga.store.shards import writing_shard
from genga.tables.dedup import DEDUP
from genga.tables.frames import FRAMES
from genga.video.decode import decode
from genga.video.decode_errors import Damage, is_cut_off
from genga.video.grid_store import CellWriter
from genga.video.probe import probe

ROOT = Path(__file__).resolve().parent.parent
STILLS = Stills(scaling="bicubic", format="jxl", hwaccel="off")
BITS, SIDE = 8, 16  # of a number, and px of the field of one
COUNT = 72


def counted(count: int = COUNT, width: int = 128, height: int = 96, first: int = 0) -> bytes:
    """Pictures rgb24 that say their number, over a ground that moves."""
    ground = np.kron(np.random.default_rng(0).integers(60, 180, (height // 8, 64, 1)), np.ones((8, 8, 3)))
    shown = []
    for number in range(first, first + count):
        picture = np.roll(ground, 3 * number, axis=1)[:, :width].astype(np.uint8)
        for bit in range(BITS):
            picture[:SIDE, bit * SIDE : (bit + 1) * SIDE] = 235 if number >> bit & 1 else 16
        shown.append(picture.tobytes())
    return b"".join(shown)


def number_of(image: np.ndarray) -> int:
    """The number that a picture of a counted film says."""
    fields = [image[4 : SIDE - 4, bit * SIDE + 4 : (bit + 1) * SIDE - 4].mean() for bit in range(BITS)]
    return sum(1 << bit for bit, level in enumerate(fields) if level > 125)


def film_of(out: Path, *arguments: str | Path, count: int = COUNT, size: str = "128x96", first: int = 0) -> Path:
    """A counted film."""
    width, height = map(int, size.split("x"))
    source = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", "24", "-i", "-")
    return ffmpeg(out, *source, *arguments, data=counted(count, width, height, first))


def numbers(film: Path, *kept: int) -> list[int]:
    """What the stills of some frames say, found as stage stills finds them."""
    return [number_of(image) for _, image in as_rgb(shown(film, rows(film, *kept), STILLS, 1))]


def rows(film: Path, *kept: int) -> pl.DataFrame:
    """What stage stills is told of the frames `kept` of a film."""
    table = pl.DataFrame([{"frame": one.number, "time": one.time, "keyframe": one.keyframe} for one in decode(film)])
    reason = pl.when(pl.col("frame").is_in(kept)).then(pl.lit("kept")).otherwise(pl.lit("held"))
    return wanted(table, table.select("frame", shot=pl.lit(0), keeper="frame", reason=reason))


def measured(film: Path, folder: Path) -> pl.DataFrame:
    """The frames table of a film, its cells in `folder`."""
    params = FramesParams(lines=24, changed=12.0, hwaccel="off", lettering=0)
    with writing_shard(folder / "cells.tar") as shard:
        return frames(decode(film), CellWriter(shard), params)


def times_of(film: Path) -> np.ndarray:
    """The frames' times, s."""
    return np.array([one.time for one in decode(film)])


OPEN = {
    "x264": (*X264, "-x264-params", "open-gop=1:keyint=24:min-keyint=24:bframes=3:scenecut=0:b-adapt=0"),
    "x265": ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-x265-params",
             "open-gop=1:keyint=24:min-keyint=24:bframes=3:scenecut=0:b-adapt=0:log-level=error"),
}  # fmt: skip


@pytest.mark.parametrize("codec", OPEN)
@pytest.mark.parametrize("name", ["film.mkv", "film.mp4", "film.ts"])
def test_a_jump_into_an_open_gop_gives_the_right_pixels(tmp_path: Path, name: str, codec: str) -> None:
    film = film_of(tmp_path / name, *OPEN[codec], count=120)
    every = dict(as_rgb(shown(film, rows(film, *range(120)), STILLS, 1)))
    assert [number_of(image) for image in every.values()] == list(range(120))
    keys = [one.number for one in decode(film) if one.keyframe]
    assert len(keys) >= 4 and keys[-1] > 72
    # Before a keyframe, at it, and behind it, each after a stretch in which there is something to jump over.
    for far in (keys[-1] - 2, keys[-1], keys[-1] + 1, keys[-1] + 5):
        few = dict(as_rgb(shown(film, rows(film, 1, far), STILLS, 1)))
        assert all((image == every[frame]).all() for frame, image in few.items()) and list(few) == [1, far]


def test_of_several_videos_the_one_marked_as_the_main_one_is_the_picture(tmp_path: Path) -> None:
    small = film_of(tmp_path / "small.mkv", *X264, size="64x48", count=24)
    main = film_of(tmp_path / "main.mkv", *X264, count=24)
    cover = ffmpeg(tmp_path / "cover.png", "-f", "lavfi", "-i", "color=red:size=200x300", "-frames:v", "1")
    both = ffmpeg(
        tmp_path / "both.mkv", "-i", small, "-i", main, "-map", "0:v", "-map", "1:v", "-c", "copy",
        "-disposition:v:0", "0", "-disposition:v:1", "default", "-attach", cover, "-metadata:s:t", "mimetype=image/png",
    )  # fmt: skip
    found = probe(both, PARAMS)
    assert (found["width"], found["height"], found["frames"]) == (128, 96, 24)
    assert numbers(both, 3, 20) == [3, 20]
    unmarked = ffmpeg(tmp_path / "unmarked.ts", "-i", main, "-i", small, "-map", "0:v", "-map", "1:v", "-c", "copy")
    assert (probe(unmarked, PARAMS)["width"], numbers(unmarked, 5)) == (128, [5])  # the first


def test_a_transport_stream_whose_clock_wraps_goes_on(tmp_path: Path) -> None:
    wrap = 2**33 / 90_000  # s
    film = film_of(tmp_path / "film.ts", *X264, "-output_ts_offset", f"{wrap - 1:.3f}")
    steps = np.diff(times_of(film))
    assert len(steps) == COUNT - 1 and np.allclose(steps, 1 / 24, atol=1e-4)
    found = probe(film, PARAMS)
    assert (found["frames"], found["is_vfr"], found["missing_end"]) == (COUNT, False, 0.0)
    assert found["duration"] == pytest.approx(3.0, abs=0.05)
    assert numbers(film, 2, 30, 71) == [2, 30, 71]


@pytest.mark.parametrize(
    ("kind", "codec", "offsets"),
    [
        ("ts", X264, (0, 0, 0)),  # each as it was received
        ("ts", (*X264, "-bf", "2"), (0, 5_000, 0)),  # the clock far ahead, and back
        ("ts", X264, (5_000, 0, 5_000)),
        ("vob", ("-c:v", "mpeg2video", "-q:v", "3", "-bf", "2"), (0, 0, 0)),  # cells of a DVD
    ],
)
def test_recordings_glued_end_to_end_are_one(
    kind: str, codec: tuple[str, ...], offsets: tuple[int, ...], tmp_path: Path
) -> None:
    parts = [
        film_of(tmp_path / f"{n}.{kind}", *codec, "-output_ts_offset", str(offset), count=48, first=48 * n)
        for n, offset in enumerate(offsets)
    ]
    film = tmp_path / f"film.{kind}"
    film.write_bytes(b"".join(part.read_bytes() for part in parts))
    found, steps = probe(film, PARAMS), np.diff(times_of(film))
    assert (found["frames"], found["usual_rate"], found["is_vfr"], found["missing_end"]) == (144, 24.0, False, 0.0)
    assert found["duration"] == pytest.approx(6.0, abs=0.05)
    assert len(steps) == 143 and np.allclose(steps, 1 / 24, atol=2e-4)
    assert numbers(film, 2, 47, 48, 100, 143) == [2, 47, 48, 100, 143]


def test_a_chain_of_films_in_ogg_is_decoded_to_its_end(tmp_path: Path) -> None:
    """Its decoder takes the headers of the second for a packet that is `not permitted`."""
    parts = [film_of(tmp_path / f"{n}.ogv", "-c:v", "libtheora", "-q:v", "9", count=48, first=48 * n) for n in range(2)]
    film = tmp_path / "film.ogv"
    film.write_bytes(b"".join(part.read_bytes() for part in parts))
    steps = np.diff(times_of(film))
    assert len(steps) == 95 and np.allclose(np.delete(steps, 47), 1 / 24, atol=1e-3)
    assert numbers(film, 3, 48, 95) == [3, 48, 95]


def test_an_mp4_that_begins_before_its_edit_list_does(tmp_path: Path) -> None:
    whole = film_of(tmp_path / "whole.mp4", *X264, "-g", "24", "-bf", "2")
    film = ffmpeg(tmp_path / "film.mp4", "-ss", "1.5", "-i", whole, "-c", "copy")  # the keyframe before is at 1 s
    times = times_of(film)
    assert times[0] == 0 and np.allclose(np.diff(times), 1 / 24, atol=1e-4)
    first = COUNT - len(times)
    assert first == 36, "frames before the edit list are not shown"
    assert numbers(film, 0, 1, 30) == [36, 37, 66]
    found = probe(film, PARAMS)
    assert (found["frames"], found["damaged"], found["missing_end"]) == (36, [], 0.0)


def test_the_size_may_change_in_mid_stream_of_matroska(tmp_path: Path) -> None:
    parts = [
        film_of(tmp_path / f"{size}.ts", *X264, "-output_ts_offset", str(first / 24), count=24, size=size, first=first)
        for size, first in (("128x96", 0), ("256x192", 24))
    ]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    film = ffmpeg(tmp_path / "film.mkv", "-i", joined, "-c", "copy")
    found = dict(as_rgb(shown(film, rows(film, 5, 40), STILLS, 1)))
    assert [image.shape for image in found.values()] == [(96, 128, 3), (192, 256, 3)]
    assert number_of(found[5]) == 5 and number_of(found[40]) == 40
    table = measured(film, tmp_path)
    assert len(table) == 48 and set(table.select("rows", "columns").rows()) == {(24, 32)}


def test_pixels_that_are_not_square_are_made_so_before_the_picture_is_turned(tmp_path: Path) -> None:
    plain = film_of(tmp_path / "plain.mp4", *X264, "-vf", "setsar=2/1", count=12)
    turned = ffmpeg(tmp_path / "turned.mp4", "-display_rotation", "90", "-i", plain, "-c", "copy")
    ((_, image),) = as_rgb(shown(turned, rows(turned, 5), STILLS, 1))
    assert image.shape == (256, 96, 3)
    assert number_of(np.ascontiguousarray(np.rot90(image, -1))[:, ::2]) == 5  # turned back, and every other column
    found = probe(turned, PARAMS)
    assert (found["pixel_aspect"], found["rotation"], found["mirrored"]) == ("2:1", 90, False)


def test_a_mirrored_video_is_not_upside_down(tmp_path: Path) -> None:
    plain = film_of(tmp_path / "plain.mp4", *X264, count=12)
    mirrored = ffmpeg(tmp_path / "mirrored.mp4", "-display_hflip", "-i", plain, "-c", "copy")
    ((_, image),) = as_rgb(shown(mirrored, rows(mirrored, 5), STILLS, 1))
    assert number_of(np.ascontiguousarray(image[:, ::-1])) == 5
    found = probe(mirrored, PARAMS)
    assert (found["rotation"], found["mirrored"]) == (0, True)


def test_dv_has_a_colour_for_four_px_along_a_line(tmp_path: Path) -> None:
    dv = ("-vf", "scale=720:480", "-c:v", "dvvideo", "-pix_fmt", "yuv411p", "-r", "30000/1001")
    film = film_of(tmp_path / "film.avi", *dv, count=12)
    assert probe(film, PARAMS)["pixel_aspect"] == "8:9"
    ((_, image),) = as_rgb(shown(film, rows(film, 5), STILLS, 1))
    assert image.shape == (480, 640, 3)


@pytest.mark.parametrize("aspect", ["50/1", "1/50"])
def test_pixels_of_no_picture_get_one_line(tmp_path: Path, aspect: str) -> None:
    film = film_of(tmp_path / "film.mkv", *X264, "-vf", f"setsar={aspect}", count=2)
    with pytest.raises(GengaError, match=r"film\.mkv: its pixels are said to be (50:1|1:50) wide by high.*-aspect 4:3"):
        probe(film, PARAMS)


def cut(film: Path, part: float) -> Path:
    """The film without its end."""
    film.write_bytes(film.read_bytes()[: int(film.stat().st_size * part)])
    return film


def test_an_mp4_cut_short_is_used_if_its_index_is_in_front(tmp_path: Path) -> None:
    film = cut(film_of(tmp_path / "film.mp4", *X264, "-g", "24", "-movflags", "+faststart"), 0.6)
    found = probe(film, PARAMS)
    assert 0.5 < found["missing_end"] < 2.5
    there = len(times_of(film))
    assert 20 < there < COUNT and numbers(film, 1, there - 4) == [1, there - 4]


def test_a_transport_stream_cut_short_is_used_to_its_end(tmp_path: Path) -> None:
    film = cut(film_of(tmp_path / "film.ts", *X264, "-g", "24"), 0.6)
    there = len(times_of(film))
    assert 20 < there < COUNT and numbers(film, 1, there - 4) == [1, there - 4]
    assert probe(film, PARAMS)["frames"] in (there, there + 1)  # of the last, a part may be there


def test_damage_in_a_transport_stream_is_a_range_and_what_follows_keeps_its_time(tmp_path: Path) -> None:
    film = film_of(tmp_path / "film.ts", *X264, "-g", "24", "-bf", "0")
    whole, data = times_of(film), bytearray(film.read_bytes())
    middle = len(data) // 2 // 188 * 188
    data[middle : middle + 188 * 6] = bytes(188 * 6)
    film.write_bytes(bytes(data))
    damage = Damage()
    shown = list(decode(film, 1, damage))
    ((start, end),) = damage.ranges()
    assert 0.5 < start - whole[0] < 2.5 and start < end <= start + 1.1
    late = [one.time for one in shown if one.time >= end]
    assert np.isin(np.round(late, 4), np.round(whole, 4)).all() and len(late) >= 20
    assert numbers(film, shown[-5].number) == [COUNT - 5]


def gif(path: Path) -> bytes:
    """Three pictures of noise, a tenth of a second each."""
    noise = np.random.default_rng(0).integers(0, 256, (3, 24, 32, 3)).astype(np.uint8)
    first, *others = [Image.fromarray(one) for one in noise]
    first.save(path, save_all=True, append_images=others, duration=100, loop=0)
    return path.read_bytes()


def begins_of(data: bytes) -> list[int]:
    """Where the blocks are that say how long each picture of a GIF stays, which stand before it."""
    return [at for at in range(len(data)) if data.startswith(b"!\xf9\x04", at)]


def test_a_gif_cut_off_within_a_picture_says_so_and_shows_what_there_is(tmp_path: Path) -> None:
    data = gif(tmp_path / "whole.gif")
    assert probe(tmp_path / "whole.gif", PARAMS)["damaged"] == [] and not is_cut_off(data)
    film = tmp_path / "cut.gif"
    film.write_bytes(data[: begins_of(data)[2] - 100])
    damage = Damage()
    assert len([one.number for one in decode(film, 1, damage)]) == 2
    assert [start for start, _ in damage.ranges()] == [start for start, _ in probe(film, PARAMS)["damaged"]] == [0.1]


def test_where_a_gif_is_cut_off(tmp_path: Path) -> None:
    data = gif(tmp_path / "whole.gif")
    begins = begins_of(data)
    assert [is_cut_off(data[:at]) for at in (*begins, len(data) - 1)] == [False] * 4
    whole = [at for at in range(begins[2] + 1, len(data) - 1) if not is_cut_off(data[:at])]
    assert whole == [begins[2] + 8], "between the block that says how long a picture stays and the picture"
    assert not is_cut_off(data[begins[1] : begins[2]]) and is_cut_off(data[begins[1] : begins[2] - 1])
    assert not is_cut_off(b"") and not is_cut_off(data + b"what editors write behind the end")


def test_stills_that_fill_the_disk_are_one_line_and_leave_nothing(tmp_path: Path) -> None:
    film = film_of(tmp_path / "film.mkv", *X264, "-crf", "4", count=24)
    tables, out = tmp_path / "tables", tmp_path / "out"
    table = measured(film, tables)
    write_table(tables / "frames.parquet", table, FRAMES)
    kept = [(number, 0, number, "kept", *(None,) * (len(DEDUP) - 4)) for number in range(24)]
    write_table(tables / "dedup.parquet", pl.DataFrame(kept, schema=dict(DEDUP), orient="row"), DEDUP)
    write_facts(tables / "probe.json", probe(film, PARAMS))
    command = [
        sys.executable, ROOT / "scripts/stills.py", "--in-video", film, "--in-probe", tables / "probe.json",
        "--in-frames", tables / "frames.parquet", "--in-dedup", tables / "dedup.parquet",
        "--out", out / "s/e.parquet", "--out-shard", out / "s/e.tar", "--params", STILLS.model_dump_json(),
    ]  # fmt: skip
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )  # fmt: skip
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.endswith("e.tar: cannot be written (File too large); make room, and run again\n")
    assert [path for path in out.rglob("*") if path.is_file()] == []
