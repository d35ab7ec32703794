"""The pictures of docs/frames.md: all of them shown, small, and drawn from what they say."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from films import texture

from demo.pictures import (
    GAP,
    PAPER,
    RED,
    WIDE,
    beside,
    cells_picture,
    framed,
    heat,
    sheet_picture,
    valley_chart,
    weave_picture,
)

ROOT = Path(__file__).resolve().parent.parent


def test_every_picture_is_shown_with_words_and_all_are_small() -> None:
    text = (ROOT / "docs/frames.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"!\[([^\]]+)\]\((pictures/[^)]+)\)", text))
    there = sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs/pictures").iterdir())
    assert sorted(shown.values()) == there and len(there) >= 6
    assert sum((ROOT / "docs" / name).stat().st_size for name in there) < 600_000


def test_pictures_in_a_row() -> None:
    row = beside([np.zeros((90, 160, 3), np.uint8), np.full((60, 60, 3), 9, np.uint8)])
    assert row.shape == (300, 2 * WIDE + 8, 3)
    assert [int(row[200, x, 0]) for x in (10, WIDE + 4, WIDE + 20)] == [PAPER, PAPER, 9]


def test_differences_as_heat() -> None:
    assert heat(np.float32([[0, 14, 28, 99]]), 28).tolist()[0] == [
        [PAPER] * 3, [222, 154, 150], list(RED), list(RED),
    ]  # fmt: skip


def test_the_part_around_the_cell_that_decides() -> None:
    frame, apart = np.zeros((360, 640, 3), np.uint8), np.zeros((120, 213), np.float32)
    apart[100, 10] = 40
    picture = cells_picture(frame, frame, np.zeros((120, 213), np.uint8), apart, 14.0)
    red = np.argwhere((np.abs(picture.astype(int) - RED) < 9).all(axis=2))
    assert len(red) and red[:, 1].min() > 3 * WIDE  # in the fourth
    assert framed(frame, 10, 10, 20, 20).any()


def test_film_that_weaves_and_is_held_still() -> None:
    drawn = cv2.GaussianBlur(texture(3, 480, 360), (0, 0), 2)
    picture = weave_picture(np.dstack([drawn] * 3), 14.0)
    loose, held = (picture[:, start : start + WIDE].astype(int) for start in (2 * (WIDE + GAP), 3 * (WIDE + GAP)))
    assert (np.abs(loose - RED).max(axis=2) < 60).mean() > 0.1 > 0.002 > (np.abs(held - RED).max(axis=2) < 60).mean()


def test_the_hills_of_a_histogram() -> None:
    drawn = valley_chart(np.array([2.0, 2.0, 3.0]), np.array([90.0]), 14.0)
    assert drawn.count("M") == 4 and "threshold 14.0" in drawn  # bars at 2, 3 and 90, and the line


@pytest.mark.parametrize("length", [3, 12])
def test_a_block_is_as_wide_as_its_frames(length: int) -> None:
    shot = {"shot": 0, "start": 5, "end": 5 + 2 * length, "frames": 2 * length, "rows": 1,
            "blocks": [(0, length, 0, "first"), (length, length, None, "black")],
            "new": [{"drawing": 7, "row": 0}]}  # fmt: skip
    drawn = sheet_picture(shot, {7: np.zeros((90, 160, 3), np.uint8)})
    assert 'x="108.0" y="10" width="319.0"' in drawn and drawn.count("<rect") == 2 and f">{length}</text>" in drawn
