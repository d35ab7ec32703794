"""genga.video.episodes: a video file under data/raw is an episode."""

from pathlib import Path

import pytest

from genga.errors import GengaError
from genga.video.episodes import episodes_before, find_episodes, in_name_order


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_videos_of_any_name_and_nothing_else(tmp_path: Path) -> None:
    _touch(tmp_path, "b/ep 2.MKV", "アニメ/第1話.mp4", "b/ep 2.srt", "b/.hidden.mkv", ".trash/old.mkv", "loose.mkv")
    assert find_episodes(tmp_path) == {
        ("b", "ep 2"): f"{tmp_path}/b/ep 2.MKV",
        ("アニメ", "第1話"): f"{tmp_path}/アニメ/第1話.mp4",
    }


def test_no_folder_is_no_episode(tmp_path: Path) -> None:
    assert find_episodes(tmp_path / "raw") == {}


def test_two_videos_of_one_episode_are_refused(tmp_path: Path) -> None:
    _touch(tmp_path, "s/ep1.mkv", "s/ep1.mp4")
    with pytest.raises(GengaError, match=r"s/ep1\.mp4: .*s/ep1\.mkv is the same episode"):
        find_episodes(tmp_path)


def test_the_episodes_before_one_are_in_the_order_of_their_numbers() -> None:
    names = [("s", "ep10"), ("s", "ep2"), ("t", "ep1"), ("s", "ep1"), ("s", "ep9 b"), ("s", "ep9")]
    ordered = in_name_order(names)
    assert ordered == {"s": ["ep1", "ep2", "ep9", "ep9 b", "ep10"], "t": ["ep1"]}
    assert episodes_before(ordered["s"], "ep10", 3) == ["ep2", "ep9", "ep9 b"]
    assert episodes_before(ordered["s"], "ep2", 3) == ["ep1"]
    assert episodes_before(ordered["s"], "ep1", 3) == []
    assert episodes_before(ordered["s"], "ep10", 0) == []
    assert episodes_before(ordered["s"], "ep3", 1) == ["ep2"]  # of one that has no video, too
    japanese = in_name_order([("s", "第2話"), ("s", "第11話"), ("s", "第3話")])["s"]
    assert episodes_before(japanese, "第11話", 1) == ["第3話"]
