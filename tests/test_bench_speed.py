"""What commands cost, as the benchmark of speed counts it."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench._children import ROOT, Cost, cost
from bench.speed import versus


def test_a_child_is_counted_by_itself(tmp_path: Path) -> None:
    idle = cost([sys.executable, "-c", "pass"], tmp_path)
    busy = cost([sys.executable, "-c", "x = bytearray(b'1') * 50_000_000\nfor _ in range(3_000_000): pass"], tmp_path)
    assert busy.cpu > idle.cpu and busy.memory > 48


def test_a_child_of_a_large_process_tells_its_own_peak() -> None:
    told = "from bench._children import own_peak; print(own_peak())"
    large = (
        "import subprocess, sys; x = bytearray(b'1') * 300_000_000; "
        f"raise SystemExit(subprocess.run([sys.executable, '-c', {told!r}]).returncode)"
    )
    said = subprocess.run([sys.executable, "-c", large], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 5 < float(said.stdout) < 100


def test_one_after_the_other() -> None:
    assert Cost(1.0, 200.0) + Cost(2.5, 100.0) == Cost(3.5, 200.0)


def test_a_child_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no such thing"):
        cost([sys.executable, "-c", "raise SystemExit('no such thing')"], tmp_path)


def test_what_two_commits_take_is_told_side_by_side() -> None:
    assert versus("film", "frames, s", 1.5, 0.6) == ("film", "frames, s", "1.50", "0.60", "2.50")
    assert versus("film", "frames beyond decoding, ms a frame", 0.2, -0.1)[-1] == ""
