"""A picture that creeps by parts of a cell a frame is one drawing, and a mouth in it is another."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from genga.drawings._dedup.creeping import Creeping
from genga.drawings._dedup.holds import runs
from genga.drawings._text.tracks import MaskedGrids
from genga.drawings.static_tiles import Noise
from genga.video.luma_grid import Cells

LIVE = np.ones((120, 160), bool)
THRESHOLD = 12.0
FRAMES = 42


def painted() -> np.ndarray:
    """A picture of 480 lines: a soft wash, and hair lines of a px or two, darker than it by 160 levels."""
    rng = np.random.default_rng(3)
    wash = cv2.resize(rng.integers(140, 230, (10, 13)).astype(np.float32), (640, 480), interpolation=cv2.INTER_CUBIC)
    for x, y, dx, dy in rng.integers([0, 0, -60, -120], [640, 480, 60, 120], (120, 4)).tolist():
        cv2.line(wash, (x, y), (x + dx, y + dy), 40.0, 1, cv2.LINE_AA)
    return wash


PICTURE = painted()


def filmed(grows: Sequence[float], mouth: Sequence[int] = (), apart: float = 0.0) -> list[Cells]:
    """The picture, larger by these parts in frame after frame, as grids of 120 lines.

    mouth: frames in which one of 5x3 px is open. apart: px by which its left half goes down meanwhile, at most.
    """
    grids = []
    for k, grown in enumerate(grows):
        image = PICTURE.copy()
        if k in mouth:
            image[300:303, 320:325] -= 110
        down = apart * k / len(grows)
        right, left = (larger(image, 1 + grown, by) for by in (0.0, down))
        seen = right if not apart else np.hstack([left[:, :320], right[:, 320:]])
        grids.append(cv2.resize(seen, (160, 120), interpolation=cv2.INTER_AREA).clip(0, 255).round().astype(np.uint8))
    return grids


def larger(image: np.ndarray, by: float, down: float) -> np.ndarray:
    """An image larger around its middle, and so many px farther down."""
    motion = np.array([[by, 0, 320 * (1 - by)], [0, by, 240 * (1 - by) + down]], np.float32)
    return cv2.warpAffine(image, motion, (640, 480), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


SLOWLY = [0.0006 * k for k in range(FRAMES)]  # corners go by .06 cells a frame


def drawings(grids: Sequence[Cells], creeps: bool = True) -> list[int]:
    """The frames that begin a drawing in a shot of these grids, whose camera nothing else follows."""
    seen = MaskedGrids(grids, [])
    creeping = Creeping(seen, 0, len(grids), (), LIVE, Noise(0.0, 0.0)) if creeps else None
    shot = {"shot": 0, "start": 0, "end": len(grids)}
    return [run.frames[0] for run in runs(seen, shot, (), {}, THRESHOLD, creeping=creeping)]


def test_a_slow_zoom_over_hair_lines_is_one_drawing() -> None:
    assert len(drawings(filmed(SLOWLY), creeps=False)) > 3  # each is too far from the first one
    assert drawings(filmed(SLOWLY)) == [0]


def test_layers_that_creep_beside_each_other_are_one_drawing() -> None:
    layers = filmed(SLOWLY, apart=6.0)
    assert len(drawings(layers, creeps=False)) > 3
    assert drawings(layers) == [0]


@pytest.mark.parametrize(("faster", "apart"), [(2, 0.0), (3, 0.0), (1, 24.0)])
def test_lines_that_go_by_more_than_their_width_are_one_drawing(faster: int, apart: float) -> None:
    quickly = [faster * grown for grown in SLOWLY]
    assert len(drawings(filmed(quickly, apart=apart), creeps=False)) > 10
    assert drawings(filmed(quickly, apart=apart)) == [0]  # cell by cell they go on nowhere: 42 drawings for 3 and 24
    assert drawings(filmed(quickly, (20, 21, 22), apart)) == [0, 20, 23]


def test_a_window_goes_as_one_and_a_mouth_in_it_is_left() -> None:
    moved = MaskedGrids(filmed([0.0, 0.0018], apart=2.0), [])
    spoke = MaskedGrids(filmed([0.0, 0.0018], [1], apart=2.0), [])
    left = [Creeping(seen, 0, 2, (), LIVE, Noise(0.0, 0.0)).moved(1) for seen in (moved, spoke)]
    assert left == pytest.approx([9, 25], abs=1)


def test_a_picture_shown_24_times_in_60_creeps_as_well() -> None:
    assert drawings(filmed([0.001 * ((k * 2 + 2) // 5) for k in range(FRAMES)])) == [0]


@pytest.mark.parametrize("opened", [(20, 21, 22), (30,), tuple(range(21, FRAMES))])
def test_a_mouth_in_a_slow_zoom_is_drawn(opened: Sequence[int]) -> None:
    closed = [] if opened[-1] == FRAMES - 1 else [opened[-1] + 1]
    assert drawings(filmed(SLOWLY, opened)) == [0, opened[0], *closed]


def test_a_mouth_that_goes_on_and_on_is_drawn() -> None:
    talking = [k for k in range(FRAMES) if k // 2 % 2]
    assert drawings(filmed(SLOWLY, talking)) == list(range(0, FRAMES, 2))


def test_what_stands_or_goes_to_and_fro_does_not_creep() -> None:
    for grows in ([0.0] * FRAMES, [0.004 * (k // 3 % 2) for k in range(FRAMES)]):
        seen = MaskedGrids(filmed(grows), [])
        creeping = Creeping(seen, 0, FRAMES, (), LIVE, Noise(0.0, 0.0))
        assert all(creeping.held(k, 0, THRESHOLD) is None for k in range(1, FRAMES))


def test_after_long_it_is_another_picture() -> None:
    assert drawings(filmed([0.0004 * k for k in range(110)])) == [0, 96]
