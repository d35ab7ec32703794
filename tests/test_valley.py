"""The place between noise and change."""

import numpy as np
import pytest

from genga.drawings.bimodal_threshold import below_hill, gap_above, valley


def test_without_data_it_is_the_usual_value() -> None:
    assert abs(valley(np.array([]), 14, 8, 32) - 14) < 0.2
    assert abs(valley(np.array([1.0, 2.0, 150.0]), 14, 8, 32) - 14) < 0.2  # nothing near


def test_it_moves_above_loud_noise_and_below_quiet_changes() -> None:
    loud = np.array([9.0, 10, 11, 12, 13, 14, 15] * 10 + [40.0] * 10)
    assert 17 < valley(loud, 14, 8, 32) < 32
    quiet = np.array([1.0] * 50 + [14.0, 15, 16, 17] * 5)
    assert 8 <= valley(quiet, 14, 8, 32) < 12


NOISE = [2.0, 2.1, 2.2, 2.3, 2.4] * 10


def test_a_hill_of_small_changes_above_the_noise_is_found() -> None:
    mouths = [9.5, 10, 10, 10.5, 11, 11.5]
    assert 5 <= below_hill(np.array(NOISE + mouths), 16.0, 5.0) < 9.5
    assert below_hill(np.array(NOISE), 16.0, 5.0) == 16.0
    assert below_hill(np.array([*NOISE, 10.0]), 16.0, 5.0) == 16.0  # one of 51 is noise
    assert below_hill(np.array([]), 16.0, 5.0) == 16.0


def test_noise_is_no_hill_of_drawings() -> None:
    loud = [6.0, 7, 8, 9, 10, 11, 12] * 7
    assert below_hill(np.array([1.0] * 5 + loud), 16.0, 5.0) == 16.0  # there is more of it than below
    assert below_hill(np.array([1.0] * 60 + [8.0] * 12 + [90.0] * 20), 16.0, 5.0) == 16.0  # the drawings are above


def test_the_gap_above_most_of_few_values() -> None:
    noise = [8.0, 9.0, 10.0, 10.0, 11.0, 12.0]
    assert gap_above(np.array(noise), 13.0, 22.0) == pytest.approx(np.sqrt(12 * 22))  # nothing else is there
    assert gap_above(np.array([*noise, 16.0, 17.0]), 13.0, 22.0) == pytest.approx(np.sqrt(12 * 16))  # the first
    assert gap_above(np.array([*noise, 13.5, 15.0, 16.5, 18.5]), 13.0, 22.0) == pytest.approx(np.sqrt(18.5 * 22))
    assert gap_above(np.array([*noise, 90.0]), 13.0, 22.0) == gap_above(np.array(noise), 13.0, 22.0)
    assert gap_above(np.zeros(5), 0.0, 0.0) == 0.0
