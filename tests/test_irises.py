"""What stands between two pictures: frames that show nothing, irises, glows; and cuts while everything changes."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from test_fades import fades_of
from test_transitions import A, B, C, shots_of

from genga.drawings._shots.cuts import scene_of
from genga.drawings._shots.irises import irises
from genga.drawings._shots.pieces import torn
from genga.drawings._shots.smears import smeared, without_smears
from genga.video.luma_grid import Cells


def smear(picture: Cells) -> Cells:
    """A picture moved by 40 cells while the shutter was open."""
    return np.asarray(cv2.blur(picture, (40, 1)))


def starts(grids: Sequence[Cells]) -> list[tuple[int, str]]:
    return [(shot["start"], shot["transition"]) for shot in shots_of(grids)]


def flat(level: int) -> Cells:
    return np.full_like(A, level)


@pytest.mark.parametrize(
    ("between", "begins"), [(smear(A), 9), (smear(B), 8), (flat(0), 9), (flat(16), 9), (flat(235), 9)]
)
def test_a_frame_that_shows_nothing_between_two_pictures_is_no_shot(between: Cells, begins: int) -> None:
    grids = [*[A] * 8, between, *[B] * 8]
    assert smeared(scene_of(grids, []), 8) and starts(grids) == [(0, "cut"), (begins, "cut")]


def test_a_sharp_picture_of_one_frame_is_a_shot_and_so_are_two_frames() -> None:
    assert starts([*[A] * 8, C, *[B] * 8]) == [(0, "cut"), (8, "cut"), (9, "cut")]
    scene = scene_of([*[A] * 8, flat(160), flat(160), *[B] * 8], [])
    assert without_smears(scene, [8, 10]) == [8, 10] and without_smears(scene, []) == []


def dark(grids: Sequence[Cells]) -> list[bool]:
    return [int(cells.max()) < 20 for cells in grids]


def closed(picture: Cells, rim: int) -> Cells:
    """A picture of which so many cells at each edge are black."""
    copy = np.full_like(picture, 16)
    copy[rim:-rim, rim:-rim] = picture[rim:-rim, rim:-rim]
    return copy


@pytest.mark.parametrize("black", [1, 2, 3])
def test_irises_over_a_few_black_frames_are_one_fade(black: int) -> None:
    out, into = [closed(A, 12), closed(A, 30)], [closed(B, 30), closed(B, 12)]
    grids = [*[A] * 8, *out, *[flat(16)] * black, *into, *[B] * 8]
    found = irises(scene_of(grids, []), dark(grids), 3)
    assert [(one.start, one.end) for one in found] == [(8, 12 + black)]
    assert starts(grids) == [(0, "cut"), (found[0].boundary, "fade")]


def test_black_frames_between_two_whole_pictures_are_no_iris() -> None:
    for grids in ([*[A] * 8, *[flat(16)] * 2, *[B] * 8], [*[A] * 8, *[closed(A, 30)] * 2, *[flat(235)] * 2, *[B] * 8]):
        assert irises(scene_of(grids, []), dark(grids), 3) == []
    grids = [*[A] * 8, closed(A, 30), *[flat(16)] * 4, *[B] * 8]
    assert irises(scene_of(grids, []), dark(grids), 3) == [] != irises(scene_of(grids, []), dark(grids), 4)


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
    assert starts(grids) == [(0, "cut"), (12, "cut")]
    live = np.ones(A.shape, np.bool_)
    assert torn(grids, 11, 12, live, {9, 10, 11, 12}) and not torn(grids, 10, 11, live, {9, 10, 11, 12})
    assert not torn(grids, 11, 12, live, {10, 11, 12}) and not torn(grids[9:], 2, 3, live, range(9))
