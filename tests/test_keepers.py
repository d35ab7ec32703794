"""How keepers are judged: the benchmark's own arithmetic."""

import numpy as np
import pytest
from films import texture

from bench._keepers import Truth, cut_f1, held_runs, nearest, score, timing_share
from bench._peers import imagededup, last_kept

#        drawing 0   1    0       2
LABELS = "-HHDHDHHCH"
TRUTH = Truth(LABELS, [(0, 0), (3, 1), (5, 0), (8, 2)], [8])


def test_a_perfect_choice() -> None:
    found = score([0, 0, 0, 3, 3, 0, 0, 0, 8, 8], TRUTH, [8])
    assert (found.lost, found.changes, found.wrongly_kept, found.held) == (0, 3, 0, 6)
    assert (found.again, found.cuts, found.kept) == (1.0, 1.0, 3)


def test_a_lost_drawing_and_a_frame_too_many() -> None:
    found = score([0, 0, 2, 2, 2, 5, 5, 5, 8, 9], TRUTH)
    assert (found.lost, found.wrongly_kept, found.cuts, found.kept) == (1, 2, None, 5)
    assert found.again == 0  # drawing 0 returns and is not found


def test_a_drawing_that_nothing_stands_for_is_lost() -> None:
    assert score([0, 0, 0, None, None, 0, 0, 0, None, None], TRUTH).lost == 2


def test_held_runs_are_joined_by_h_alone() -> None:
    assert held_runs("-HHDSHP") == [(0, 3), (3, 4), (4, 6), (6, 7)]


def test_cuts_may_be_off_by_one_and_count_once() -> None:
    assert cut_f1([9, 10, 31], [10, 30]) == pytest.approx(0.8)  # two right, one extra
    assert cut_f1([], []) is None
    assert cut_f1([], [5]) == 0


def test_peers_keep_until_the_next() -> None:
    assert last_kept([False, False, True, False]) == [0, 0, 2, 2]


def test_imagededup_compares_all_frames() -> None:
    a, b = texture(1), texture(2)
    near = a.copy()
    near[0, 0] ^= 1
    assert imagededup(iter([a, b, near, b, np.flipud(a)])) == [0, 1, 0, 1, 4]


def test_frames_are_found_by_their_times() -> None:
    assert nearest([0.0, 0.1, 0.2], [-1.0, 0.04, 0.06, 0.15, 5.0]) == [0, 0, 1, 1, 2]


def test_timing_is_judged_shot_by_shot() -> None:
    assert timing_share({0: 3.0, 21: 2.0, 40: 1.0}, {0: 3.0, 20: 2.0, 40: 2.0, 60: 1.0}) == 0.5
    assert timing_share({0: 3.0}, {}) is None
