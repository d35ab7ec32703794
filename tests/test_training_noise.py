"""genga.training.noise: offset, coarser layers and perturbation, by numbers worked out by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from genga.training import noise as module
from genga.training.noise import noise, noised, perturbed, signal_to_noise, target

SHAPE = (4, 8, 16)


def draw():
    return np.random.default_rng(0)


def test_plain_noise_is_the_first_thing_drawn():
    assert torch.equal(noise(SHAPE, draw()), torch.from_numpy(draw().standard_normal(SHAPE, dtype=np.float32)))


def test_an_offset_is_a_constant_per_channel():
    added = noise(SHAPE, draw(), offset=0.1) - noise(SHAPE, draw())
    assert added.flatten(1).std(dim=1).max() < 1e-6
    assert len(set(added[:, 0, 0].tolist())) == 4


def test_coarser_layers_keep_unit_variance_and_move_neighbours_together():
    made, plain = (noise((4, 64, 64), draw(), iterations=count, discount=0.9) for count in (6, 0))
    assert made.std().item() == pytest.approx(1.0, abs=1e-5)
    alike = [(grid[:, :, 1:] * grid[:, :, :-1]).mean().item() for grid in (made, plain)]
    assert alike[0] > 0.3
    assert abs(alike[1]) < 0.05


@pytest.mark.parametrize(
    ("ratio", "sizes"),  # of 64 px; the last layer is the first with a side of 1
    [(2.0, [64, 32, 16, 8, 4, 2, 1]), (2.75, [64, 23, 8, 3, 1]), (3.99, [64, 16, 4, 1])],
)
def test_layers_are_the_first_size_over_powers_of_one_ratio(monkeypatch, ratio, sizes):
    drawn = []
    monkeypatch.setattr(module, "normal", lambda shape, draw: drawn.append(shape) or torch.ones(shape))
    fixed = SimpleNamespace(random=lambda: (ratio - 2) / 2)
    noise((4, 64, 64), fixed, iterations=10)
    assert drawn == [(4, 64, 64), *((1, 4, size, size) for size in sizes)]
    drawn.clear()
    noise((4, 16, 64), SimpleNamespace(random=lambda: 0.0), iterations=10)
    assert drawn[1:] == [(1, 4, 16, 64), (1, 4, 8, 32), (1, 4, 4, 16), (1, 4, 2, 8), (1, 4, 1, 4)]


def test_signal_to_noise():
    assert signal_to_noise(torch.tensor([0.9, 0.5, 0.2]), torch.tensor([2, 1, 0])).tolist() == pytest.approx(
        [0.25, 1.0, 9.0]
    )


def test_a_perturbation_is_more_noise_of_its_own_strength():
    noises = torch.zeros(2, *SHAPE)
    assert perturbed(noises, iter([draw(), draw()]), 0.0) is noises
    more = perturbed(noises, iter([draw(), np.random.default_rng(1)]), 0.5)
    assert torch.equal(more[0], 0.5 * noise(SHAPE, draw())) and not torch.equal(more[0], more[1])


def test_noised_and_targets():
    latents, of_noise = torch.full((1, 1, 1, 1), 2.0), torch.full((1, 1, 1, 1), 10.0)
    kept, timestep = torch.tensor([0.64]), torch.tensor([0])
    assert noised(latents, of_noise, kept, timestep).item() == pytest.approx(0.8 * 2 + 0.6 * 10)
    assert target(latents, of_noise, kept, timestep, "epsilon").item() == 10.0
    assert target(latents, of_noise, kept, timestep, "v_prediction").item() == pytest.approx(0.8 * 10 - 0.6 * 2)
