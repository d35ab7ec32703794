"""How shots are joined: what is another picture, and what is the same one drawn anew."""

from collections.abc import Sequence

import cv2
import numpy as np
import polars as pl

from genga.drawings._shots.pieces import found_again
from genga.drawings.shots import shots
from genga.params.shots import Params
from genga.tables.frames import LINE
from genga.video.luma_grid import Cells, difference_map, tone_difference

PARAMS = Params(cut=0.11, flash=3, blend=0.35, camera=0.45, black=30.0)


def drawn(seed: int) -> Cells:
    """A picture of ellipses all over it, of any tone, (120, 160)."""
    rng, picture = np.random.default_rng(seed), np.full((120, 160), 128, np.uint8)
    for x, y, wide, high, turn, tone in rng.integers(
        (0, 0, 6, 6, 0, 0), (160, 120, 30, 30, 180, 256), (70, 6)
    ).tolist():
        cv2.ellipse(picture, (x, y), (wide, high), turn, 0, 360, tone, -1, cv2.LINE_AA)
    return picture


A, B, C = (drawn(seed) for seed in (1, 2, 3))
ALL = np.ones(A.shape, bool)


def starts(grids: Sequence[Cells]) -> list[int]:
    """The first frames of the shots of a video of these grids."""
    rows = [
        {"frame": k, "time": k / 24, "luma": float(g.mean()), "contrast": float(g.std()), "lettering": None,
         "change": float((local := difference_map(before, g)).max()), "spread": float((local > 12).mean()),
         "tone": tone_difference(before, g)}
        for k, (before, g) in enumerate(zip([grids[0], *grids], grids, strict=False))
    ]  # fmt: skip
    table = pl.DataFrame(rows, schema_overrides={"lettering": pl.List(LINE)})
    return shots(table, grids, PARAMS)["start"].to_list()


def redrawn(picture: Cells, seed: int) -> Cells:
    """A picture of which each part lies up to ten cells from its place."""
    reach = np.random.default_rng(seed).uniform(-10, 10, (2, 3, 4)).astype(np.float32)
    x, y = (cv2.resize(part, picture.shape[::-1], interpolation=cv2.INTER_CUBIC) for part in reach)
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    return cv2.remap(picture, columns + x, rows + y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def test_pieces_of_a_picture_are_found_again_wherever_each_has_gone() -> None:
    assert found_again(A, redrawn(A, 1), ALL) > 0.5
    assert found_again(A, B, ALL) == 0.0
    assert found_again(A, np.full_like(A, 99), ALL) == 0.0


def test_what_stands_over_two_pictures_is_not_found_again() -> None:
    over = np.zeros(A.shape, bool)
    over[60:] = True
    assert found_again(np.where(over, C, A), np.where(over, C, B), ALL) > 0.3
    assert found_again(np.where(over, C, A), np.where(over, C, B), ~over) < 0.1


def test_a_picture_that_is_drawn_anew_all_over_on_threes_is_no_cut() -> None:
    held = [redrawn(A, k) for k in range(5) for _ in range(3)]
    assert starts([A] * 4 + held + [B] * 8) == [0, 19]


def test_after_fast_action_a_picture_of_which_nothing_is_found_again_is_a_cut() -> None:
    assert starts([A] * 8 + [redrawn(A, k) for k in range(4)] + [B] * 8) == [0, 12]


def test_the_same_place_framed_anew_in_one_step_is_a_cut_at_night_too() -> None:
    night = (A.astype(np.float32) * 0.3 + 8).astype(np.uint8)
    closer = cv2.resize(night[20:100, 27:133], A.shape[::-1], interpolation=cv2.INTER_LINEAR)
    assert starts([night] * 12 + [closer] * 12) == [0, 12]
