"""genga.training.plan: the learning rate, step by step."""

import pytest

from genga.training.plan import learning_rate_factor


def factors(total, warmup, schedule):
    return [learning_rate_factor(step, total, warmup, schedule) for step in range(1, total + 1)]


def test_warm_up_then_constant():
    assert factors(6, 3, "constant") == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]


def test_linear_would_reach_zero_after_the_last_step():
    assert factors(4, 0, "linear") == [1.0, 0.75, 0.5, 0.25]


def test_cosine_is_half_way_in_the_middle():
    assert factors(4, 0, "cosine") == pytest.approx([1.0, 0.853553, 0.5, 0.146447], abs=1e-6)


def test_a_warm_up_longer_than_the_run_never_falls():
    assert factors(2, 3, "cosine") == [0.25, 0.5]
