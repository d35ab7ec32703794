"""Glares to white, in which something dark stays to the last; and cuts while everything changes."""

import cv2
import numpy as np
from test_fades import fades_of
from test_transitions import A, B, shots_of

from genga.drawings._shots.pieces import torn
from genga.video.luma_grid import Cells


def flat(level: int) -> Cells:
    return np.full_like(A, level)


def glaring(picture: Cells, gain: float) -> Cells:
    return np.minimum(picture * float(gain), 235).astype(np.uint8)


def test_glare_that_leaves_a_dark_figure_to_the_last_is_a_fade() -> None:
    """What is dark keeps its contrast until nearly all is white; where somebody leaves a white page, parts darken."""
    picture = (A * 0.5 + 90).astype(np.uint8)
    picture[70:110, 50:100] = (B * 0.3 + 10).astype(np.uint8)[70:110, 50:100]
    out = [glaring(picture, gain) for gain in (1.3, 1.8, 2.5, 3.5, 5)]
    assert fades_of([*[picture] * 8, *out, *[flat(235)] * 4, *[B] * 8]) == [(9, 17, 17)]
    leaves = [flat(235) for _ in range(8)]
    for k, cells in enumerate(leaves):
        cells[30:90, : 56 - 8 * k] = A[30:90, 8 * k : 56]
    assert fades_of([*[leaves[0]] * 8, *leaves[1:], *[flat(235)] * 4]) == []


def test_one_glaring_frame_after_a_cut_begins_no_fade() -> None:
    glare = [(235 + share * (B - 235.0)).astype(np.uint8) for share in (0.3, 0.6, 0.8)]
    assert fades_of([*[A] * 8, *glare, *[B] * 8]) == []
    assert fades_of([*[A] * 8, flat(235), *glare, *[B] * 8]) == [(8, 12, 8)]


def test_a_picture_that_loses_its_light_is_another_at_once_where_its_tones_are() -> None:
    """What is dark and soft is found anywhere, piece by piece; while light goes, the steps before change as much."""
    light = [(A * share).astype(np.uint8) for share in (0.7, 0.5, 0.35)]
    soft = np.asarray(cv2.GaussianBlur((B * 0.35).astype(np.uint8), (0, 0), 2.0))
    grids = [*[A] * 9, *light, *[soft] * 9]
    assert [shot["start"] for shot in shots_of(grids)] == [0, 12]
    live = np.ones(A.shape, np.bool_)
    assert torn(grids, 11, 12, live, {9, 10, 11, 12}) and not torn(grids, 10, 11, live, {9, 10, 11, 12})
    assert not torn(grids, 11, 12, live, {10, 11, 12}) and not torn(grids[9:], 2, 3, live, range(9))
