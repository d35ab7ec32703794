"""A row per decoded frame, and the cells of each."""

import threading
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import imagehash
import numpy as np
import pytest
from av.video.frame import VideoFrame
from films import flat, texture, with_box, write_film
from PIL import Image

from genga.drawings.frames import _matrices, bursts, frames, sharpness, signature
from genga.errors import GengaError
from genga.jobs.script import ahead
from genga.params.frames import Params
from genga.store.parquet import write_table
from genga.store.shards import writing_shard
from genga.tables.frames import FRAMES
from genga.video.decode import Decoded, decode
from genga.video.decode_errors import Damage
from genga.video.grid_store import CellReader, CellWriter

PARAMS = Params(lines=16, changed=12.0, hwaccel="off", lettering=6)


def table_of(film: Path, folder: Path, threads: int = 1, damage: Damage | None = None):
    """The frames table of a film, with its cells in `folder`."""
    folder.mkdir(exist_ok=True)
    with writing_shard(folder / "cells.tar") as shard:
        return frames(decode(film, threads, damage), CellWriter(shard), PARAMS, threads=threads)


def test_rows(tmp_path: Path) -> None:
    still, other = flat(40, 64, 64), with_box(flat(40, 64, 64), 8, 8, 16, 240)
    film = write_film(tmp_path / "film.mkv", [still, still, other, other], pts=[0, 1, 2, 5], rate=25)
    table = table_of(film, tmp_path)
    assert table.columns == list(FRAMES)
    assert table["frame"].to_list() == [0, 1, 2, 3]
    assert table["time"].to_list() == [0.0, 0.04, 0.08, 0.2]
    change = table["change"].to_list()
    assert change[0] == change[1] == change[3] == 0
    assert change[2] == 200  # bgr0 has no luma plane: full-range grey
    assert table["spread"].to_list() == [0, 0, 25 / 256, 0]  # 4x4 cells of 16x16 changed: 5x5 blocks touch them
    assert [len(bits) for bits in table["signature"].to_list()] == [32] * 4
    with CellReader(table, "/") as cells:
        assert cells[0].shape == (16, 16)
        assert table["luma"].to_list() == pytest.approx([float(cells[n].mean()) for n in range(4)])


def test_the_same_film_gives_the_same_bytes_with_any_number_of_threads(tmp_path: Path) -> None:
    images = [np.dstack([texture(seed, 64, 48)] * 3) for seed in range(12)]
    film = write_film(tmp_path / "film.mkv", images, "libx264", "yuv420p")
    for threads in (1, 3):
        write_table(tmp_path / f"{threads}.parquet", table_of(film, tmp_path, threads), FRAMES)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "3.parquet").read_bytes()


def test_ten_bits_and_eight_agree(tmp_path: Path) -> None:
    images = [np.dstack([texture(seed, 64, 48)] * 3) for seed in range(3)]
    tables = [
        table_of(write_film(tmp_path / f"{kind}.mkv", images, pixel_format=kind), tmp_path)
        for kind in ("yuv420p", "yuv420p10le")
    ]
    assert tables[0]["luma"].to_list() == pytest.approx(tables[1]["luma"].to_list(), abs=0.6)
    assert tables[0]["sharpness"].to_list() == pytest.approx(tables[1]["sharpness"].to_list(), rel=0.02)


def test_damage_is_decoded_around_and_told(tmp_path: Path) -> None:
    images = [np.dstack([texture(seed, 64, 48)] * 3) for seed in range(6)]
    film = write_film(tmp_path / "film.mov", images, "png", "rgb24", rate=25)
    with av.open(str(film)) as container:
        packet = list(container.demux(video=0))[2]
        broken = bytes(packet)
    film.write_bytes(film.read_bytes().replace(broken, bytes(len(broken))))
    damage = Damage()
    table = table_of(film, tmp_path, damage=damage)
    assert table["time"].to_list() == [0.0, 0.04, 0.12, 0.16, 0.2]
    assert damage.ranges() == [(0.08, 0.12)]


def test_sharpness_is_the_mean_square_step_of_two_pixels() -> None:
    ramp = np.tile(np.arange(8, dtype=np.uint8) * 5, (8, 1))
    assert sharpness(ramp, 8) == 100
    assert sharpness(ramp.astype(np.uint16) * 4, 10) == 100
    assert sharpness(np.zeros((4, 2), np.uint8), 8) == 0
    fourth = np.zeros((960, 8), np.uint8)
    fourth[4::8, 4:] = 10  # of the steps of two pixels 2 in 6 are of 10 levels, in every eighth line
    assert sharpness(fourth[:952], 8) == pytest.approx(100 / 6)  # every second line that is looked at
    assert sharpness(fourth, 8) == 0  # so many that every eighth is enough


