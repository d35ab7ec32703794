"""Burnt-in text: looked for in frames, joined over stretches of them, left out of comparisons."""

from dataclasses import replace

import cv2
import numpy as np
import polars as pl
import pytest
from films import texture

from genga.drawings._text import burnt_in
from genga.drawings._text.burnt_in import believed, lettering
from genga.drawings._text.marks import marks
from genga.drawings._text.scan import Lookout, lines_of
from genga.drawings._text.standing import adds, alone, goes_past, outlasts, stands_over
from genga.drawings._text.stretches import bridged, faded, grown, holds, returns, stretches
from genga.drawings._text.strokes import timed
from genga.drawings._text.tracks import Lettering, MaskedGrid, MaskedGrids, beneath, difference
from genga.tables.frames import LINE
from genga.video.luma_grid import Cells, cells_of

BACK = np.full((480, 640), 110, np.uint8)


def subtitled(picture: np.ndarray, words: str, y: int = 450, x: int = 130) -> np.ndarray:
    """The picture with white words, outlined in black, at its lower edge or with their base at `y`, from `x` on."""
    copy, at = picture.copy(), (x, y)
    for value, thickness in ((16, 9), (235, 2)):
        cv2.putText(copy, words, at, cv2.FONT_HERSHEY_SIMPLEX, 1.0, value, thickness, cv2.LINE_AA)
    return copy


def grid(picture: np.ndarray) -> Cells:
    """Its cells, 4 px wide."""
    return cells_of(picture, 8, (120, 160))


LONG = subtitled(BACK, "We fold another one")
A, B = grid(BACK), grid(LONG)
WORDS = Lettering(0, 1, 0.2, 0.88, 0.72, 0.94)


def test_a_look_finds_a_line_and_says_whether_it_is_sure() -> None:
    (line,) = lines_of(LONG, 8)
    assert line["sure"] and 0.8 < line["y0"] < line["y1"] < 1 and line["x1"] - line["x0"] > 0.4
    assert lines_of(BACK, 8) == []
    (deep,) = lines_of(LONG.astype(np.uint16) << 2, 10)
    assert deep == line


@pytest.mark.parametrize(("word", "y", "found"), [("No.", 450, True), ("Wait!", 250, True), ("I", 450, False)])
def test_short_words_are_lines_and_a_letter_is_none(word: str, y: int, found: bool) -> None:
    assert bool(lines_of(subtitled(BACK, word, y), 8)) == found


def test_grain_is_no_text_and_hides_none() -> None:
    grain = np.random.default_rng(0).normal(0, 28, BACK.shape)
    assert lines_of(np.clip(BACK + grain, 0, 255).astype(np.uint8), 8) == []
    ((line,), (clean,)) = lines_of(np.clip(LONG + grain, 0, 255).astype(np.uint8), 8), lines_of(LONG, 8)
    assert {**line, "sure": True} == pytest.approx(clean, abs=0.1)


def test_faint_words_on_a_plain_ground_are_a_line() -> None:
    dark = np.full((480, 640), 24, np.uint8)
    faint = cv2.putText(
        dark.copy(), "We fold another one", (130, 450), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 72, 2, cv2.LINE_AA
    )
    assert [line["sure"] for line in lines_of(faint, 8)] == [True]
    assert lines_of(dark, 8) == []


def test_720_lines_are_looked_at_as_480_are() -> None:
    large = cv2.resize(LONG, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)
    ((line,), (same,)) = lines_of(LONG, 8), lines_of(large, 8)
    assert same == pytest.approx(line, abs=3 / 480) and same["sure"]


def test_a_part_of_a_picture_has_the_lines_that_it_has_in_the_whole() -> None:
    assert lines_of(LONG, 8, (0.6, 1.0)) == [pytest.approx(line, abs=4 / 480) for line in lines_of(LONG, 8)]
    assert lines_of(LONG, 8, (0.0, 0.5)) == []
    large = cv2.resize(LONG, None, fx=2.25, fy=2.25, interpolation=cv2.INTER_CUBIC)  # 1080 lines
    (whole,), (part,) = lines_of(large, 8), lines_of(large, 8, (0.631, 1.0))
    assert part == pytest.approx(whole, abs=8 / 480)


