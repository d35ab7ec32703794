"""Glares to white, in which something dark stays to the last."""

import numpy as np
from test_fades import fades_of
from test_transitions import A, B

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
