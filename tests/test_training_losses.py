"""genga.training.losses: distances, weights of timesteps and masks, by numbers worked out by hand."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from training_params import params

from genga.errors import GengaError
from genga.images.codec import encode_mask
from genga.training.examples import Example
from genga.training.losses import check_masks, distance, huber_delta, loss_weight, losses, weights_of_px
from genga.training.noise import schedule_of
from genga.training.plan import Look
from genga.training.transforms import Cut, moved

RATIOS = torch.tensor([0.5, 4.0, 25.0, 1e6])  # signal to noise
EVERY = torch.arange(4)
TEXT, PERSON = (4, 8, 16, 16), (0, 0, 8, 16)  # of an image of 16x16 px


def schedule(prediction):
    return schedule_of((RATIOS.double() / (RATIOS.double() + 1)), prediction)


def example(text=(), persons=(), cut=Cut((16, 16), (0, 0, 16, 16)), original=(16, 16), weight=1.0):
    return Example("i", "s/e/0", None, "a", 0, cut, ("", 0, 0, "x"), 1, weight, original, text=text, persons=persons)


def test_distances_of_errors_three_and_four_tenths():
    predicted, wanted = torch.tensor([3.0, 0.4, 0.0]), torch.zeros(3)
    assert distance(predicted, wanted, params(), 0.1).tolist() == pytest.approx([9.0, 0.16, 0.0])
    # sqrt(0.4^2 + 0.3^2) = 0.5, so 2 * (0.5 - 0.3) = 0.4, and 0.3 times that
    bent = 2 * (math.sqrt(9.09) - 0.3)
    smooth = distance(predicted, wanted, params(loss="smooth_l1"), 0.3)
    assert smooth.tolist() == pytest.approx([bent, 0.4, 0.0])
    huber = distance(predicted, wanted, params(loss="huber"), 0.3)
    assert huber.tolist() == pytest.approx([0.3 * bent, 0.12, 0.0])


def test_delta_falls_from_one_as_noise_grows():
    # sigma = 1 / sqrt(snr) for the ratios of EVERY: sqrt(2), 1/2, 1/5, 1/1000
    of_noise, bent = schedule("epsilon"), {"loss": "huber", "huber_delta": 0.1}
    assert huber_delta(of_noise, EVERY, params(**bent)) == 0.1
    assert huber_delta(of_noise, EVERY, params(huber_delta=0.1, huber_schedule="snr")) == 0.1  # of l2 it is none
    found = huber_delta(of_noise, EVERY, params(**bent, huber_schedule="snr"))
    sigmas = [math.sqrt(2), 0.5, 0.2, 0.001]
    assert found.tolist() == pytest.approx([0.1 + 0.9 / (1 + sigma) ** 2 for sigma in sigmas])
    assert found[1].item() == pytest.approx(0.5)
    found = huber_delta(of_noise, EVERY, params(**bent, huber_schedule="exponential"))
    assert found.tolist() == pytest.approx([1.0, 0.1**0.25, 0.1**0.5, 0.1**0.75])  # of four timesteps
    silent = replace(of_noise, snr=lambda at: torch.zeros(len(at)))  # noise alone: zero terminal SNR
    assert huber_delta(silent, EVERY, params(**bent, huber_schedule="snr")).tolist() == pytest.approx([0.1] * 4)


def test_each_look_has_its_own_delta():
    predicted, wanted = torch.full((2, 1, 1, 1), 3.0), torch.zeros(2, 1, 1, 1)
    values = params(loss="huber", huber_delta=0.1, huber_schedule="snr")
    looks = [Look(example(), 1, 0, "", False, 0)] * 2
    found = losses(predicted, wanted, EVERY[:2], looks, schedule("epsilon"), values)
    deltas = [0.1 + 0.9 / (1 + math.sqrt(2)) ** 2, 0.5]
    assert found.tolist() == pytest.approx([2 * d * (math.sqrt(9 + d**2) - d) for d in deltas])


def test_a_schedule_that_would_rise_is_refused():
    with pytest.raises(
        ValueError, match="huber_schedule snr falls from 1 to huber_delta, which is 2; set that to 1 or"
    ):
        params(loss="huber", huber_delta=2.0, huber_schedule="snr")


def test_min_snr_weights():
    of_noise, velocity = schedule("epsilon"), schedule("v_prediction")
    gamma = params(min_snr_gamma=5.0)
    assert loss_weight(of_noise, EVERY, gamma).tolist() == pytest.approx([1.0, 1.0, 0.2, 5e-6])
    assert loss_weight(velocity, EVERY, gamma).tolist() == pytest.approx([0.5 / 1.5, 4 / 5, 5 / 26, 5e-6], rel=1e-5)
    assert loss_weight(velocity, EVERY, params()).tolist() == [1.0, 1.0, 1.0, 1.0]


def test_debiased_weights_are_limited_where_there_is_hardly_any_noise():
    debiased = params(debiased=True)
    assert loss_weight(schedule("epsilon"), EVERY, debiased).tolist() == pytest.approx(
        [math.sqrt(2), 0.5, 0.2, 1 / math.sqrt(1000)]
    )
    assert loss_weight(schedule("v_prediction"), EVERY, debiased).tolist() == pytest.approx(
        [1 / 1.5, 1 / 5, 1 / 26, 1 / 1001]
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"debiased": True, "min_snr_gamma": 5.0}, "debiased and min_snr_gamma both weigh timesteps; set debiased to"),
        ({"patience": 2}, "patience asks for the held-out loss; set held_out above 0, or patience to 0"),
    ],
)
def test_what_does_not_go_together_is_refused(wrong, message):
    with pytest.raises(ValidationError, match=re.escape(message)):
        params(**wrong)


def test_a_mask_is_the_mean_over_the_px_of_each_latent():
    hidden = params(mask_text=0.0)
    # of 8x8 px: above no text; below the left half of the first is free, all of the second is under it
    assert weights_of_px(example([TEXT]), False, (2, 2), hidden).tolist() == [[1.0, 1.0], [0.5, 0.0]]
    assert weights_of_px(example([TEXT]), True, (2, 2), hidden).tolist() == [[1.0, 1.0], [0.0, 0.5]]
    weak = params(mask_text=0.5, mask_background=0.25)
    assert weights_of_px(example([TEXT], [PERSON]), False, (2, 2), weak).tolist() == [[1.0, 0.25], [0.75, 0.125]]
    assert weights_of_px(example(), False, (1, 1), weak).tolist() == [[0.25]]
    assert weights_of_px(example([TEXT, TEXT]), False, (2, 2), hidden).tolist() == [[1.0, 1.0], [0.5, 0.0]]


def test_a_background_that_is_hidden_leaves_somebody():
    check_masks([example(), example(persons=[PERSON])], params(mask_background=0.0))
    check_masks([example()], params(mask_background=0.1))
    with pytest.raises(GengaError, match="^params.yaml:train.mask_background: no image shows a person, nothing"):
        check_masks([example([TEXT])], params(mask_background=0.0))


def test_a_box_is_scaled_and_cut_with_its_image():
    half = Cut((40, 30), (4, 0, 36, 30))  # of 80x60 px: shrunk to a half, 4 px cut off left and right
    assert moved((10, 10, 20, 21), (80, 60), half) == (1, 5, 6, 11)  # 5 .. 10 and 5 .. 10.5, rounded outwards
    assert moved((0, 0, 80, 60), (80, 60), half) == (0, 0, 32, 30)
    x0, _, x1, _ = moved((0, 0, 8, 60), (80, 60), half)  # all of it is cut off
    assert x0 == x1


def test_a_persons_mask_is_used_where_there_is_one():
    left = encode_mask(np.repeat([[True, False]], 2, axis=0))  # of a box that reaches half beyond the image
    masked = replace(example(persons=[(0, 0, 8, 16)]), masks=(((-8, 0, 8, 16), left),))
    right = replace(masked, masks=(((-8, 0, 8, 16), encode_mask(np.repeat([[False, True]], 2, axis=0))),))
    values = params(mask_background=0.25)
    assert weights_of_px(masked, False, (2, 2), values).tolist() == [[0.25, 0.25]] * 2
    assert weights_of_px(right, False, (2, 2), values).tolist() == [[1.0, 0.25]] * 2
    assert weights_of_px(right, True, (2, 2), values).tolist() == [[0.25, 1.0]] * 2
    whole = replace(masked, masks=(((0, 0, 8, 16), None),))  # a person of whom nobody says more
    assert weights_of_px(whole, False, (2, 2), values).tolist() == [[1.0, 0.25]] * 2
    cut = replace(right, cut=Cut((32, 32), (0, 16, 16, 32)))
    assert weights_of_px(cut, False, (2, 2), values).tolist() == [[1.0, 1.0]] * 2


def test_a_masked_look_weighs_as_much_as_is_left_of_it():
    looks = [Look(example([TEXT], weight=0.5), 1, 0, "a", False, 0), Look(example(), 1, 0, "a", False, 0)]
    predicted = torch.tensor([[[[1.0, 2.0], [2.0, 9.0]]], [[[1.0, 2.0], [2.0, 1.0]]]])
    given = (predicted, torch.zeros(2, 1, 2, 2), torch.tensor([0, 0]), looks, schedule("epsilon"))
    plain, masked = losses(*given, params()), losses(*given, params(mask_text=0.0))
    assert plain.tolist() == [0.5 * (1 + 4 + 4 + 81) / 4, (1 + 4 + 4 + 1) / 4]
    assert masked.tolist() == [0.5 * (1 + 4 + 0.5 * 4 + 0) / 4, (1 + 4 + 4 + 1) / 4]


def test_a_phase_has_a_loss_of_its_own_but_not_a_held_out_loss():
    values = params(phases=[{}, {"loss": "huber", "mask_text": 0.0}])
    assert [(values.phase(n).loss, values.phase(n).mask_text) for n in (0, 1)] == [("l2", 1.0), ("huber", 0.0)]
    with pytest.raises(ValidationError, match="held_out"):
        params(phases=[{"held_out": 2}])
