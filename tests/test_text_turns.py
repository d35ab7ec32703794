"""When lines of burnt-in text come and go: one in another's place, under a cut beside them, over a cut to black."""

import numpy as np
import pytest

from genga.drawings._text.stretches import bridged, stretches, turn
from genga.drawings._text.tracks import Lettering
from genga.video.luma_grid import Cells

PLAIN = np.full((120, 160), 110, np.uint8)
UPPER = {"x0": 0.3, "y0": 99 / 120, "x1": 0.7, "y1": 103 / 120}
LOWER = {"x0": 0.2, "y0": 108 / 120, "x1": 116 / 160, "y1": 113 / 120}


def worded(picture: Cells, seed: int, line: dict[str, float], ink: int = 240) -> Cells:
    """The picture with letters that the seed makes, with a level upper and lower edge, as letters have."""
    (x0, x1), (y0, y1) = ([round(line[f"{way}{end}"] * size) for end in "01"] for way, size in (("x", 160), ("y", 120)))
    letters = np.random.default_rng(seed).integers(0, 2, (y1 - y0, (x1 - x0) // 2))
    letters[[0, -1]] = 1
    out = picture.copy()
    out[y0:y1, x0:x1][np.kron(letters, np.ones((1, 2))) > 0] = ink
    return out


def drawn(seed: int, most: int = 120) -> Cells:
    """A picture of large forms."""
    forms = np.random.default_rng(seed).integers(40, most, (20, 27))
    return np.ascontiguousarray(np.kron(forms, np.ones((6, 6)))[:120, :160].astype(np.uint8))


def seen(frame: int, *lines: dict[str, float]) -> tuple[int, list[Lettering]]:
    """A look that finds lines."""
    return frame, [Lettering(frame, frame, **line, seen=(frame, frame)) for line in lines]


def spans(looks: list[tuple[int, list[Lettering]]], cells: list[Cells]) -> list[tuple[int, int]]:
    """When the lines of some looks stand that are at the lower place."""
    lines = bridged(stretches(looks, len(cells), cells), cells)
    return [(line.start, line.end) for line in lines if line.y0 > 0.85]


@pytest.mark.parametrize("beside", [False, True])  # an upper line goes with the first
def test_a_line_that_takes_anothers_place_begins_where_all_is_written_anew(beside: bool) -> None:
    one, other = (worded(drawn(1), seed, LOWER) for seed in (2, 3))
    one = worded(one, 4, UPPER) if beside else one
    cells = [drawn(1)] * 6 + [one] * 20 + [other] * 20 + [drawn(1)] * 12
    both = (UPPER, LOWER) if beside else (LOWER,)
    looks = [seen(0), seen(12, *both), seen(24, *both), seen(36, LOWER), seen(48)]
    assert spans(looks, cells) == [(6, 26), (26, 46)]


def test_a_line_that_is_lit_is_one() -> None:
    cells = [worded(drawn(1), 2, LOWER)] * 26 + [worded(drawn(1), 2, LOWER, 180)] * 32
    assert spans([seen(k, LOWER) for k in range(0, 58, 12)], cells) == [(0, 58)]


def test_a_line_that_comes_after_a_cut_to_black_is_not_the_one_before() -> None:
    black = np.zeros((120, 160), np.uint8)
    cells = [worded(drawn(1), 2, LOWER)] * 20 + [black] * 6 + [worded(black, 3, LOWER)] * 20
    assert spans([seen(0, LOWER), seen(12, LOWER), seen(24), seen(36, LOWER)], cells) == [(0, 20), (26, 46)]


def test_a_line_goes_after_a_cut_in_a_part_of_the_picture() -> None:
    before, after = drawn(1), drawn(1)
    after[100:118, 20:130] = drawn(5, 250)[100:118, 20:130]  # beside others that stay
    cells = [worded(before, 2, LOWER, 150)] * 30 + [worded(after, 2, LOWER, 150)] * 8 + [after] * 10
    assert turn(cells, Lettering(0, 40, **LOWER), 24, 40, goes=True) == 38
