"""genga.training.rng: a random draw depends on its key alone."""

import torch

from genga.training.rng import digest, generator, normal


def test_a_draw_depends_on_its_key_alone():
    first = generator(0, 1, "image", "noise").random(3).tolist()
    generator(0, 1, "image", "flip").random(100)
    assert generator(0, 1, "image", "noise").random(3).tolist() == first
    assert generator(0, 2, "image", "noise").random(3).tolist() != first


def test_the_stream_is_pinned():
    # SHA-256 and Philox are the same on every machine; another value here makes every run another run
    assert generator(0, 1, "image", "noise").integers(1000, size=4).tolist() == [123, 935, 649, 847]


def test_parts_of_a_key_do_not_run_together():
    assert digest("a", "bc") != digest("ab", "c")


def test_normal_is_standard():
    drawn = normal((100, 100), generator(0))
    assert drawn.dtype == torch.float32
    assert abs(drawn.mean()) < 0.03
    assert abs(drawn.std() - 1) < 0.03
