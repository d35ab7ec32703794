"""Credits that roll over a picture make no new drawing; what is drawn beside and behind them does."""

import numpy as np
import polars as pl
import pytest

from genga.drawings._dedup.rolling import Rolling, credits, level_of, over, runs_behind
from genga.drawings._text.tracks import Lettering, MaskedGrids
from genga.tables.frames import FRAMES
from genga.video.luma_grid import Cells

SHAPE, SPEED, PITCH, HIGH = (120, 160), -0.75, 14, 6
LETTERS = np.random.default_rng(3).integers(120, 250, (HIGH * 4, 60)).astype(np.float32)


def rolled(frame: int) -> list[tuple[float, int]]:
    """The tops of all lines in a frame, and where they end, cells."""
    return [(130 + SPEED * frame + PITCH * k, 60 + 13 * k % 31) for k in range(-12, 12)]


def lines_at(frame: int) -> list[tuple[float, int]]:
    """Those that are seen whole."""
    return [(top, end) for top, end in rolled(frame) if 0 <= top <= SHAPE[0] - HIGH]


def picture(frame: int, mouth: tuple[int, int] | None = None, rolls: bool = True) -> Cells:
    """A frame of credits that roll over a picture with a mouth at a row and a column, open a third of the time."""
    cells = np.full((SHAPE[0] + 2 * HIGH, 4, SHAPE[1]), 90, np.float32)  # fourths of cells, by which lines go
    cells[:, :, 40] = cells[60, 0] = 30
    if mouth and frame // 3 % 3 == 1:
        cells[HIGH + mouth[0] :, :, mouth[1] : mouth[1] + 9][:12] = 20
    fourths = cells.reshape(-1, SHAPE[1])
    for top, end in rolled(frame) if rolls else ():
        if -HIGH <= top <= SHAPE[0]:
            fourths[round(4 * (top + HIGH)) :, 30:end][: 4 * HIGH] = LETTERS[:, : end - 30]
    return cells[HIGH:-HIGH].mean(axis=1).round().astype(np.uint8)


def looked(count: int, every: int = 12) -> pl.DataFrame:
    """The table frames of such a film, of which each so many are looked at."""
    looks = [
        [
            {"x0": 30 / 160, "x1": end / 160, "y0": top / 120, "y1": (top + HIGH) / 120, "sure": True}
            for top, end in lines_at(k)
        ]
        if k % every == 0 else None
        for k in range(count)
    ]  # fmt: skip
    return pl.DataFrame(
        {"frame": range(count), "lettering": looks}, schema_overrides={"lettering": FRAMES["lettering"]}
    )


def test_lines_that_go_by_one_way_are_credits_and_those_that_stand_are_none() -> None:
    (found,) = credits(looked(96), SHAPE)
    assert found.speed == pytest.approx(SPEED, abs=0.02) and (found.start, found.end) == (0, 84)
    stands = looked(96).with_columns(lettering=pl.when(pl.col("frame") % 12 == 0).then(pl.col("lettering").first()))
    assert credits(stands, SHAPE) == [] and credits(looked(30), SHAPE) == []
    assert over([found], 20, 60) == found and over([found], 200, 300) is None and over([], 0, 9) is None
    covered = found.covers(12, SHAPE)
    top, _ = lines_at(12)[0]
    assert covered[int(top) + 2, 50] and not covered[int(top) + 2, 100] and not covered[int(top) - 5, 50]
    line = Lettering(10, 16, 0.2, top / 120, 0.5, (top + HIGH) / 120)
    assert found.has(line, SHAPE) and not found.has(Lettering(10, 16, 0.7, 0.3, 0.9, 0.35), SHAPE)


def begun(mouth: tuple[int, int] | None, limits: tuple[int, int] = (18, 78)) -> list[int]:
    """The first frames of the drawings behind credits, in a shot over [start, end)."""
    (rolling,) = credits(looked(96), SHAPE)
    cells = [picture(frame, mouth) for frame in range(limits[1])]
    found = runs_behind(rolling, MaskedGrids(cells, []), 0, limits, (), 14.0)
    assert found is not None and [frame for run in found for frame in run.frames] == list(range(*limits))
    return [run.frames[0] for run in found]


@pytest.mark.parametrize("mouth", [(70, 110), (70, 50), (30, 70)])
def test_a_mouth_beside_and_behind_credits_begins_drawings_and_they_do_not(mouth: tuple[int, int]) -> None:
    assert begun(None) == [18]
    assert begun(mouth) == [18, *(k for k in range(19, 78) if k % 9 in (3, 6))]


def test_behind_letters_that_leave_as_much_as_a_mouth_and_under_a_camera_nothing_is_hidden() -> None:
    assert level_of([15.0] * 9, 14.0) == 0 and level_of([4.0] * 9, 14.0) == 20
    rolling = Rolling(((0, 30.0, 50.0, 90.0, 56.0),), SPEED, 0, 84)
    pans = [np.roll(picture(k, rolls=False), 3 * k, axis=1) for k in range(40)]
    assert runs_behind(rolling, MaskedGrids(pans, []), 0, (0, 40), (), 14.0) is None
