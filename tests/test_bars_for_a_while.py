"""Bars that a picture has for a part of a video, between which it is cut as any other."""

import numpy as np
from films import table_of, texture

from genga.drawings._shots.bars import beside_bars
from genga.drawings.shots import shots
from genga.params.shots import Params
from genga.video.luma_grid import Cells

PARAMS = Params(cut=0.11, flash=3, blend=0.35, camera=0.45, black=30.0)
# Cut out at different places: edges of one raster would lie on each other.
TALL = [texture(seed, 136, 206)[5 * seed :, 3 * seed :][:186, :120] for seed in range(4)]


def barred(picture: Cells, tone: int = 16) -> Cells:
    """The middle of a picture between bars that fill 106 of 186 rows."""
    grid = np.full_like(picture, tone)
    grid[53:133] = picture[53:133]
    return grid


def begins(grids: list[Cells]) -> list[int]:
    """Where the shots of a video begin."""
    return shots(table_of(grids), grids, PARAMS)["start"].to_list()


def test_a_picture_is_cut_between_bars_that_it_has_for_a_while() -> None:
    plain = [np.full_like(TALL[0], tone) for tone in (90, 150)]  # nothing in them has texture but the bars' edges,
    for picture, x in zip(plain, (20, 80), strict=True):
        picture[90:110, x : x + 20] = 40  # and a figure's
    assert begins([TALL[0]] * 12 + [barred(plain[0])] * 12 + [barred(plain[1])] * 12) == [0, 12, 24]


def test_what_is_between_bars() -> None:
    shown = beside_bars(barred(TALL[1]), barred(TALL[2]))
    assert shown is not None
    assert np.flatnonzero(shown.any(axis=1)).tolist() == list(range(55, 131))
    across = beside_bars(barred(TALL[1]).T, barred(TALL[2]).T)
    assert across is not None
    assert across.any(axis=0).sum() == 76
    assert beside_bars(TALL[1], TALL[2]) is None
    assert beside_bars(barred(TALL[1]), barred(TALL[2], 40)) is None  # of another tone


def test_the_edge_of_bars_may_be_seen_in_one_of_two_pictures() -> None:
    night = barred(TALL[1])
    night[53:70] = 18
    shown = beside_bars(barred(TALL[2]), night)
    assert shown is not None
    assert np.flatnonzero(shown.any(axis=1)).tolist() == list(range(55, 131))


def test_who_stands_before_a_plain_wall_stands_between_no_bars() -> None:
    wall = np.full((120, 160), 200, np.uint8)
    before, after = wall.copy(), wall.copy()
    before[30:90, 40:90] = texture(5, 50, 60)
    after[30:90, 46:96] = texture(5, 50, 60)
    assert beside_bars(before, after) is None
    assert begins([before] * 8 + [after] * 8) == [0]
