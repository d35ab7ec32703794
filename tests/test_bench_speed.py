"""What commands cost, as the benchmark of speed counts it."""

import sys
from pathlib import Path

import pytest

from bench._children import Cost, cost
from bench.speed import versus


def test_a_child_is_counted_by_itself(tmp_path: Path) -> None:
    idle = cost([sys.executable, "-c", "pass"], tmp_path)
    busy = cost([sys.executable, "-c", "x = bytearray(b'1') * 50_000_000\nfor _ in range(3_000_000): pass"], tmp_path)
    assert busy.cpu > idle.cpu and busy.memory > 48


def test_one_after_the_other() -> None:
    assert Cost(1.0, 200.0) + Cost(2.5, 100.0) == Cost(3.5, 200.0)


def test_a_child_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no such thing"):
        cost([sys.executable, "-c", "raise SystemExit('no such thing')"], tmp_path)


def test_what_two_commits_take_is_told_side_by_side() -> None:
    assert versus("film", "frames, s", 1.5, 0.6) == ("film", "frames, s", "1.50", "0.60", "2.50")
    assert versus("film", "frames beyond decoding, ms a frame", 0.2, -0.1)[-1] == ""
