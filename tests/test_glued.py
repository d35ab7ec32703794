"""Files written one behind the other, of which FFmpeg reads the first alone; and files that nobody can decode."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_odd_video import film_of, numbers
from test_times import PARAMS
from test_video import X264, ffmpeg

from genga.errors import GengaError
from genga.video.facts import in_words
from genga.video.packets import glued
from genga.video.probe import probe

KINDS = {
    "mp4": X264, "flv": X264, "wmv": ("-c:v", "wmv2", "-q:v", "2"), "y4m": ("-pix_fmt", "yuv420p"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_behind_another_is_named_and_can_be_taken_off(tmp_path: Path, kind: str) -> None:
    first = film_of(tmp_path / f"a.{kind}", *KINDS[kind], count=24)
    second = film_of(tmp_path / f"b.{kind}", *KINDS[kind], count=24, first=24)
    assert probe(first, PARAMS)["glued"] == 0
    size, behind = first.stat().st_size, second.read_bytes()
    with first.open("ab") as file:
        file.write(behind)
    found = probe(first, PARAMS)
    assert (found["frames"], found["glued"]) == (24, size)
    assert f"a further file begins at byte {size} and is not read: make it a file of its own" in in_words(found)
    rest = tmp_path / f"c.{kind}"
    rest.write_bytes(first.read_bytes()[size:])
    assert numbers(rest, 0, 23) == [24, 47]


def test_an_index_at_the_end_and_packets_that_are_all_read_are_no_further_file(tmp_path: Path) -> None:
    assert probe(film_of(tmp_path / "a.mov", *X264), PARAMS)["glued"] == 0
    film = film_of(tmp_path / "a.mpg", "-c:v", "mpeg2video", "-q:v", "2")
    film.write_bytes(film.read_bytes() * 2)
    found = probe(film, PARAMS)
    assert (found["frames"], found["glued"]) == (144, 0)


@pytest.mark.parametrize("at", [100, (1 << 20) - 2, (1 << 20) + 5, 3 << 20])
def test_a_further_file_is_found_wherever_it_begins(tmp_path: Path, at: int) -> None:
    head = b"FLV\x01\x05\0\0\0"
    (tmp_path / "a").write_bytes(head + bytes(at - len(head)) + head + bytes(99))
    assert glued(tmp_path / "a", "flv", len(head)) == at
    assert glued(tmp_path / "a", "flv", at + 1) == glued(tmp_path / "a", "mpegts", 0) == 0


def test_an_encrypted_video_is_named(tmp_path: Path) -> None:
    film = film_of(tmp_path / "a.mp4", *X264, count=12)
    key = ("-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb", "-encryption_kid", "a7e61c373e219033c21091fa607bf3b8")
    locked = ffmpeg(tmp_path / "b.mp4", "-i", film, "-c", "copy", "-encryption_scheme", "cenc-aes-ctr", *key)
    with pytest.raises(GengaError, match=r"b\.mp4: is encrypted \(DRM\)"):
        probe(locked, PARAMS)


def test_packets_that_are_shorter_than_a_picture_are_not_decoded(tmp_path: Path) -> None:
    film = film_of(tmp_path / "a.avi", "-c:v", "rawvideo", "-pix_fmt", "yuv420p", count=6)
    film.write_bytes(film.read_bytes().replace(b"I420", b"UYVY"))  # of 2 bytes a px, where there are 1.5
    with pytest.raises(GengaError, match="not one frame can be decoded"):
        probe(film, PARAMS)


def test_exif_beside_a_picture_hides_nothing(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0110] = "a camera"
    image = Image.fromarray(np.full((96, 128, 3), 99, np.uint8))
    image.save(tmp_path / "a.jpg", exif=exif)
    film = ffmpeg(tmp_path / "a.avi", "-f", "image2", "-i", tmp_path / "a.jpg", "-c", "copy")
    found = probe(film, PARAMS)
    assert (found["frames"], found["rotation"], found["mirrored"]) == (1, 0, False)


def test_what_zlib_cannot_read_ends_nothing(tmp_path: Path) -> None:
    film = film_of(tmp_path / "a.avi", "-c:v", "png", count=6)
    data = bytearray(film.read_bytes())
    for at in [place for place in range(len(data)) if data[place : place + 4] == b"IDAT"][1::2]:
        data[at + 4 : at + 40] = bytes(36)
    film.write_bytes(data)
    found = probe(film, PARAMS)
    assert (found["frames"], found["width"]) == (6, 128)
