"""Frames out of a video in any order: the px that stage stills has, by as few decoded frames as may be."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from films import flat, with_box, write_film

from genga.errors import GengaError
from genga.images.rgb import Converter
from genga.params.probe import Params as Probe
from genga.params.section import parse_section, section_of_file
from genga.video import footage
from genga.video.decode import decode, opening
from genga.video.footage import Footage
from genga.video.probe import probe

ROOT = Path(__file__).resolve().parent.parent
PROBE = parse_section("probe", Probe, section_of_file(ROOT / "params.yaml", "probe"))
SCALING = "lanczos"


def film(path: Path, codec: str = "libx264", options: dict[str, str] | None = None) -> Path:
    """48 frames of a square that moves, a keyframe every 12."""
    pictures = [with_box(flat(40 + 2 * number), number, 10, 20, 220) for number in range(48)]
    return write_film(path, pictures, codec, "yuv420p", 12, options or {"g": "12", "bf": "2", "crf": "20"})


def facts(video: Path, **changes: object) -> dict:
    return {**probe(video, PROBE), **changes}


def in_order(video: Path) -> dict[float, np.ndarray]:
    """Every frame by its time, decoded from the start."""
    with opening(video) as (_, stream):
        convert = Converter.of(stream, SCALING)
    return {one.time: convert.image(one.frame) for one in decode(video)}


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.ts"])
def test_frames_in_any_order_are_those_of_the_whole_video(tmp_path: Path, name: str) -> None:
    video = film(tmp_path / name)
    whole = in_order(video)
    times = list(whole)
    keys = [times[number // 12 * 12] for number in range(48)]
    asked: Sequence[Sequence[int]] = ([30, 31, 32], [5, 5, 3], [40], [33, 45], [47, 0], [13, 12, 14, 14])
    with Footage(video, facts(video), SCALING) as opened:
        for numbers in asked:
            found = opened.pictures([times[number] for number in numbers], [keys[number] for number in numbers])
            assert len(found) == len(numbers)
            for number, picture in zip(numbers, found, strict=True):
                assert np.array_equal(picture, whole[times[number]]), (name, number)


def test_a_held_drawing_is_one_picture(tmp_path: Path) -> None:
    video = film(tmp_path / "a.mkv")
    with Footage(video, facts(video), SCALING) as opened:
        first, again, other = opened.pictures([0.0, 0.0, 0.5], [0.0, 0.0, 0.0])
    assert first is again and not np.array_equal(first, other)


def test_it_jumps_to_the_keyframe_before_and_goes_on_where_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = film(tmp_path / "a.mkv")
    times = list(in_order(video))
    jumps: list[float] = []
    jump = footage.Walk.jump
    monkeypatch.setattr(footage.Walk, "jump", lambda self, key: (jumps.append(key), jump(self, key))[1])
    with Footage(video, facts(video), SCALING) as opened:
        for number in (38, 40, 20, 46):
            opened.pictures([times[number]], [times[number // 12 * 12]])
    assert jumps == [times[36], times[12], times[36]]  # 40 lies ahead of 38: no jump


def test_where_fields_are_undone_it_goes_from_the_start(tmp_path: Path) -> None:
    video = film(tmp_path / "a.mkv")
    probed = facts(video)
    woven = {**probed, "fields": {**probed["fields"], "kind": "deinterlace", "order": "tff"}}
    times = list(in_order(video))
    with Footage(video, woven, SCALING) as once:
        whole = once.pictures(times[:20], [times[0]] * 20)
    with Footage(video, woven, SCALING) as opened:
        for number in (17, 4, 9):
            assert np.array_equal(opened.pictures([times[number]], [times[12]])[0], whole[number])


def test_a_time_at_which_nothing_is_shown_is_said(tmp_path: Path) -> None:
    video = film(tmp_path / "a.mkv")
    with (
        Footage(video, facts(video), SCALING) as opened,
        pytest.raises(GengaError, match=r"a\.mkv: no frame at 0\.040 s; the file has changed, run again"),
    ):
        opened.pictures([0.04], [0.0])
