"""A camera that goes away from a soft picture is no dissolve; two pictures laid over each other are, moved or not."""

import cv2
import numpy as np
import pytest

from genga.drawings._shots.dissolves import gradual
from genga.drawings._shots.events import Passage
from genga.drawings._shots.whips import goes_away
from genga.video.luma_grid import Cells

SIZE = (213, 120)  # of a grid, columns and rows


def textured(seed: int, size: tuple[int, int], fine: float, broad: float) -> np.ndarray:
    """Soft texture of two sizes, (rows, columns), each of deviation 1, one after the other."""
    draw = np.random.default_rng(seed)
    fields = [cv2.GaussianBlur(draw.normal(0, 1, size).astype(np.float32), (0, 0), soft) for soft in (fine, broad)]
    return np.stack([field / field.std() for field in fields])


def pulled_back(frames: int = 54) -> list[Cells]:
    """A meadow, from which the camera goes away and tilts up to where it is lighter and has no blades."""
    fine, broad = textured(1, (480, 852), 1.2, 20)
    far = np.linspace(1, 0, 480, dtype=np.float32)[:, None]
    meadow = 90 + 90 * far**1.5 + 5 * broad + 12 * fine * (1 - far)
    grids = []
    for share in np.linspace(0, 1, frames):
        gone = share * share * (3 - 2 * share)  # it starts and stops slowly
        width, height = 767 * (0.2 + 0.8 * gone), 240 * (0.2 + 0.8 * gone)
        to = np.array([[width / 213, 0, 426 - width / 2], [0, height / 120, 456 - 200 * gone - height / 2]])
        soft = cv2.GaussianBlur(meadow, (0, 0), width / 426) if width > 213 else meadow
        seen = cv2.warpAffine(
            soft, to, SIZE, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT
        )
        grids.append(np.clip(seen, 0, 255).astype(np.uint8))
    return [grids[0]] * 20 + grids + [grids[-1]] * 20


def laid_over(length: int, step: float, way: int, grows: float) -> list[Cells]:
    """A dissolve of two soft pictures, of which the first goes `step` cells a frame and the second its `way`."""
    pictures = [np.clip(120 + 25 * fine + 30 * broad, 0, 255).astype(np.uint8)
                for fine, broad in (textured(seed, (160, 400), 2.5, 18) for seed in (1, 51))]  # fmt: skip
    grids = []
    for frame in range(length + 24):
        share = min(1.0, max(0.0, (frame - 12) / length))
        scale = 1 + grows * frame
        seen = [
            cv2.warpAffine(
                picture,
                np.array([[1 / scale, 0, 60 + move], [0, 1 / scale, 20]]),
                SIZE,
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            )
            for picture, move in zip(pictures, (step * frame, step * frame * way), strict=True)
        ]
        grids.append(cv2.addWeighted(seen[0], 1 - share, seen[1], share, 0))
    return grids


def test_a_camera_that_goes_away_from_a_soft_picture_is_no_dissolve() -> None:
    grids = pulled_back()
    (told,) = gradual(grids, [False] * len(grids), 0.35, 12.0)
    assert told.kind == "dissolve" and told.end - told.start > 40, "its frames are mixtures of its ends"
    assert goes_away(grids, told.start - 1, told.end)
    assert goes_away(grids[::-1], len(grids) - 1 - told.end, len(grids) - told.start)


@pytest.mark.parametrize("length", [8, 16, 30])
@pytest.mark.parametrize(
    ("step", "way", "grows"), [(0, 1, 0), (1, 1, 0), (1, -1, 0), (2, 1, 0), (1, 0, 0), (0, 1, 0.004)]
)
def test_two_pictures_are_a_dissolve_though_both_are_moved(length: int, step: float, way: int, grows: float) -> None:
    grids = laid_over(length, step, way, grows)
    passage = Passage("dissolve", 12, 12 + length, 12 + length // 2)
    assert not goes_away(grids, passage.start - 1, passage.end)
