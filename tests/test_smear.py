"""Stills smeared by motion beside sharp ones of their clip: drawn, with the stroke by which each is smeared known."""

import cv2
import numpy as np
import polars as pl
import pytest
from test_quality import PARAMS, drawing

from genga.drawings.quality import at_side, grey, quality
from genga.drawings.smear import FEW, along, smears

LIMIT = 0.15  # as params.yaml has it


def scene(seed: int) -> np.ndarray:
    """Flat shapes with dark outlines on a soft sky, under a little grain: (360, 640, 3)."""
    rng = np.random.default_rng(seed)
    image = np.ascontiguousarray(np.broadcast_to(np.linspace(120, 230, 360)[:, None, None], (360, 640, 3)), np.float64)
    for _ in range(6):
        place, size = (tuple(int(v) for v in rng.integers(low, high, 2)) for low, high in ((60, 300), (20, 90)))
        turn, colour = float(rng.uniform(0, 180)), tuple(float(v) for v in rng.integers(40, 250, 3))
        place = (place[0] * 2, place[1])
        cv2.ellipse(image, place, size, turn, 0, 360, colour, -1, cv2.LINE_AA)
        cv2.ellipse(image, place, size, turn, 0, 360, (30, 20, 20), 3, cv2.LINE_AA)
    return (image + rng.normal(0, 1.5, image.shape)).clip(0, 255).astype(np.uint8)


def smeared(image: np.ndarray, length: int, degrees: float) -> np.ndarray:
    """The image as a shutter shows it that is open while the camera goes so many px in one direction."""
    stroke, far = np.zeros((4 * length + 9, 4 * length + 9), np.uint8), 2 * length + 4
    end = [round(2 * (length - 1) * turn(np.radians(degrees))) for turn in (np.cos, np.sin)]
    cv2.line(stroke, (far - end[0], far - end[1]), (far + end[0], far + end[1]), 255, 4)
    kernel = cv2.resize(stroke.astype(np.float32), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def of_clip(images: list[np.ndarray]) -> list[float | None]:
    return smears([along(at_side(grey(image), 480)) for image in images])


@pytest.mark.parametrize("length", [9, 15])
def test_stills_that_are_smeared_are_told_from_the_others(length: int) -> None:
    images = [scene(number) for number in range(40)]
    moved = {number: smeared(images[number], length, 18.0 * number) for number in range(10)}
    found = of_clip([moved.get(number, image) for number, image in enumerate(images)])
    assert sum(value < LIMIT for value in found[:10]) >= 9
    assert sum(value < LIMIT for value in found[10:]) == 0


def test_what_is_soft_all_round_is_not_smeared() -> None:
    images = [scene(number) for number in range(20)]
    found = of_clip([*images[:10], *(cv2.GaussianBlur(image, (0, 0), 2) for image in images[10:])])
    assert min(found) > LIMIT


def test_a_horizon_is_not_smeared() -> None:
    sea = np.full((360, 640, 3), 200, np.uint8)
    sea[180:220], sea[220:] = 110, 150
    cv2.ellipse(sea, (330, 70), (60, 24), 0, 0, 360, (235, 235, 235), -1, cv2.LINE_AA)
    sea = (sea + np.random.default_rng(0).normal(0, 1.5, sea.shape)).clip(0, 255).astype(np.uint8)
    assert of_clip([*(scene(number) for number in range(15)), sea])[-1] > LIMIT


def test_equal_stills_are_as_usual_and_of_few_nothing_is_usual() -> None:
    same = along(grey(drawing()))
    assert smears([same] * FEW) == [1.0] * FEW
    assert smears([same] * (FEW - 1)) == [None] * (FEW - 1) and smears([]) == []


def test_a_picture_smaller_than_a_tile_is_sharp_alike_all_round() -> None:
    assert along(np.zeros((20, 40), np.uint8)) == (1.0,) * 12


def test_the_table_has_it_and_the_tier_does_not_change() -> None:
    images = [(str(number), scene(number)) for number in range(12)]
    images.append(("moved", smeared(scene(12), 15, 40.0)))
    table = quality([images[:5], images[5:]], PARAMS)
    assert table.filter(pl.col("smear") < LIMIT)["still"].to_list() == ["moved"]
    few = quality([images[:3]], PARAMS)
    assert few["smear"].to_list() == [None] * 3 and few["tier"].to_list() == table["tier"].to_list()[:3]
