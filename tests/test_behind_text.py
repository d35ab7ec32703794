"""What is drawn behind letters that stand is another drawing: a mouth under a moving camera, and a head that jumps."""

import cv2
import numpy as np

from genga.drawings._dedup.moving import anew
from genga.drawings._dedup.shown import left_by, shown_in_both
from genga.drawings._text.strokes import timed
from genga.drawings._text.tracks import Covering, Lettering, MaskedGrid, MaskedGrids, difference, trace
from genga.drawings.alignment import smoothed
from genga.video.luma_grid import Cells

LINE = Lettering(0, 24, 0.3, 0.7, 0.7, 0.75, seen=(0, 23))
AT = np.s_[84:90, 48:112]


def pan(mouth: tuple[int, ...] = (), ink: tuple[int, ...] = (235,) * 24, text: bool = True) -> list[Cells]:
    """24 frames of a picture that goes a third of a cell a frame beneath letters. mouth: in which one is open there."""
    forms = np.random.default_rng(7).integers(60, 150, (24, 40)).astype(np.float32)
    closed = smoothed(np.kron(forms, np.ones((15, 15))))
    opened = closed.copy()
    opened[249:273, 255:291] -= 50
    letters = np.random.default_rng(3).integers(0, 2, (6, 32)).repeat(2, axis=1) > 0
    frames = []
    for k in range(24):
        frame = cv2.resize((opened if k in mouth else closed)[:, k : k + 480], (160, 120), interpolation=cv2.INTER_AREA)
        if text:
            frame[AT][letters] = ink[k]
        frames.append(frame.round().astype(np.uint8))
    return frames


def fresh(frames: list[Cells], line: Lettering = LINE) -> list[int]:
    """The frames of a pan that begin another drawing."""
    return sorted(anew(MaskedGrids(frames, [line]), 0, 24, (), dict.fromkeys(range(24), 23), 14.0, None))


def test_a_mouth_that_speaks_behind_its_words_in_a_pan_is_drawn() -> None:
    assert fresh(pan(tuple(range(10, 16)))) == [10, 16]
    assert fresh(pan()) == []


def test_a_line_that_fades_over_a_pan_is_no_drawing() -> None:
    inks = (*(235,) * 11, 190, 140, *(100,) * 11)
    assert fresh(pan(ink=inks)) == []


def test_what_jumps_behind_a_line_is_left_there() -> None:
    seen = MaskedGrids(pan(tuple(range(10, 16))), [LINE])
    moved = np.array([[1, 0, 1 / 3], [0, 1, 0]], np.float32)
    left = []
    for k in (9, 10):
        a, b = seen[k - 1], seen[k]
        left.append(left_by(a, b, shown_in_both(a, b), moved).behind or 0.0)
    assert left[0] < 20 < 60 < left[1]


def test_where_no_line_stands_in_both_nothing_is_behind_one() -> None:
    seen = MaskedGrids(pan(), [Lettering(9, 24, 0.3, 0.7, 0.7, 0.75)])
    still = np.eye(2, 3, dtype=np.float32)
    a, b = seen[8], seen[9]
    assert left_by(a, b, shown_in_both(a, b), still).behind is None


def test_a_line_begins_before_what_acts_behind_it_did() -> None:
    """Looks found it from frame 14 on; the mouth opened at 10, which changes most of its place."""
    frames = [*pan(text=False)[:5], *pan(tuple(range(10, 24)))[5:]]
    late = Lettering(10, 24, 0.3, 0.7, 0.7, 0.75, seen=(14, 22))
    assert timed(frames, late, (12, 24)).start == 5


def test_letters_leave_four_levels_at_least_and_four_times_what_most_cells_do() -> None:
    levels = [[0, 1, 1, 9], [0, 1, 3, 9], [0, 2, 3, 9], [3, 3, 3, 3]]  # medians 1, 2, 2.5 and 3
    assert [trace(np.array([row], np.uint8)) for row in levels] == [4, 8, 10, 12]


def test_a_line_that_stands_in_both_hides_its_letters_and_one_that_goes_all_that_it_covers() -> None:
    a, b, covered = np.zeros((40, 60), np.uint8), np.zeros((40, 60), np.uint8), np.zeros((40, 60), bool)
    covered[18:34, 8:52] = True
    line = Covering(Lettering(0, 9, 0.2, 0.6, 0.8, 0.7), covered)
    b[20:22, 20:22] = 80  # beside its letters
    with_it, without = MaskedGrid(a, covered, (line,)), MaskedGrid(b)
    assert difference(with_it, MaskedGrid(b, covered, (line,))) == 80
    assert difference(with_it, without) == difference(without, with_it) == 0
    assert difference(MaskedGrid(a), without) == 80
