"""When lines of burnt-in text come and go: one in another's place, under a cut beside them, over a cut to black."""

import numpy as np
import pytest

from genga.drawings._text.burnt_in import believed
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


@pytest.mark.parametrize(
    ("with_it", "before", "acts", "found"),
    [
        ("nothing", "nothing", False, True),
        ("a hand", "nothing", False, True),  # elsewhere
        ("a figure", "nothing", False, False),  # whose face it is
        ("nothing", "another", False, False),  # eyes that look elsewhere
        ("nothing", "nothing", True, False),  # a mouth that goes on to speak
    ],
)
def test_a_word_beside_the_middle_comes_where_there_is_nothing_and_stays_as_it_is(
    with_it: str, before: str, acts: bool, found: bool
) -> None:
    word = {"x0": 0.6, "y0": 52 / 120, "x1": 0.8, "y1": 58 / 120}
    scene = PLAIN.copy()
    scene[:, :60] = drawn(1)[:, :60]
    seen_before = worded(scene, 3, word) if before == "another" else scene.copy()
    scene[10:20, 20:40] = 250 if with_it == "a hand" else scene[10:20, 20:40]
    if with_it == "a figure":
        scene[30:110, 84:140] = drawn(7, 200)[30:110, 84:140]
    there = [worded(scene, 4 + (acts and 12 <= k < 24), word) for k in range(36)]
    cells = [seen_before] * 12 + there + [drawn(9)] * 12  # a cut: it goes with all
    line = Lettering(12, 48, **word, sure=False, votes=-2, seen=(14, 46), looks=2)
    assert believed(line, cells, [k / 24 for k in range(len(cells))]) == found
