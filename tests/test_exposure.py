"""The exposure sheet."""

import polars as pl
import pytest

from genga.drawings.exposure_sheet import exposures, holds

FRAMES = pl.DataFrame({"frame": range(10), "time": [k / 10 for k in range(10)]})
DEDUP = pl.DataFrame(
    {
        "frame": range(10),
        "shot": [0, 0, 0, 0, 0, 0, 1, 1, 1, 1],
        "keeper": [1, 1, 1, 3, 1, 1, 1, None, None, 3],
        "reason": [
            "held",
            "kept",
            "blend",
            "kept",
            "recurring",
            "camera",
            "recurring",
            "dissolve",
            "black",
            "recurring",
        ],
        "keeper_episode": pl.Series([None] * 10, dtype=pl.String),
    }
)


def test_a_row_is_a_drawing_on_screen() -> None:
    sheet = exposures(FRAMES, DEDUP)
    whole, part, text = pl.Int64, pl.Float64, pl.String
    assert sheet.schema == pl.Schema({
        "shot": whole, "start": whole, "frames": whole, "time": part, "duration": part, "drawing": whole,
        "episode": text, "seen": text,
    })  # fmt: skip
    assert sheet.select("shot", "start", "frames", "drawing", "seen").rows() == [
        (0, 0, 3, 1, "first"), (0, 3, 1, 3, "first"), (0, 4, 1, 1, "again"), (0, 5, 1, 1, "camera"),
        (1, 6, 1, 1, "again"), (1, 7, 1, None, "dissolve"), (1, 8, 1, None, "black"), (1, 9, 1, 3, "again"),
    ]  # fmt: skip
    assert sheet["duration"].to_list() == pytest.approx([0.3] + [0.1] * 7)
    assert sheet["time"].to_list() == pytest.approx([0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])


def test_how_long_a_drawing_is_held() -> None:
    assert holds(exposures(FRAMES, DEDUP)) == {1: 5, 3: 2}


def test_a_video_of_one_frame() -> None:
    assert exposures(FRAMES[:1], DEDUP[:1]).rows() == [(0, 0, 1, 0.0, 0.0, 1, None, "first")]


def test_another_episodes_drawing_is_not_this_ones_of_the_same_number() -> None:
    of = [None, None, None, None, None, None, "ep00", None, None, "ep00"]
    sheet = exposures(FRAMES, DEDUP.with_columns(keeper_episode=pl.Series(of)))
    assert sheet.select("start", "drawing", "episode", "seen").rows()[4:] == [
        (6, 1, "ep00", "first"), (7, None, None, "dissolve"), (8, None, None, "black"), (9, 3, "ep00", "first"),
    ]  # fmt: skip
    assert holds(sheet) == {1: 4, 3: 1}
