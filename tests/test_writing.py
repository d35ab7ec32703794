"""Videos: what their bytes say of colours and rate, the same twice, and the pictures that come back."""

import io
import os
import subprocess
import sys

import av
import numpy as np
import pytest

from genga.errors import GengaError
from genga.video import writing
from genga.video.writing import as_video, frames_of, write_mp4


def picture(place: int) -> np.ndarray:
    """A red square on a slope of tones, (64, 96, 3)."""
    rows, columns = np.mgrid[:64, :96]
    made = np.stack([columns * 2, rows * 3, np.full_like(rows, 40)], axis=2).astype(np.uint8)
    made[20:44, place : place + 24] = 250, 30, 60
    return made


PICTURES = [picture(4 + 4 * number) for number in range(8)]


@pytest.mark.parametrize(("form", "codec"), [("mp4", "h264"), ("webm", "vp9")])
def test_a_video_says_bt709_and_its_rate_and_has_no_date(form: str, codec: str) -> None:
    data = as_video(PICTURES, 23.976024, form)
    assert as_video(PICTURES, 23.976024, form) == data
    with av.open(io.BytesIO(data)) as file:
        stream = file.streams.video[0]
        context = stream.codec_context
        assert (stream.codec.canonical_name, stream.pix_fmt, stream.average_rate) == (
            codec,
            "yuv420p",
            writing.exact_rate(23.976024),
        )
        assert (context.colorspace, context.color_primaries, context.color_trc, context.color_range) == (1, 1, 1, 1)
        assert "creation_time" not in {**file.metadata, **stream.metadata}


@pytest.mark.parametrize(("form", "apart"), [("mp4", 3), ("webm", 4), ("webp", 4), ("gif", 5)])
def test_pictures_come_back(form: str, apart: float) -> None:
    data = as_video(PICTURES, 12, form)
    back = frames_of(data, "clip")
    assert len(back) == 8 and as_video(PICTURES, 12, form) == data
    assert np.abs(np.stack(back).astype(int) - np.stack(PICTURES)).mean() < apart
    with pytest.raises(GengaError, match="^clip: not a readable video"):
        frames_of(data[:60], "clip")


def test_a_videos_bytes_follow_from_its_pictures_alone_not_from_what_lay_in_memory() -> None:
    """glibc fills fresh memory with a byte of one's own: x264's mbtree made other bytes of each (pictures slid)."""
    told = """if True:
        import hashlib
        import numpy as np
        from genga.video.writing import as_video
        for height, width in ((122, 146), (160, 96), (192, 96), (130, 210)):
            y, x = np.mgrid[:height, :width]
            slid = [np.stack([128 + 60 * np.sin((a * y + 3 * k) / 9) * np.cos((b * x + 5 * k) / 7 + c)
                    for a, b, c in ((1, 1.3, 0), (0.7, 0.9, 1), (0.5, 2, 2))], 2).astype(np.uint8) for k in range(12)]
            for form in ("mp4", "webm", "webp", "gif"):
                print(height, form, hashlib.sha256(as_video(slid, 12, form)).hexdigest())
    """
    first, second = (
        subprocess.run(
            [sys.executable, "-c", told], env=os.environ | {"MALLOC_PERTURB_": filled}, check=True, text=True,
            stdout=subprocess.PIPE,
        ).stdout.splitlines()
        for filled in ("1", "255")
    )  # fmt: skip
    assert len(first) == 16 and first == second


def test_a_webp_plays_as_long_as_it_should() -> None:
    from PIL import Image, ImageSequence

    with Image.open(io.BytesIO(as_video(PICTURES, 7, "webp"))) as made:
        lasting = [one.info["duration"] for one in ImageSequence.Iterator(made) if one.load()]
        assert lasting == [143, 143, 143, 142, 143, 143, 143, 143]
        assert made.info["loop"] == 0


def test_a_gifs_dithering_stands_still() -> None:
    """What does not change in the pictures does not change in the file."""
    back = np.stack(frames_of(as_video([PICTURES[0], PICTURES[0], PICTURES[1]], 10, "gif"), "clip")).astype(int)
    assert (back[0] == back[1]).all() and (back[0, 50:] == back[2, 50:]).all()


def test_odd_sides_two_sizes_and_nothing_are_refused(tmp_path) -> None:
    for pictures, said in (
        ([PICTURES[0][:63]], "pictures of 96x63 px cannot be 4:2:0"),
        ([PICTURES[0], PICTURES[0][:32]], "picture 1 is 96x32, those before 96x64"),
        ([], "no picture to write"),
    ):
        with pytest.raises(GengaError, match=said):
            write_mp4(tmp_path / "clip.mp4", pictures, 8)
