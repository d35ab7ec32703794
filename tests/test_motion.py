"""How clips move: a held one, a shift, a flash, a slide, by hand."""

import numpy as np
import pytest

from genga.evaluation.motion import LINES, Motion, flicker, longest_run, motion

FLAT = np.full((LINES, LINES, 3), 120, np.uint8)


def textured(shift: int = 0) -> np.ndarray:
    """A picture of smooth spots, (96, 96, 3), its content moved to the right by `shift` px."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(40, 216, (24, 48)).astype(np.uint8)
    fine = np.kron(coarse, np.ones((4, 4), np.uint8))
    return np.repeat(fine[:LINES, 60 - shift : 60 - shift + LINES, None], 3, axis=2).copy()


def test_a_frozen_clip_is_one_hold_without_motion_flicker_or_error() -> None:
    assert motion([textured()] * 16, 12) == Motion(0.0, 1.0, 16, 0.0, 0.0)


def test_what_slides_goes_its_px_a_second_and_is_explained() -> None:
    seen = motion([textured(3 * k) for k in range(8)], 12)
    assert seen.dynamics == pytest.approx(3 * 12 / 96, rel=0.1)
    assert (seen.held, seen.longest_hold) == (0.0, 1)
    slid, cut = seen.warping, motion([textured(), textured()[::-1]] * 4, 12).warping
    assert slid < 6 < 30 < cut


def test_drawings_on_twos_are_held_every_other_step() -> None:
    seen = motion([textured(3 * (k // 2)) for k in range(8)], 24)
    assert (seen.held, seen.longest_hold) == (pytest.approx(4 / 7), 2)


def test_a_flash_of_one_frame_is_flicker_a_lasting_change_is_none() -> None:
    still, light = np.full((1, 8, 8), 100, np.float32), np.full((1, 8, 8), 130, np.float32)
    assert flicker(still, light, still) == 30
    assert flicker(light, still, light) == 30
    assert flicker(still, still, light) == flicker(still, light, light) == 0
    frames = [FLAT, FLAT, FLAT + 40, FLAT, FLAT]
    assert motion(frames, 12).flicker > 5 > 0.5 > motion([FLAT, FLAT, FLAT + 40, FLAT + 40, FLAT + 40], 12).flicker


def test_clips_of_any_size_have_the_same_figures() -> None:
    small = [textured(3 * k) for k in range(5)]
    large = [np.kron(frame, np.ones((4, 4, 1), np.uint8)) for frame in small]
    assert motion(large, 12).dynamics == pytest.approx(motion(small, 12).dynamics, rel=0.05)


def test_noise_below_a_block_is_no_motion() -> None:
    rng = np.random.default_rng(2)
    frames = [np.clip(FLAT + rng.normal(0, 2, FLAT.shape), 0, 255).astype(np.uint8) for _ in range(6)]
    assert motion(frames, 12).longest_hold == 6


def test_the_longest_run_is_in_frames() -> None:
    assert longest_run([]) == 1
    assert longest_run([True, False, True, True, False]) == 3


def test_one_frame_has_no_motion() -> None:
    with pytest.raises(ValueError, match="a clip of 1 frame has no motion"):
        motion([FLAT], 12)
