"""genga.training.transforms: scaled, cut, and put between -1 and 1."""

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

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


@pytest.mark.parametrize("enlarge", ["opencv", "pillow", "area"])
def test_what_enlarges_is_said_and_shrinking_averages(enlarge):
    image = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    by_pillow = np.asarray(Pillow.fromarray(image).resize((48, 32), Pillow.Resampling.LANCZOS))
    wanted = {"opencv": cv2.resize(image, (48, 32), interpolation=cv2.INTER_LANCZOS4), "pillow": by_pillow}
    wanted["area"] = image.repeat(2, axis=0).repeat(2, axis=1)
    assert (bucketed(image, Cut((48, 32), (0, 0, 48, 32)), enlarge) == wanted[enlarge]).all()
    assert len({one.tobytes() for one in wanted.values()}) == 3
    halved = cv2.resize(image, (12, 8), interpolation=cv2.INTER_AREA)
    assert (bucketed(image, Cut((12, 8), (0, 0, 12, 8)), enlarge) == halved).all()


def test_what_grows_along_one_side_only_is_enlarged_by_pillow():
    image = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    wanted = np.asarray(Pillow.fromarray(image).resize((26, 15), Pillow.Resampling.LANCZOS))
    assert (bucketed(image, Cut((26, 15), (0, 0, 26, 15)), "pillow") == wanted).all()


def test_pixels_become_minus_one_to_one():
    image = np.array([[[0, 51, 255]]], np.uint8)
    made = to_tensor(image)
    assert made.shape == (1, 3, 1, 1)
    assert made.flatten().tolist() == [-1.0, -0.6000000238418579, 1.0]