def test_looks_keep_their_distance_and_ask_for_a_change_as_long_as_a_word() -> None:
    word, mouth = np.zeros((120, 160), bool), np.zeros((120, 160), bool)
    word[110, 40:48] = mouth[60, 70:77] = True
    pictures = [grid(BACK), grid(LONG)]
    lookout = Lookout(3, 12.0)
    seen = [
        lookout.look(BACK, 8, pictures[frame // 3 % 2], changed) is not None
        for frame, changed in enumerate((mouth, mouth, word, word, mouth, word, mouth))
    ]
    assert seen == [True, False, False, True, False, False, True]
    assert Lookout(0, 12.0).look(LONG, 8, grid(LONG), word) is None


def test_a_look_finds_what_came_and_what_went_and_leaves_the_rest() -> None:
    both = subtitled(LONG, "The other paper is red", 90)
    everywhere = np.ones((120, 160), bool)
    lookout = Lookout(1, 12.0)

    def look(picture: np.ndarray, of_it: slice = slice(None)):
        known = np.zeros_like(picture)
        known[of_it] = picture[of_it]
        return lookout.look(known, 8, grid(picture), everywhere)

    (low,) = look(LONG)
    high, same = sorted(look(both, slice(0, 340)), key=lambda line: line["y0"])  # where nothing is new nothing is read
    assert same == {**low, "again": 1.0} and high["y1"] < 0.25
    assert look(both) is None
    assert look(subtitled(BACK, "The other paper is red", 90)) == [{**high, "again": 1.0}]
    assert look(BACK) == []


def looks(*found: tuple[int, list[Lettering]]) -> list[tuple[int, list[Lettering]]]:
    """Looks, by frame."""
    return list(found)


def at(frame: int) -> Lettering:
    """The line as a look at a frame finds it."""
    return replace(WORDS, start=frame, end=frame, seen=(frame, frame))


def test_a_line_stands_from_where_the_grids_change() -> None:
    cells = [A] * 5 + [B] * 12 + [A] * 7  # text in frames 5 to 16
    (found,) = stretches(looks((0, []), (8, [at(8)]), (14, [at(14)]), (20, [])), 24, cells)
    assert (found.start, found.end) == (5, 17)
    (last,) = stretches(looks((0, []), (8, [at(8)])), 17, cells[:17])
    assert (last.start, last.end) == (5, 17)
    (gone,) = stretches(looks((0, []), (8, [at(8)])), 24, cells)  # after the last look
    assert (gone.start, gone.end) == (5, 17)


def test_a_line_overlooked_for_a_moment_is_one() -> None:
    first, again, later = (Lettering(a, b, 0.2, 0.9, 0.7, 0.95) for a, b in ((0, 10), (16, 30), (50, 70)))
    elsewhere = Lettering(16, 30, 0.2, 0.1, 0.7, 0.15)
    assert [(line.start, line.end) for line in bridged([first, again, elsewhere, later])] == [
        (0, 30),
        (16, 30),
        (50, 70),
    ]
    # Up to the end of the video nothing has gone.
    to_the_end = [Lettering(start, 20, 0.2, 0.9, 0.7, 0.95) for start in (0, 4)]
    assert [(line.start, line.end) for line in bridged(to_the_end)] == [(0, 20)]


def table(cells: list[Cells], found: dict[int, list[dict]]) -> pl.DataFrame:
    """What `lettering` reads of the frames table, at 24 frames a second."""
    there = {k: [{"again": 1.0, **line} for line in lines] for k, lines in found.items()}
    rows = [{"frame": k, "time": k / 24, "lettering": there.get(k)} for k in range(len(cells))]
    return pl.DataFrame(rows, schema_overrides={"lettering": pl.List(LINE)})


@pytest.mark.parametrize(
    ("y", "sure", "alone", "stands", "believed"),
    [
        (0.88, True, True, 12, True),
        (0.88, True, False, 12, True),  # where subtitles stand
        (0.45, True, True, 12, True),  # it comes by itself
        (0.45, True, False, 12, False),  # a shop sign
        (0.88, False, True, 12, True),
        (0.88, False, False, 12, False),  # a railing
        (0.45, False, True, 12, False),
        (0.2, True, True, 12, True),
        (0.2, False, True, 12, False),  # eyes, as far below the edge as no short line stands
        (0.88, True, True, 6, False),  # too short to be read
    ],
)
def test_what_is_believed(y: float, sure: bool, alone: bool, stands: int, believed: bool) -> None:
    words = A.copy()
    words[round(y * 120) : round((y + 0.06) * 120), 32:116:2] = 235
    other = np.where(words == 235, words, 40).astype(np.uint8)  # the picture changes with it
    cells = [A] * 8 + [words if alone else other] * stands + [A] * 8
    line = {"x0": 0.2, "y0": y, "x1": 0.72, "y1": y + 0.06, "sure": sure}
    found = lettering(table(cells, {0: [], 8: [line], 8 + stands: []}), cells)
    assert [(line.start, line.end) for line in found] == ([(8, 8 + stands)] if believed else [])


def test_a_line_is_sure_that_is_so_in_most_looks() -> None:
    box = {"x0": 0.4, "y0": 0.18, "x1": 0.58, "y1": 0.24}
    looks = [(k, [Lettering(k, k, **box, sure=sure)]) for k, sure in ((0, False), (12, False), (24, True), (36, False))]
    (face,) = stretches(looks, 48, [A] * 48)
    assert (face.sure, face.votes) == (False, -2)
    (text,) = stretches(
        [(k, [replace(line, sure=not line.sure) for line in lines]) for k, lines in looks], 48, [A] * 48
    )
    assert text.sure


@pytest.mark.parametrize(("stands", "found"), [(24, True), (12, False)])
def test_lines_of_credits_that_come_as_one_are_believed_and_what_rolls_is_not(stands: int, found: bool) -> None:
    card, boxes = A.copy(), []
    for y in (48, 56, 64):
        card[y : y + 5, 32:116:2] = 235
        boxes.append({"x0": 0.2, "y0": y / 120, "x1": 0.725, "y1": (y + 5) / 120, "sure": True})
    cells = [A] * 12 + [card] * stands + [A] * 12
    lines = lettering(table(cells, {0: [], 12: boxes, 12 + stands: []}), cells)
    assert ([(line.start, line.end) for line in lines] == [(12, 12 + stands)] * 3) == found


@pytest.mark.parametrize(
    ("rolls", "seen", "found"), [(True, (12, 12), True), (False, (12, 12), False), (True, (6, 18), False)]
)
def test_what_one_look_found_and_is_elsewhere_soon_goes_past(rolls: bool, seen: tuple[int, int], found: bool) -> None:
    letters = np.zeros((6, 80), np.uint8)
    letters[1:5, ::3] = 180
    cells = [A.copy() for _ in range(24)]
    for k, one in enumerate(cells):
        top = 80 - k if rolls else 68
        one[top : top + 6, 40:120] += letters
    assert goes_past(cells, Lettering(9, 16, 0.25, 68 / 120, 0.75, 74 / 120, seen=seen)) == found


def test_a_short_line_of_credits_is_believed_with_the_one_below() -> None:
    role, name = Lettering(20, 60, 0.1, 0.60, 0.2, 0.65, sure=False), Lettering(22, 60, 0.1, 0.67, 0.4, 0.72)
    assert beneath(role, name)
    assert not beneath(replace(role, start=2), name) and beneath(replace(role, start=12), name)  # a cut nearby
    assert not beneath(replace(role, start=12, end=64), name)
    assert not beneath(replace(role, y0=0.5, y1=0.55), name) and not beneath(replace(role, x0=0.5, x1=0.6), name)


def test_what_comes_and_goes_with_a_name_below_it_is_believed_with_that(monkeypatch: pytest.MonkeyPatch) -> None:
    words = A.copy()
    words[54:60, 16:40:2] = words[46:51, 16:26:2] = words[62:67, 60:80:2] = 235
    cells = [A] * 8 + [words] * 32 + [A] * 30
    boxes = [(16, 54, 40, 60), (16, 46, 26, 51), (60, 62, 80, 67)]  # a name, its role, and what stands elsewhere
    lines = [
        {"x0": x0 / 160, "y0": y0 / 120, "x1": x1 / 160, "y1": y1 / 120, "sure": False} for x0, y0, x1, y1 in boxes
    ]
    monkeypatch.setattr(burnt_in, "believed", lambda line, *_: line.x1 == 40 / 160)  # the name alone, by itself
    found = lettering(table(cells, {0: [], 8: lines, 40: []}), cells)
    assert [(line.start, line.end, line.y0) for line in found] == [(8, 40, 46 / 120), (8, 40, 54 / 120)]


def test_a_sign_in_mid_picture_that_fades_is_believed() -> None:
    sign = A.copy()
    sign[60:66, 20:100:2] = 235
    shares = [0.0] * 14 + [k / 9 for k in range(1, 9)] + [1.0] * 30 + [k / 9 for k in range(8, 0, -1)] + [0.0] * 14
    cells = [(A + share * (sign.astype(np.float32) - A)).round().astype(np.uint8) for share in shares]
    line = {"x0": 0.125, "y0": 0.5, "x1": 0.625, "y1": 0.55, "sure": True}
    (found,) = lettering(table(cells, {12: [], 24: [line], 36: [line], 48: [line], 60: []}), cells)
    assert 14 <= found.start <= 15 and 59 <= found.end <= 60


def test_what_text_covers_is_not_compared() -> None:
    seen = MaskedGrids([A, B], [Lettering(1, 2, 0.2, 0.88, 0.78, 0.95)])
    assert difference(MaskedGrid(A), MaskedGrid(B)) > 60
    assert difference(seen[0], seen[1]) == 0
    mouth = B.copy()
    mouth[80:83, 70:76] = 40
    assert difference(seen[0], MaskedGrid(mouth, seen[1].covered)) == 70
    assert (seen.lettered(0), seen.lettered(1)) == (False, True)


def test_alone() -> None:
    moved = B.copy()
    moved[20:60, 20:60] = 200
    wide = Lettering(0, 1, 0.2, 0.88, 0.78, 0.95)
    assert alone([A, B], wide, 1) and not alone([A, moved], wide, 1) and not alone([A, A], wide, 1)
    mouth = A.copy()
    mouth[107:112, 60:70] = 200  # within the line, but only a tenth of it
    assert not alone([A, mouth], wide, 1)
    assert not alone([A, B], wide, 0) and not alone([A, B], wide, 2)


def test_alone_is_also_what_changes_all_along_a_line_and_not_around_it() -> None:
    line = Lettering(1, 2, 0.2, 0.45, 0.72, 0.51)
    far, near = A.copy(), A.copy()
    far[5:25, 20:140] = near[69:76, 20:140] = 200  # a figure elsewhere, and one that passes beside the line
    sign = A.copy()
    sign[54:61, 32:115] = 235
    for other, found in ((far, True), (near, False)):
        both = np.where(sign == 235, sign, other).astype(np.uint8)
        assert alone([A, both], line, 1) == found
    half = far.copy()
    half[54:61, 32:90] = 235  # a mouth in a band of folds
    assert not alone([A, half], line, 1)


def wandering(by: int) -> list[Cells]:
    """A picture over which the camera goes, both ways."""
    return [texture(4, 400, 300)[by * n : by * n + 120, by * n : by * n + 160].copy() for n in range(12)]


STROKES = np.arange(84) // 3 % 2 * 200 + 30


def test_a_line_stands_over_what_moves_around_it() -> None:
    line = Lettering(0, 12, 0.2, 0.45, 0.72, 0.51)

    def lined(grids: list[Cells], by: int) -> list[Cells]:
        for n, grid in enumerate(grids):
            grid[54:61, 32 + by * n : 116 + by * n] = STROKES
        return grids

    assert stands_over(lined(wandering(5), 0), line)
    assert not stands_over(lined(wandering(5), 4), line)  # a railing goes with the picture
    assert not stands_over(lined(wandering(0), 0), line)  # nothing moves: it may be drawn
    assert not stands_over([A] * 12, line)


@pytest.mark.parametrize(
    ("sure", "x0", "moves", "found"),
    [
        (True, 0.2, True, True),
        (False, 0.24, True, True),
        (False, 0.4, True, False),  # of few strokes, and beside the middle
        (True, 0.2, False, False),
    ],
)
def test_a_line_in_the_middle_is_believed_over_what_moves(sure: bool, x0: float, moves: bool, found: bool) -> None:
    line = Lettering(0, 12, x0, 0.45, x0 + 0.52, 0.51, sure)
    grids = wandering(5 * moves)
    for grid in grids:
        grid[54:61, round(x0 * 160) :][:, :84] = STROKES
    assert believed(line, grids, [k / 24 for k in range(12)]) == found


@pytest.mark.parametrize(("moves", "votes", "found"), [(True, -3, True), (True, -2, False), (False, -3, False)])
def test_credits_of_few_strokes_beside_the_middle_outlast_what_moves(moves: bool, votes: int, found: bool) -> None:
    line = Lettering(0, 12, 0.75, 0.45, 0.9, 0.51, sure=False, votes=votes)
    grids = [grid // 4 + 60 for grid in wandering(5 * moves)]
    for grid in grids:
        grid[54:61, 120:144] = STROKES[:24]
    assert believed(line, grids, [k / 24 for k in range(12)]) == found


def test_lines_of_one_card_are_not_around_each_other() -> None:
    card = [Lettering(0, 12, 0.75, y, 0.9, y + 0.03, sure=False, votes=-3) for y in (0.4, 0.48, 0.56)]
    grids = [grid // 4 + 60 for grid in wandering(5)]
    for grid in grids:
        for line in card:
            grid[round(line.y0 * 120) : round(line.y1 * 120) + 1, 120:144] = STROKES[:24]
    assert not outlasts(grids, card[1]) and outlasts(grids, card[1], card)


def test_a_line_stands_for_as_long_as_its_place_keeps_what_it_has_whatever_looks_miss() -> None:
    grids = [grid // 4 + 60 for grid in wandering(5)]
    for grid in grids[2:10]:
        grid[54:61, 120:144] = STROKES[:24]
    found = timed(grids, Lettering(5, 7, 0.75, 0.45, 0.9, 0.51, sure=False, seen=(5, 7)), (4, 8))
    assert (found.start, found.end) == (2, 10)


@pytest.mark.parametrize(("stands", "before", "found"), [(24, [], True), (12, [], False), (24, [0, 8], False)])
def test_a_name_that_comes_and_goes_by_itself_is_believed(stands: int, before: list[int], found: bool) -> None:
    name = A.copy()
    name[54:60, 16:40:2] = 235
    cells = [A] * 8 + [name] * stands + [A] * 30
    line = Lettering(8, 8 + stands, 0.1, 0.45, 0.25, 0.5, sure=False)
    drawn = [replace(line, start=a, end=b) for a, b in (before,) if before] if before else []  # the eye before this one
    times = [k / 24 for k in range(len(cells))]
    assert believed(line, cells, times, known=[line, *drawn]) == found


@pytest.mark.parametrize(
    ("looked", "beside", "found"),
    [
        ((24, 36), False, True),
        ((24, 24), False, False),  # seen once: a hand that is held there for a moment
        ((24, 36), True, False),  # what is around it changes with it
    ],
)
def test_a_name_that_fades_over_a_picture_in_which_somebody_acts_comes_by_itself(
    looked: tuple[int, int], beside: bool, found: bool
) -> None:
    grids, back, acts = [], texture(3, 160, 120) // 2 + 40, texture(5, 900, 60)
    for k in range(70):
        grid = back.copy()
        grid[69:] = acts[:51, 10 * k : 10 * k + 160]
        share = float(np.clip(min(k - 9, 51 - k) / 10, 0, 1))
        there = grid.astype(np.float32)
        there[54:60, 16:40] += share * (STROKES[:24] - there[54:60, 16:40])
        if beside and 14 <= k < 47:
            there[45:54, 8:48], there[60:69, 8:48] = 20, 20
        grids.append(there.round().astype(np.uint8))
    name = Lettering(14, 47, 0.1, 0.45, 0.25, 0.5, sure=False, votes=-2, seen=looked)
    assert not alone(grids, name, 14, 6)
    assert believed(name, grids, [k / 24 for k in range(70)]) == found


def test_a_line_outlasts_what_moves_from_the_first_look_to_the_last_where_it_fades_before_and_after() -> None:
    shares = [0.0, 0.2, 0.5, 1, 1, 1, 1, 1, 1, 0.5, 0.2, 0.0]
    grids = [grid // 4 + 60 for grid in wandering(5)]
    for grid, share in zip(grids, shares, strict=True):
        place = grid[54:61, 120:144]
        grid[54:61, 120:144] = place + share * (STROKES[:24].astype(np.float32) - place)
    line = Lettering(0, 12, 0.75, 0.45, 0.9, 0.51, sure=False, seen=(3, 8))
    assert outlasts(grids, line) and not outlasts(grids, replace(line, seen=(3, 3)))


@pytest.mark.parametrize(("held", "found"), [(12, True), (9, False), (3, False)])
def test_what_changes_as_a_whole_again_and_again_is_a_mouth(held: int, found: bool) -> None:
    shut = A.copy()
    shut[105:113, 60:100] = 40  # where subtitles stand, in the middle
    opened = np.where(shut == 40, 200, shut).astype(np.uint8)
    cells = [shut] * 8 + [(opened, shut)[k // held % 2] for k in range(36)] + [shut] * 8
    line = {"x0": 0.38, "y0": 0.88, "x1": 0.62, "y1": 0.93, "sure": False}
    words = Lettering(8, 44, 0.38, 0.88, 0.62, 0.93, sure=False)
    times = [k / 24 for k in range(len(cells))]
    assert alone(cells, words, 8)
    assert holds(cells, words, times) == believed(words, cells, times) == found
    assert believed(replace(words, sure=True), cells, times)  # no mouth has as many strokes
    assert bool(lettering(table(cells, {0: [], 8: [line], 44: []}), cells)) == found


@pytest.mark.parametrize(("gone", "found"), [(4, False), (40, True)])
def test_what_is_soon_as_it_was_is_an_eye_that_shuts(gone: int, found: bool) -> None:
    eyes = A.copy()
    eyes[105:113, 60:100:2] = 40
    cells = [eyes] * 20 + [A] * gone + [eyes] * 20
    line = Lettering(0, 20, 0.38, 0.88, 0.62, 0.93, sure=False)
    assert believed(line, cells, [k / 24 for k in range(len(cells))]) == found
    assert returns(cells, line, 20) == (not found) and not returns(cells, line, 0)
    again = replace(line, start=20 + gone, end=40 + gone)
    assert believed(again, cells, [k / 24 for k in range(len(cells))]) == found


def test_a_line_that_stands_over_a_pan_is_text_though_most_of_its_place_goes_along() -> None:
    large, strokes = texture(9, 260, 150), np.where(texture(7, 640, 40)[::8, ::8] > 128, 250, 10).astype(np.uint8)
    cells = [cv2.warpAffine(large, np.array([[1, 0, -0.7 * k], [0, 1, 0]], np.float32), (160, 120)) for k in range(40)]
    over = [grid.copy() for grid in cells]
    for grid in over:
        grid[106:111, 40:120] = cv2.addWeighted(grid[106:111, 40:120], 0.5, strokes, 0.5, 0)
    line = {"x0": 0.25, "y0": 0.88, "x1": 0.75, "y1": 0.93, "sure": True}
    assert len(lettering(table(over, {0: [line], 36: [line]}), over)) == 1
    assert lettering(table(cells, {0: [line], 36: [line]}), cells) == []


@pytest.mark.parametrize("picture", [texture(11), np.full((120, 160), 16, np.uint8)])
def test_a_line_that_scrolls_over_a_picture_that_stays_is_text(picture: Cells) -> None:
    cells = [picture.copy() for _ in range(24)]
    for k, grid in enumerate(cells):
        top = 110 - round(0.4 * k)
        grid[top : top + 5, 40:120] = np.where(texture(7, 80, 5) > 128, 250, 10)
    line = {"x0": 0.25, "y0": 0.84, "x1": 0.75, "y1": 0.96, "sure": True}
    assert len(lettering(table(cells, {0: [line], 20: [line]}), cells)) == 1


def test_a_line_that_fades_stands_from_its_first_trace_to_its_last() -> None:
    def share(part: float) -> Cells:
        return (A + part * (B.astype(float) - A)).round().astype(np.uint8)

    steps = [0.15, 0.3, 0.45, 0.6, 0.75, 0.9]
    cells = [A] * 9 + [share(part) for part in steps] + [B] * 20 + [share(part) for part in reversed(steps)] + [A] * 9
    found = faded(replace(WORDS, start=12, end=38), cells)  # the looks found it where it is more there than not
    assert (found.start, found.end) == (9, 41)
    assert faded(replace(WORDS, start=5, end=17), [A] * 5 + [B] * 12 + [A] * 7) == replace(WORDS, start=5, end=17)


SHOTS = [(0, 40), (40, 80)]


def scenes(there: dict[int, bool], corner: tuple[int, int] = (6, 140)) -> list[Cells]:
    """Two shots of 40 frames with a mark in a corner from a frame on, or until one."""
    cells, on = [], False
    for frame in range(80):
        on = there.get(frame, on)
        picture = texture(1 if frame < 40 else 2, 160, 120)
        if on:
            picture[corner[0] : corner[0] + 10, corner[1] : corner[1] + 10] = 235
        cells.append(picture)
    return cells


def test_a_mark_comes_and_goes_in_a_corner_of_several_pictures() -> None:
    (mark,) = marks(scenes({15: True, 60: False}), SHOTS)
    assert (mark.line.start, mark.line.end) == (0, 80)
    assert mark.line.x0 <= 140 / 160 and mark.line.x1 >= 150 / 160 and mark.line.y0 <= 6 / 120
    assert all(any(start < turn <= end for start, end in mark.turns) for turn in (15, 60))


def test_a_clock_of_which_one_digit_changes_and_then_two_is_a_mark() -> None:
    cells = scenes({})
    for frame, grid in enumerate(cells):
        ones, tens = frame // 20, frame // 60
        grid[8:14, 136:144] = 235
        grid[9:13, 137:140], grid[9:13, 141:144] = 40 + 60 * tens, 40 + 45 * ones
    (mark,) = marks(cells, SHOTS)
    assert mark.line.x0 <= 137 / 160 and mark.line.x1 >= 144 / 160 and len(mark.turns) == 2


@pytest.mark.parametrize(
    ("there", "corner"),
    [
        ({15: True}, (6, 140)),  # in one picture alone: it may be drawn
        ({15: True, 60: False}, (50, 70)),  # in the middle
        ({15: True, 18: False, 55: True, 58: False}, (6, 140)),  # a lamp that flickers, in two pictures
    ],
)
def test_what_is_no_mark(there: dict[int, bool], corner: tuple[int, int]) -> None:
    assert marks(scenes(there, corner), SHOTS) == []


def turned(first: Cells, second: Cells, at: tuple[int, int] = (15, 60)) -> list[Cells]:
    """Two shots of 40 frames of other pictures; in each one of two patches comes in a corner, at a frame."""
    (y1, wide), y0, x1 = first.shape, 0, 158
    x0 = x1 - wide
    cells = [np.full((120, 160), 90, np.uint8) if frame < 40 else texture(2, 160, 120) for frame in range(80)]
    for frame, grid in enumerate(cells):
        grid[y0:y1, x0:x1] = 90
        for patch, start, end in ((first, at[0], 40), (second, at[1], 80)):
            if start <= frame < end:
                grid[y0:y1, x0:x1] = patch
    return cells


LAMP, BRANCH = texture(5, 12, 12), texture(6, 12, 12)
DISC = cv2.circle(np.full((12, 12), 90, np.uint8), (6, 6), 4, 235, -1)
SHADE = cv2.GaussianBlur(cv2.circle(np.full((26, 26), 90, np.uint8), (13, 13), 6, 160, -1), (0, 0), 5)
STREAK = (90 + 40 * np.linspace(1, 0, 26)[:, None] * np.r_[0, 0, 1, 1, 1, 1, 0, 0]).round().astype(np.uint8)


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (DISC, DISC, True),
        (LAMP, LAMP, True),
        (LAMP, BRANCH, False),  # something comes in either picture, and it is not the same
        (DISC, 255 - DISC, False),
        (SHADE, SHADE, False),  # no outlines: smoke, or light
        (STREAK, STREAK, False),  # edges of one way, as two pictures may share
    ],
)
def test_a_mark_is_seen_by_its_outlines_in_several_pictures(first: Cells, second: Cells, found: bool) -> None:
    assert bool(marks(turned(first, second), SHOTS)) == found


def test_what_comes_twice_in_one_shot_under_a_camera_is_no_mark() -> None:
    cells = turned(DISC, DISC, (15, 60))
    assert marks(cells, SHOTS) and marks(cells, [(0, 80)]) == []


def test_a_mark_that_comes_once_and_stands_where_something_else_acts_is_told_by_itself() -> None:
    cells = turned(DISC, DISC, (15, 40))
    for grid in cells[60:]:
        grid[4:26, 124:144] = 255 - grid[4:26, 124:144]
        grid[18:26, 144:156] = 255 - grid[18:26, 144:156]
    (mark,) = marks(cells, SHOTS)
    assert mark.line.x0 >= 144 / 160 and mark.line.y1 <= 16 / 120 and len(mark.turns) == 1


def test_a_short_line_that_fades_in_is_a_subtitle_though_no_step_of_it_is_a_change() -> None:
    line = Lettering(6, 40, 0.38, 0.88, 0.62, 0.93, sure=False)
    words = A.copy()
    words[105:113, 60:100] = 200
    shares = [min(1.0, max(0.0, (k - 4) / 20)) for k in range(40)]
    cells = [cv2.addWeighted(words, share, A, 1 - share, 0) for share in shares]
    times = [k / 24 for k in range(40)]
    assert not alone(cells, line, 6) and believed(line, cells, times)
    beside = replace(line, x0=0.58, x1=0.82)  # where no subtitle stands
    assert not believed(beside, cells, times)


def test_what_comes_little_by_little_is_looked_at_in_time() -> None:
    lookout, seen = Lookout(12, 12.0), []
    for k in range(40):
        cells = np.full((120, 160), 60, np.uint8)
        cells[100:110, 40:120] += np.uint8(3 * min(k, 20))  # a third of a change a frame
        still = np.zeros(cells.shape, bool)
        if lookout.look(np.kron(cells, np.ones((4, 4), np.uint8)), 8, cells, still) is not None:
            seen.append(k)
    assert seen == [0, 12, 24]


def signed(cells: Cells, shut: bool = False) -> Cells:
    """A sign over a picture, 14 cells long, and below it a mouth, which is open unless it is shut."""
    out = cells.copy()
    out[60:66, 40:54] = 190
    out[60:66, 40:54:2] = 235
    if not shut:
        out[68:71, 43:49] = 30
    return out


def test_a_mouth_beside_a_sign_is_seen_within_the_margin_of_its_letters() -> None:
    open_, shut = signed(A), signed(A, shut=True)
    bare = A.copy()
    bare[68:71, 43:49] = 30
    sign = Lettering(2, 6, 40 / 160, 60 / 120, 54 / 160, 66 / 120)
    seen = MaskedGrids([A, bare, open_, shut, shut, open_, bare], [sign])
    assert difference(seen[2], seen[3]) > 60  # it stands in both: nothing around it is its own
    assert difference(seen[1], seen[3]) > 60 and difference(seen[1], seen[2]) == 0  # what it covers says how it came
    over_all = MaskedGrids([open_, shut], [replace(sign, start=0, end=2)])
    assert difference(over_all[0], over_all[1]) > 60
    assert difference(MaskedGrid(bare), over_all[1]) == 0  # of one that never comes or goes that is not known


def test_what_is_sung_changes_colour_and_no_drawing() -> None:
    sung = signed(A)
    sung[60:66, 40:46:2] = 160
    sign = Lettering(0, 2, 40 / 160, 60 / 120, 54 / 160, 66 / 120)
    seen = MaskedGrids([signed(A), sung], [sign])
    assert difference(seen[0], seen[1]) == 0


@pytest.mark.parametrize("apart", [-3, 0, 3])
def test_text_that_comes_or_goes_near_a_cut_does_not_get_the_cuts_frame(apart: int) -> None:
    rng = np.random.default_rng(7)
    one, other = (np.kron(rng.integers(30, 120, (20, 27)), np.ones((6, 6)))[:120, :160].astype(np.uint8) for _ in "ab")

    def lettered(cells: Cells) -> Cells:
        out = cells.copy()
        out[108:113, 32:116:2] = 240
        return out

    cut, line = 30, Lettering(40, 40, 0.2, 108 / 120, 116 / 160, 113 / 120)
    comes = [(one if k < cut else other) if k < cut + apart else lettered(one if k < cut else other) for k in range(60)]
    goes = [lettered(one if k < cut else other) if k < cut + apart else (one if k < cut else other) for k in range(60)]
    assert timed(comes, replace(line, seen=(40, 52)), (24, 59)).start == cut + apart
    assert timed(goes, replace(line, seen=(0, 24)), (0, 40)).end == cut + apart


def upright(picture: np.ndarray, text: str, x: int = 560, y: int = 40) -> np.ndarray:
    """Letters one below the other."""
    for k, letter in enumerate(text):
        picture = subtitled(picture, letter, y + 30 * k, x)
    return picture


def test_upright_lines_are_found_beside_level_ones() -> None:
    both = upright(subtitled(BACK, "We fold another one"), "EHSBXAEZ")
    level, tall = lines_of(both, 8)
    assert level["sure"] and level["x1"] < 0.8 and level["y0"] > 0.8
    assert 0.85 < tall["x0"] < tall["x1"] < 0.95 and tall["y0"] < 0.12 and 0.5 < tall["y1"] < 0.62
    assert lines_of(both, 8, upright=False) == [level]
    two = upright(upright(BACK, "EHSBXAEZ", 520), "ESBXEHAZ", 560)  # whose letters lie side by side, too
    assert all(line["y1"] - line["y0"] > 0.4 and line["x1"] - line["x0"] < 0.1 for line in lines_of(two, 8))
    assert len(lines_of(two, 8)) == 2
    for k in range(4):  # lines of a card, whose letters lie below each other
        both = subtitled(BACK if not k else both, "We fold another one", 150 + 40 * k)
    assert len(lines_of(both, 8)) == 4


@pytest.mark.parametrize(("x0", "sure", "found"), [(0.94, True, True), (0.94, False, False), (0.6, True, False)])
def test_a_sure_upright_line_is_believed_at_the_edge_of_a_picture(x0: float, sure: bool, found: bool) -> None:
    line = Lettering(0, 24, x0, 0.2, x0 + 0.03, 0.8, sure)
    assert believed(line, [A] * 24, [k / 24 for k in range(24)]) == found


def test_of_an_upright_line_all_is_looked_at_again() -> None:
    tall = upright(BACK, "EHSBXAEZ")
    lookout, found = Lookout(1, 12.0), upright(BACK, "EHSBXAEZ")
    found[100:140, 100:200] = 220  # something beside a part of it
    unlike = np.ones((120, 160), bool)
    first = lookout.look(tall, 8, grid(tall), unlike)
    again = lookout.look(found, 8, grid(found), unlike)
    assert (
        first
        and again
        and [{**line, "again": 1.0} for line in first] == [pytest.approx(line, abs=0.01) for line in again]
    )


@pytest.mark.parametrize(("votes", "found"), [(3, True), (2, False)])
def test_a_line_that_looks_are_sure_of_again_and_again_is_text_anywhere(votes: int, found: bool) -> None:
    line = Lettering(0, 24, 0.3, 0.48, 0.7, 0.52, votes=votes, seen=(0, 20), looks=votes)
    assert believed(line, [A] * 24, [k / 24 for k in range(24)]) == found


@pytest.mark.parametrize(("missed", "found"), [((), 1), ((12, 18), 0)])
def test_an_unsure_line_that_most_looks_at_its_frames_miss_is_none(missed: tuple[int, ...], found: int) -> None:
    cells = [A] * 4 + [B] * 20 + [A] * 12
    line = {"x0": WORDS.x0, "y0": WORDS.y0, "x1": WORDS.x1, "y1": WORDS.y1, "sure": False}
    looks = {k: [line] if 4 <= k < 24 and k not in missed else [] for k in range(0, 36, 6)}
    assert len(lettering(table(cells, looks), cells)) == found


@pytest.mark.parametrize("upright", [False, True])
def test_a_line_is_as_long_as_what_comes_with_it(upright: bool) -> None:
    came = A.copy()
    came[80:86, 30:120:2] = 240
    came[80:86, 78:82] = 110  # between words
    came[20:24, 20:24] = 240  # something else
    line, whole_line = (0.3, 80 / 120, 0.45, 86 / 120), (30 / 160, 80 / 120, 119 / 160, 86 / 120)
    cells, boxes = [A, A, came, came], [line, whole_line]
    if upright:
        cells = [np.ascontiguousarray(grid.T) for grid in cells]
        boxes = [(y0, x0, y1, x1) for x0, y0, x1, y1 in boxes]
    short, long = (Lettering(2, 4, *box) for box in boxes)
    found = grown(short, cells, 2)
    assert (found.x0, found.y0, found.x1, found.y1) == pytest.approx((long.x0, long.y0, long.x1, long.y1), abs=0.02)
    assert grown(short, cells, 4) == short and grown(short, cells, 3) == short


def test_what_is_left_where_a_line_goes_is_no_line_that_comes() -> None:
    text, knees = A.copy(), A.copy()
    text[108:113, 32:116:3] = 240
    knees[108:113, 60:70] = 140
    gone = Lettering(0, 2, 0.2, 108 / 120, 0.7, 113 / 120)
    left = Lettering(2, 4, 58 / 160, 108 / 120, 72 / 160, 113 / 120)
    cells = [text, text, knees, knees]
    assert adds(cells, gone, 2) and not adds(cells, left, 2)
    assert adds([A, A, knees, knees], left, 2)


@pytest.mark.parametrize("gap", [0, 2, 10])
def test_a_subtitle_that_another_replaces_at_its_place_is_a_line_of_its_own(gap: int) -> None:
    rng = np.random.default_rng(11)

    def worded() -> Cells:
        out = A.copy()
        out[108:113, 32:116] = np.kron(rng.integers(0, 2, (5, 28)) * 130 + 110, np.ones((1, 3)))
        return out

    one, other = worded(), worded()
    cells = [A] * 6 + [one] * 20 + [A] * gap + [other] * 20 + [A] * 12
    line = {"x0": 0.2, "y0": 108 / 120, "x1": 116 / 160, "y1": 113 / 120, "sure": True}
    new = {**line, "again": 0.2}
    looks = {0: [], 12: [line], 24: [line], 27: [] if gap else [new], 38: [new if gap else line], 57: []}
    found = lettering(table(cells, looks), cells)
    assert [(each.start, each.end) for each in found] == [(6, 26), (26 + gap, 46 + gap)]
    held = [A] * 6 + [one] * 42 + [A] * 12
    (stays,) = lettering(table(held, {0: [], 12: [line], 24: [line], 36: [line], 48: []}), held)
    assert (stays.start, stays.end) == (6, 48)
