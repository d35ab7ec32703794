"""genga.jobs.script: what, how far, how fast, how long still."""

import io

import pytest

from genga.jobs.script import duration, pace, progress, progress_line


def test_line_with_rate_and_time_left() -> None:
    assert progress_line("tag s/e", "stills", 120, 300, 4.0) == "tag s/e: 120/300 stills, 30.0/s, 6 s left"


def test_line_without_a_total() -> None:
    assert progress_line("frames s/e", "frames", 120, None, 4.0) == "frames s/e: 120 frames, 30.0/s"


@pytest.mark.parametrize(
    ("rate", "text"), [(0.0, "0.0/s"), (0.05, "3.0/min"), (0.99, "59.4/min"), (1.0, "1.0/s"), (30.04, "30.0/s")]
)
def test_a_rate_below_one_a_second_is_by_minutes(rate: float, text: str) -> None:
    assert pace(rate) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (185, "3 min 05 s"), (3600, "1 h 00 min"), (8040, "2 h 14 min")]
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_items_pass_through_and_short_work_is_silent() -> None:
    out = io.StringIO()
    assert list(progress([1, 2, 3], 3, "x", "y", every=60, file=out)) == [1, 2, 3]
    assert out.getvalue() == ""


def test_a_line_at_every_interval() -> None:
    out = io.StringIO()
    list(progress([1, 2], 2, "x", "y", every=0, file=out))
    assert [line[:8] for line in out.getvalue().splitlines()] == ["x: 1/2 y", "x: 2/2 y"]
