"""Bootstrap intervals."""

import numpy as np
import pytest

from genga.evaluation.bootstrap import Interval, draws, interval, out_of_bag, said_interval
from genga.evaluation.verdict import verdict


def test_draws_repeat_with_their_seed_and_hold_every_pair_about_once():
    drawn = draws(10, 500, 3)
    assert drawn.shape == (500, 10)
    assert np.array_equal(drawn, draws(10, 500, 3))
    assert not np.array_equal(drawn, draws(10, 500, 4))
    assert np.bincount(drawn.ravel(), minlength=10).min() > 400


def test_interval_of_a_hand_made_bootstrap():
    # The three bootstrap samples have means 0, 1 and 2: the middle half of them reaches from 0.5 to 1.5.
    drawn = np.array([[0, 0], [0, 1], [1, 1]])
    assert interval(np.array([0.0, 2.0]), drawn, 0.5) == Interval(1.0, 0.5, 1.5)


def test_interval_of_equal_values_has_no_width():
    assert interval(np.full(8, 0.25), draws(8, 200, 0), 0.95) == Interval(0.25, 0.25, 0.25)


def test_interval_covers_the_true_mean_as_often_as_it_says():
    rng = np.random.default_rng(1)
    drawn = draws(40, 300, 2)
    inside = [found.low <= 0 <= found.high for found in (interval(rng.normal(size=40), drawn, 0.9) for _ in range(300))]
    assert np.mean(inside) == pytest.approx(0.9, abs=0.06)


@pytest.mark.parametrize(
    "low, high, word", [(0.1, 0.3, "better"), (-0.3, -0.1, "worse"), (-0.1, 0.1, "undecided"), (0.0, 0.2, "undecided")]
)
def test_a_difference_decides_only_if_its_interval_leaves_zero_out(low, high, word):
    assert Interval((low + high) / 2, low, high).decides == word


def test_out_of_bag_measures_a_choice_where_it_was_not_made():
    differences = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 5.0]])
    drawn = np.array([[0, 0, 1], [2, 2, 2]])
    chosen = np.array([0, 1])
    # The first leaves pair 2 out, where checkpoint 0 gains nothing; the second leaves 0 and 1, where 1 gains nothing.
    assert out_of_bag(differences, chosen, drawn) == 0.0
    assert out_of_bag(differences, np.array([1, 0]), drawn) == (5.0 + 0.5) / 2


def test_out_of_bag_needs_a_pair_left_out():
    assert out_of_bag(np.array([[1.0]]), np.array([0]), np.array([[0]])) is None


def test_figures_are_rounded():
    assert Interval(1 / 3, 0.0, 2 / 3).as_dict() == {"mean": 0.333333, "low": 0.0, "high": 0.666667}


def test_next_to_nothing_is_said_without_a_sign_that_means_less():
    found = {"mean": -0.001, "low": -0.004, "high": 0.003}
    assert said_interval(found) == "0.00 [0.00, 0.00]" and said_interval(found, "+") == "+0.00 [+0.00, +0.00]"
    figures = {
        "selection": {"step": 1},
        "steps": [{"step": step, "recognition_v1": {"mean": 0.5}} for step in (0, 1)],
        "difference": {"recognition_v1": found},
        "bootstrap": {"confidence": 0.95},
    }
    assert "difference +0.00 (95% interval +0.00 to +0.00)" in verdict(figures)
