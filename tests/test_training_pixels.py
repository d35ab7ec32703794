"""genga.training.transforms: scaled, cut, and put between -1 and 1."""

import numpy as np

from genga.training.transforms import Cut, bucketed, to_tensor


def test_an_image_is_scaled_then_cut():
    image = np.zeros((8, 32, 3), np.uint8)
    image[:, 16:] = 200  # the right half
    made = bucketed(image, Cut((16, 4), (4, 0, 12, 4)))
    assert made.shape == (4, 8, 3)
    assert (made[:, :4] == 0).all()
    assert (made[:, 4:] == 200).all()


def test_the_bucket_is_the_size_of_the_box():
    assert Cut((128, 72), (0, 4, 128, 68)).bucket == (128, 64)


def test_an_image_of_the_buckets_size_is_left_alone():
    image = np.random.default_rng(0).integers(0, 255, (16, 24, 3), dtype=np.uint8)
    assert (bucketed(image, Cut((24, 16), (0, 0, 24, 16))) == image).all()


def test_pixels_become_minus_one_to_one():
    image = np.array([[[0, 51, 255]]], np.uint8)
    made = to_tensor(image)
    assert made.shape == (1, 3, 1, 1)
    assert made.flatten().tolist() == [-1.0, -0.6000000238418579, 1.0]
