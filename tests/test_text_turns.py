"""When lines of burnt-in text come and go: one in another's place, under a cut beside them, over a cut to black."""

import numpy as np
import pytest

from genga.drawings._text.again import Before, Rows, again
from genga.drawings._text.stretches import bridged, stretches
from genga.drawings._text.strokes import timed
from genga.drawings._text.tracks import Lettering
from genga.video.luma_grid import Cells, cells_of

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


def seen(frame: int, *lines: dict[str, float], again: float = 1.0) -> tuple[int, list[Lettering]]:
    """A look that finds lines. again: correlation of their letters with what lay there at the look before."""
    return frame, [Lettering(frame, frame, **line, seen=(frame, frame), again=again) for line in lines]


def spans(looks: list[tuple[int, list[Lettering]]], cells: list[Cells]) -> list[tuple[int, int]]:
    """When the lines of some looks stand that are at the lower place."""
    lines = bridged(stretches(looks, len(cells), cells))
    return [(line.start, line.end) for line in lines if line.y0 > 0.85]


@pytest.mark.parametrize("beside", [False, True])  # an upper line goes with the first
def test_a_line_that_takes_anothers_place_begins_where_all_is_written_anew(beside: bool) -> None:
    one, other = (worded(drawn(1), seed, LOWER) for seed in (2, 3))
    one = worded(one, 4, UPPER) if beside else one
    cells = [drawn(1)] * 6 + [one] * 20 + [other] * 20 + [drawn(1)] * 12
    both = (UPPER, LOWER) if beside else (LOWER,)
    looks = [seen(0), seen(12, *both), seen(24, *both), seen(36, LOWER, again=0.3), seen(48)]
    assert spans(looks, cells) == [(6, 26), (26, 46)]


def test_a_line_that_is_lit_is_one() -> None:
    cells = [worded(drawn(1), 2, LOWER)] * 26 + [worded(drawn(1), 2, LOWER, 180)] * 32
    assert spans([seen(k, LOWER) for k in range(0, 58, 12)], cells) == [(0, 58)]


def test_a_line_that_comes_after_a_cut_to_black_is_not_the_one_before() -> None:
    black = np.zeros((120, 160), np.uint8)
    cells = [worded(drawn(1), 2, LOWER)] * 20 + [black] * 6 + [worded(black, 3, LOWER)] * 20
    assert spans([seen(0, LOWER), seen(12, LOWER), seen(24), seen(36, LOWER, again=0.0)], cells) == [(0, 20), (26, 46)]


def test_a_line_goes_after_a_cut_in_a_part_of_the_picture() -> None:
    before, after = drawn(1), drawn(1)
    after[100:118, 20:130] = drawn(5, 250)[100:118, 20:130]  # beside others that stay
    cells = [worded(before, 2, LOWER)] * 30 + [worded(after, 2, LOWER)] * 8 + [after] * 10
    assert timed(cells, Lettering(0, 40, **LOWER, seen=(0, 24)), (0, 40)).end == 38


def test_a_line_begins_where_half_of_it_is_typed_and_ends_where_half_has_faded_over_what_moves() -> None:
    cells = []
    for k in range(60):
        back = np.roll(drawn(1), 5 * k, axis=1)
        line, share = worded(back, 2, LOWER), min(1.0, max(0.0, (52 - k) / 8))
        typed = 32 + 84 * min(10, max(0, k - 6)) // 10  # a column, from frame 6 on
        line[:, typed:] = back[:, typed:]
        cells.append((share * line + (1 - share) * back).round().astype(np.uint8))
    (found,) = stretches([seen(0), seen(18, LOWER), seen(30, LOWER), seen(42, LOWER), seen(54)], 60, cells)
    assert abs(found.start - 11) <= 1 and abs(found.end - 48) <= 1


def test_a_line_that_slides_is_one_and_another_after_a_fade_is_not() -> None:
    large = np.kron(worded(PLAIN, 2, LOWER), np.ones((4, 4), np.uint8))
    slides = [cells_of(np.roll(large, k, axis=1), 8, (120, 160)) for k in range(48)]  # a quarter of a cell in a frame
    looks = [seen(12, LOWER), seen(24, LOWER, again=0.2), seen(36, LOWER, again=0.2)]
    assert [line.looks for line in stretches([seen(0), *looks], 48, slides)] == [3]
    fades = [*[worded(PLAIN, 2, LOWER)] * 16, *[PLAIN] * 4, *[worded(PLAIN, 3, LOWER)] * 28]
    assert spans([seen(0, LOWER), *looks[:2]], fades) == [(0, 16), (20, 48)]


def test_letters_say_whether_a_line_is_the_one_that_was_there() -> None:
    rng = np.random.default_rng(3)
    one, other = (40 + 180 * np.kron(rng.integers(0, 2, (6, 60)), np.ones((4, 4))).astype(np.uint8) for _ in "ab")
    box = 0, 0, 240, 24
    assert again(box, one, one // 2 + 90, []) == pytest.approx(1, abs=0.01)  # whatever the ground
    assert abs(again(box, other, one, [])) < 0.2
    typed = one.copy()
    typed[:, 140:] = 40
    assert again(box, one, typed, []) < 0.9 and again(box, one, typed, [(0, 0, 140, 24)]) == pytest.approx(1)


def test_rows_are_put_in_the_place_of_those_that_were_there() -> None:
    before, grey = Before(), np.full((480, 8), 7, np.uint8)
    assert not before.put(Rows(grey, 0.0, 1.0)).any()
    assert (before.put(Rows(grey[:120] + 1, 0.75, 0.25)) == 7).all()
    assert before.put(Rows(grey, 0.0, 1.0))[:, 0].tolist() == [7] * 360 + [8] * 120
    low = Rows(grey[:120], 0.75, 0.25)
    assert low.box(low.shares((2, 30, 6, 60))) == (2, 30, 6, 60)
