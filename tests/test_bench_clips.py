"""What the benchmark of clips counts, by hand."""

from pathlib import Path

import polars as pl
import pytest

from bench.clips import across, drawn_on, rate_off, timing
from genga.params.clips import Params
from genga.params.section import parse_section, section_of_file

ROOT = Path(__file__).resolve().parent.parent
PARAMS = parse_section("clips", Params, section_of_file(ROOT / "params.yaml", "clips"))
ONES, THREES, STILL, FADE = [0, 1, 2, 3, 4, 5], [6, 6, 6, 7, 7, 7, 8, 8, 8], [9] * 6, [-2, -1, 9, 9, -1, -2]


def shot(start: int, end: int, timing: float, camera: str = "static") -> dict:
    return {"start": start, "end": end, "timing": timing, "camera": camera}


SHOTS = [shot(0, 6, 1.0), shot(6, 15, 3.0), shot(15, 21, 6.0), shot(21, 27, 4.0), shot(0, 6, 1.0, "pan")]
TRUTH = {"drawing": [*ONES, *THREES, *STILL, *FADE], "fps": [24, 1], "shots": SHOTS[:4]}


def rows(*of: tuple[int, int, int, float]) -> pl.DataFrame:
    schema = {"first": pl.Int64, "last": pl.Int64, "frames": pl.List(pl.Int64), "rate": pl.Float64}
    return pl.DataFrame([(a, b, [0] * count, rate) for a, b, count, rate in of], schema=schema, orient="row")


def test_only_a_shot_that_moves_at_rest_says_what_it_is_drawn_on() -> None:
    assert [drawn_on(TRUTH, one, PARAMS) for one in SHOTS] == [1.0, 3.0, None, None, None]
    assert list(timing(rows((0, 5, 6, 24.0), (6, 14, 3, 8.0), (15, 20, 2, 8.0)), TRUTH, PARAMS)) == [
        (1.0, 1.0), (3.0, 3.0),
    ]  # fmt: skip


def test_a_clip_goes_across_a_cut_if_it_has_frames_on_both_sides() -> None:
    kept = rows((0, 5, 6, 24.0), (6, 14, 3, 8.0), (4, 7, 4, 24.0), (20, 25, 6, 24.0))
    assert across(kept, [6, 15], [[25, 30]]) == 2
    assert across(kept, [0, 16], [[15, 19]]) == 0


def test_a_rate_is_off_by_what_its_pictures_last_too_long() -> None:
    assert rate_off(rows((0, 15, 16, 24.0), (0, 47, 16, 8.0)), TRUTH) == 0.0
    assert rate_off(rows((0, 15, 16, 24.0), (0, 47, 16, 7.9)), TRUTH) == pytest.approx(8 / 7.9 - 1)