def test_signatures_of_like_pictures_are_near() -> None:
    picture = texture(1)
    noisy = np.clip(picture.astype(int) + np.random.default_rng(0).integers(-6, 7, picture.shape), 0, 255)
    near = bits(signature(picture)) ^ bits(signature(noisy.astype(np.uint8)))
    far = bits(signature(picture)) ^ bits(signature(texture(2)))
    assert near.sum() <= 16 < 60 < far.sum()


def test_a_signature_is_imagehash_s_but_for_rounding() -> None:
    smooth = cv2.GaussianBlur(texture(3, 213, 120), (0, 0), 3)
    small = smooth[:50, :50].copy()  # made larger
    for grid in [texture(seed, 213, 120) for seed in range(20)] + [smooth, smooth[:, :60].copy(), small]:
        published = np.packbits(imagehash.phash(Image.fromarray(grid), 16).hash).tobytes()
        assert (bits(signature(grid)) ^ bits(published)).sum() <= 12


def test_a_signature_of_one_tone_is_its_mean_alone() -> None:
    assert signature(np.full((120, 213), 90, np.uint8)) == b"\x80" + bytes(31)


def bits(signature: bytes) -> np.ndarray:
    """A signature's bits."""
    return np.unpackbits(np.frombuffer(signature, np.uint8))


def test_times_grow_where_timestamps_do_not(tmp_path: Path) -> None:
    images = [np.dstack([texture(seed, 64, 48)] * 3) for seed in range(12)]
    film = write_film(tmp_path / "film.avi", images, "libx264", "yuv420p", options={"bf": "2"})
    times = table_of(film, tmp_path)["time"].to_list()
    assert len(times) == 12 and all(a < b for a, b in zip(times, times[1:], strict=False))


@pytest.mark.parametrize("shape", [(1, 1), (16, 2000), (120, 213), (480, 270), (854, 480), (2160, 3840)])
def test_every_sum_of_a_signature_is_exact(shape: tuple[int, int]) -> None:
    # Of whole numbers under 2^53: in whatever order BLAS adds them up.
    down, across, rest = _matrices(*shape)
    assert down.shape == (16, shape[0]) and across.shape == rest.shape == (shape[1], 16)
    assert all((part == np.rint(part)).all() for part in (down, across, rest))
    first = 255 * np.abs(down).sum(axis=1).max()
    upper, lower = first * 2.0**-26 + 1, 2.0**25
    assert first < 2**53
    assert upper * max(np.abs(part).sum(axis=0).max() for part in (across, rest)) < 2**53
    assert lower * np.abs(across).sum(axis=0).max() < 2**53


def test_a_signature_is_this_one() -> None:
    assert signature(texture(1, 213, 120)).hex() == "90bba224640705877dede3ef8b41e541dc020751e9b3db678abdd81378e807be"


def test_large_pictures_are_measured_fewer_at_once() -> None:
    def sizes(width: int, height: int) -> list[int]:
        frame = VideoFrame(width, height, "yuv420p")
        return [len(burst) for burst in bursts(Decoded(n, n / 24, False, frame) for n in range(17))]

    assert sizes(640, 360) == sizes(1920, 1080) == [8, 8, 1]
    assert sizes(3840, 2160) == [2] * 8 + [1]
    assert sizes(16384, 8192) == [1] * 17


def test_the_next_frames_are_decoded_while_some_are_measured() -> None:
    asked = threading.Event()

    def decoded() -> Iterator[list[Decoded]]:
        yield []
        asked.set()
        yield []

    coming = ahead(decoded())
    assert next(coming) == []
    assert asked.wait(60)  # for the second, by nobody here
    assert list(coming) == [[]]


def test_what_ends_decoding_ends_measuring() -> None:
    def decoded() -> Iterator[list[Decoded]]:
        yield []
        raise GengaError("film.mkv: cannot be read")

    coming = ahead(decoded())
    next(coming)
    with pytest.raises(GengaError, match="cannot be read"):
        next(coming)


def test_what_ends_measuring_ends_decoding(tmp_path: Path) -> None:
    class Full(CellWriter):
        def add(self, cells: np.ndarray) -> None:
            raise OSError("no space left")

    film = write_film(tmp_path / "film.mkv", [flat(40, 64, 64)] * 100)
    with writing_shard(tmp_path / "cells.tar") as shard, pytest.raises(OSError, match="no space"):
        frames(decode(film, 2), Full(shard), PARAMS, threads=2)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("ahead")]
