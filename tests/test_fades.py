"""Fades to black and white and out of it, and what of a dissolve is on the way to another picture."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from test_transitions import A, B, shots_of

from genga.drawings._shots.cuts import scene_of
from genga.drawings._shots.dissolves import Found, best_of
from genga.drawings._shots.events import InLight, Passage, going_on, redrawn
from genga.drawings._shots.fades import fades, with_fades
from genga.drawings._shots.falls import spread_of
from genga.drawings._shots.pieces import in_any_light
from genga.drawings._shots.whips import with_light
from genga.video.luma_grid import Cells


def towards(picture: Cells, level: int, frames: int) -> list[Cells]:
    """The frames in which a picture that moves by two cells each fades to a flat one of that luma."""
    shares = [k / (frames + 1) for k in range(1, frames + 1)]
    moved = [np.roll(picture, 2 * k, axis=1).astype(float) for k in range(1, frames + 1)]
    return [(one + share * (level - one)).round().astype(np.uint8) for one, share in zip(moved, shares, strict=True)]


def test_deviation_and_mean_by_hand() -> None:
    assert spread_of(np.array([[1, 3], [5, 7]], np.uint8)) == (5**0.5, 4.0)
    assert spread_of(np.full(7, 200, np.uint8)) == (0.0, 200.0)


def fades_of(grids: Sequence[Cells]) -> list[tuple[int, int, int]]:
    return [
        (one.whole.start, one.whole.stop - 1, one.boundary) for one in fades(scene_of(grids, []), [False] * len(grids))
    ]


@pytest.mark.parametrize("level", [0, 16, 255])
@pytest.mark.parametrize("black", [0, 1, 3])
@pytest.mark.parametrize("frames", [3, 4, 6])
def test_a_fade_of_few_frames_is_one_while_both_pictures_move(frames: int, black: int, level: int) -> None:
    flat, out, into = [np.full(A.shape, level, np.uint8)] * black, towards(A, level, frames), towards(B, level, frames)
    grids = [*[A] * 10, *out, *flat, *into[::-1], *[B] * 10]
    assert fades_of(grids) == [(10, 10 + 2 * frames + black, 10 + frames + black // 2)]
    assert [(shot["start"], shot["transition"]) for shot in shots_of(grids)] == [
        (0, "cut"), (10 + frames + black // 2, "fade"),
    ]  # fmt: skip


def test_a_fade_of_which_one_side_is_a_cut_ends_or_begins_with_it() -> None:
    black, out = np.full(A.shape, 16, np.uint8), towards(A, 16, 4)
    ends = [*[A] * 10, *out, black, *[B] * 10]
    assert fades_of(ends) == [(10, 15, 15)]
    assert [(shot["start"], shot["transition"]) for shot in shots_of(ends)] == [(0, "cut"), (15, "cut")]
    begins = [*[B] * 10, black, *out[::-1], *[A] * 10]
    assert fades_of(begins) == [(10, 15, 10)]
    assert [(shot["start"], shot["transition"]) for shot in shots_of(begins)] == [(0, "cut"), (10, "cut")]


def test_what_is_no_fade() -> None:
    white, dark = np.full(A.shape, 255, np.uint8), np.full(A.shape, 20, np.uint8)
    assert fades_of([*[A] * 10, white, white, *[B] * 10]) == []  # two cuts
    assert fades_of([*[A] * 10, *towards(A, 255, 4), *towards(A, 255, 4)[::-1], *[A] * 10]) == []  # a flash
    lamp = [(16 + (A.astype(float) - 16) * part).astype(np.uint8) for part in (0.8, 0.7, 0.6, 0.5)]
    assert fades_of([*[A] * 10, *lamp, *lamp[-1:] * 10]) == []  # a light goes out, and the picture is there
    rises = [dark.copy() for _ in range(20)]  # a camera goes up from a plain sky at night to what is bright
    rises = [np.vstack([dark[: 120 - 6 * k], A[: 6 * k]]) for k in range(20)]
    assert fades_of([*[dark] * 10, *rises, *rises[-1:] * 10]) == []
    leaves = [dark.copy() for _ in range(12)]  # somebody bright leaves a dark place
    for k, frame in enumerate(leaves):
        frame[40:90, 40 + 10 * k : 100 + 10 * k] = B[40:90, 40:100][:, : max(0, 120 - 10 * k)]
    assert fades_of([*leaves[:1] * 10, *leaves, *[dark] * 10, *[A] * 10]) == []
    faint = (20 + A.astype(float) / 20).astype(np.uint8)  # a picture in the dark, deviation 3, that comes out of black
    comes = [(16 + (faint.astype(float) - 16) * part).astype(np.uint8) for part in (0.25, 0.5, 0.75)]
    out = towards(B, 16, 6)
    grids = [*[B] * 10, *out, *[np.full(A.shape, 16, np.uint8)] * 4, *comes, *[faint] * 20, *[B] * 10]
    assert fades_of(grids) == [(10, 22, 22)]  # the picture is none of it


@pytest.mark.parametrize("shown", [2, 3, 5])
@pytest.mark.parametrize("level", [16, 255])
def test_a_fade_goes_on_where_frames_are_shown_again(level: int, shown: int) -> None:
    flat = np.full(A.shape, level, np.uint8)
    mixed = [frame for frame in towards(A, level, 6) for _ in range(shown)]
    assert fades_of([*[A] * 10, *mixed, *[flat] * 4, *[B] * 10]) == [(10, 14 + 6 * shown, 14 + 6 * shown)]
    telecine = [frame for k, frame in enumerate(towards(A, level, 12)) for _ in range(1 + (k % 4 == 3))]
    assert fades_of([*[A] * 10, *telecine, *[flat] * 4, *[B] * 10]) == [(10, 29, 29)]


def test_glow_brightens_a_picture_long_before_its_contrast_falls() -> None:
    night = (A.astype(float) / 4).astype(np.uint8)
    glow = [(night + 255.0 * k / 12).clip(0, 255).astype(np.uint8) for k in range(1, 13)]
    white = np.full(A.shape, 255, np.uint8)
    assert fades_of([*[night] * 10, *glow, *[white] * 4, *[B] * 10]) == [(10, 26, 26)]


def test_a_fade_of_two_frames_is_one_of_a_picture_that_stands() -> None:
    black, out = np.full(A.shape, 16, np.uint8), [(16 + (A - 16.0) * part).astype(np.uint8) for part in (0.65, 0.25)]
    assert fades_of([*[A] * 10, *out, *[black] * 6, *[B] * 10]) == [(10, 18, 18)]
    other = (16 + (B - 16.0) * 0.25).astype(np.uint8)
    assert fades_of([*[A] * 10, out[0], other, *[black] * 6, *[B] * 10]) == []


def test_a_dark_picture_between_two_fades_is_none_of_them() -> None:
    black, faint = np.full(A.shape, 16, np.uint8), (20 + A[::-1, ::-1] / 12.0).astype(np.uint8)  # deviation 6
    comes = [(16 + (faint.astype(float) - 16) * part).astype(np.uint8) for part in (0.2, 0.4, 0.6, 0.8)]
    grids = [*[B] * 10, *towards(B, 16, 6), *[black] * 4, *comes, *[faint] * 20, *comes[::-1], *[black] * 4,
             *towards(A, 16, 6)[::-1], *[A] * 10]  # fmt: skip
    standing = set(range(24, 44))
    found = fades_of(grids)
    assert [fade[0] for fade in found] == [10, 47]
    assert not any(standing & set(range(start, end)) for start, end, _ in found)


def test_what_comes_before_a_plain_place_is_no_fade() -> None:
    sky = np.full(A.shape, 60, np.uint8)  # a cloud leaves a plain sky
    frames = [sky.copy() for _ in range(10)]
    for k, frame in enumerate(frames):
        frame[20:60, : 100 - 10 * k] = A[20:60, 10 * k : 100]
    assert fades_of([*[A] * 10, *frames, *[sky] * 10, *[B] * 10]) == []


def test_a_picture_that_a_camera_moves_is_not_drawn_anew_as_it_fades() -> None:
    zoomed = cv2.warpAffine(
        A, np.array([[1.02, 0, -1.5], [0, 1.02, -1.0]]), A.shape[::-1], borderMode=cv2.BORDER_REFLECT
    )
    assert not redrawn(A, (0.8 * zoomed).astype(np.uint8))
    acted = A.copy()
    acted[50:62, 70:90] = 255 - acted[50:62, 70:90]
    assert redrawn(A, (0.8 * acted).astype(np.uint8))


def test_what_stands_or_moves_on_the_way_to_another_picture_is_none_of_the_dissolve() -> None:
    shares = [0.0, 0.1, 0.1, 0.1, 0.1, 0.11, 0.12, 0.12, 0.15, 0.15, 0.25, 0.4, 0.55, 0.7, 0.85]
    assert going_on(shares, 12) == (10, 14)  # a picture that moves a little before
    assert going_on([1 - share for share in shares[::-1]], 2) == (0, 4)
    assert going_on([k / 20 for k in range(1, 20)], 9) == (0, 18)
    assert going_on([0.08, 0.08, 0.08, 0.22, 0.22, 0.34, 0.34, 0.34, 0.59, 0.59, 0.74, 0.74, 0.74], 6) == (
        0,
        12,
    )  # threes


def test_a_dissolve_just_after_a_fade_is_looked_for_beside_it() -> None:
    def at(frame: int, left: float) -> Found:
        return Found(left, frame, 6)

    assert best_of(iter([at(frame, 0.01 * abs(frame - 20)) for frame in range(20, 60)])) == [
        at(20, 0.0), at(33, 0.13), at(46, 0.26), at(59, 0.39),
    ]  # fmt: skip


def test_most_of_a_picture_found_again_far_beyond_chance_is_it_in_any_light() -> None:
    lit = np.clip(60 + 0.5 * np.roll(A, 3, axis=0).astype(np.float32), 0, 255).astype(np.uint8)
    assert in_any_light(A, lit, np.ones(A.shape, bool))
    assert not in_any_light(A, B, np.ones(A.shape, bool))


def test_a_fade_known_twice_is_all_of_it_unless_a_picture_stands_before_the_next() -> None:
    fade = Passage("fade", 50, 60, 55)
    assert with_fades([Passage("fade", 54, 70, 60)], [fade]) == [Passage("fade", 50, 70, 55)]
    assert with_fades([Passage("fade", 10, 60, 30), Passage("dissolve", 58, 70, 64)], [fade]) == [fade]
    assert with_fades([Passage("dissolve", 60, 70, 64)], [fade]) == [fade, Passage("dissolve", 60, 70, 64)]
    drawn = Passage("fade", 50, 60, 55, early=0, late=20)  # drawings that are seen, up to where the dissolve begins
    dissolve = Passage("dissolve", 72, 90, 80)
    assert with_fades([dissolve], [drawn]) == [Passage("fade", 50, 60, 55, early=0, late=12), dissolve]


def test_what_is_hardly_seen_yet_fades_in_by_its_light() -> None:
    seen, black = A.astype(float) - 16, np.full(A.shape, 16, np.uint8)
    act = 0.4 * (seen - seen.mean()) + seen.mean() + 60  # somebody who fills the picture, in less contrast
    shares = [(k + 1) / 25 for k in range(24)]
    into = [(16 + share * (act if k > 1 else seen)).astype(np.uint8) for k, share in enumerate(shares)]
    contrast = [float(grid.std()) for grid in into]
    assert contrast[2] < contrast[1] < 6.0  # of the two frames on end the next has less
    assert fades_of([*[B] * 10, *[black] * 3, *into, *[(16 + act).astype(np.uint8)] * 10]) == [(10, 37, 10)]


def test_light_of_code_values_by_hand() -> None:
    light = InLight([np.array([[0, 64, 128, 255]], np.uint8)])
    assert len(light) == 1 and light[0].tolist() == [[0, 12, 56, 255]]


@pytest.mark.parametrize("length", [4, 12, 30])
def test_a_dissolve_of_light_rather_than_of_code_values_is_one(length: int) -> None:
    a, b = (np.where(picture > 128, 230, 30) for picture in (A, B))
    shares = [(k + 1) / (length + 1) for k in range(length)]
    lit = [255 * ((1 - s) * (a / 255) ** 2.2 + s * (b / 255) ** 2.2) ** (1 / 2.2) for s in shares]
    grids = [one.astype(np.uint8) for one in (*[a] * 20, *lit, *[b] * 20)]
    first, second = shots_of(grids)
    assert 20 < first["end"] < 20 + length and second["transition"] == "dissolve"
    assert second["events"] == [{"kind": "dissolve", "start": 20, "end": 20 + length}]


def test_of_a_dissolve_of_light_that_is_known_in_part_it_is_all() -> None:
    fade, part, whole = Passage("fade", 40, 48, 44), Passage("dissolve", 10, 14, 12), Passage("dissolve", 10, 22, 16)
    assert with_light([part, fade], [whole]) == [whole, fade]
    assert with_light([whole, fade], [part, Passage("dissolve", 10, 24, 17)]) == [whole, fade]  # about as long
    assert with_light([part, fade], [Passage("dissolve", 30, 50, 40), Passage("fade", 0, 30, 20)]) == [part, fade]
