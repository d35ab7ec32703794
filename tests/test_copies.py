"""Telling copies by their pixels."""

import math

import numpy as np
import pytest

from genga.evaluation.memorization import copy_threshold, excess, print_differences, thumbprints


def drawing(seed: int) -> np.ndarray:
    """A smooth picture that is like no other seed's."""
    rough = np.random.default_rng(seed).integers(0, 256, (4, 4, 3))
    return np.kron(rough, np.ones((16, 16, 1))).astype(np.uint8)


def test_a_picture_is_no_different_from_itself_brighter_smaller_or_mirrored():
    picture = drawing(1)
    brighter = (picture // 2 + 90).astype(np.uint8)
    prints = thumbprints([picture, brighter, picture[::2, ::2].copy(), picture[:, ::-1].copy()])
    assert print_differences(prints[:1], prints)[0] == pytest.approx([0, 0, 0, 0], abs=1e-3)
    assert print_differences(prints[:1], prints)[0, 0] == 0.0


def test_another_picture_is_different():
    assert print_differences(thumbprints([drawing(1)]), thumbprints([drawing(2)]))[0, 0] > 0.2


def test_a_negative_is_as_different_as_can_be():
    wide = np.zeros((64, 64, 3), np.uint8)
    wide[:32] = 255  # symmetric, so that the mirror image is no help
    assert print_differences(thumbprints([wide]), thumbprints([255 - wide]))[0, 0] == pytest.approx(1.0)


def test_a_flat_picture_has_no_print_and_is_halfway_from_all():
    flat = np.full((64, 64, 3), 128, np.uint8)
    assert print_differences(thumbprints([flat]), thumbprints([drawing(1), flat]))[0].tolist() == [0.5, 0.5]


def test_a_correlation_is_of_exact_sums():
    # Whatever order they are added up in: once to whole numbers, then a root and a division.
    prints = np.random.default_rng(0).integers(0, 256, (3, 32 * 32 * 3), np.uint8)
    found = print_differences(prints[:1], prints[1:])[0].tolist()
    a, *others = prints.tolist()
    for b, difference in zip(others, found, strict=True):
        mirrored = np.array(b).reshape(32, 32, 3)[:, ::-1].ravel().tolist()
        n = len(a)
        most = max(sum(x * y for x, y in zip(a, other, strict=True)) for other in (b, mirrored))
        spread = [n * sum(x * x for x in one) - sum(one) ** 2 for one in (a, b)]
        assert difference == (1 - (n * most - sum(a) * sum(b)) / math.sqrt(float(spread[0]) * float(spread[1]))) / 2


def test_pictures_without_others_have_no_difference():
    assert print_differences(thumbprints([drawing(1)]), thumbprints([])).shape == (1, 0)


def test_the_threshold_is_how_near_held_out_drawings_come():
    # Their nearest training images are at 0.1, 0.2, 0.3, 0.4 and 0.5.
    differences = np.array([[0.9, 0.1], [0.2, 0.9], [0.3, 0.3], [0.9, 0.4], [0.5, 0.6]], np.float32)
    assert copy_threshold(differences, 0.25) == pytest.approx(0.2)


def test_only_what_goes_beyond_chance_counts():
    assert excess(np.array([0.0, 0.05, 0.1, 1.0]), 0.05) == pytest.approx([0, 0, 0.05 / 0.95, 1])
