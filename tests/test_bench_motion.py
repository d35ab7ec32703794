"""bench.motion: that it runs, and that memory does not grow with the number of clips."""

import pytest

from bench import motion


def test_it_measures_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert motion.main(["--rounds", "1", "--side", "64", "--clips"]) == 0
    said = capsys.readouterr().out
    assert "16 frames of 64x64 px, CPU seconds a step: genga " in said and "\nratio " in said


def test_memory_does_not_grow_with_the_number_of_clips() -> None:
    few, many = motion.peak(2, 64), motion.peak(12, 64)
    assert many < few * 1.02 + 8  # MB
