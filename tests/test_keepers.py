"""How keepers are judged: the benchmark's own arithmetic."""

from dataclasses import replace

import numpy as np
import pytest
from films import texture

from bench._keepers import Score, Truth, beyond, cut_f1, held_runs, matched, nearest, score, timing_share
from bench._peers import imagededup, last_kept
from bench.left_out import FACTORS, chosen, rows

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


def test_a_drawing_that_a_passage_leaves_out_is_lost_though_it_is_seen_elsewhere() -> None:
    kept = [0, 0, 0, 3, 3, None, None, None, 8, 8]  # drawing 0 again
    assert score(kept, TRUTH).lost == 1
    assert score(kept, replace(TRUTH, runs=[])).lost == 1  # nobody has told which are the same
    assert score(kept, replace(TRUTH, mixed=[5, 6, 7])).lost == 0
    assert score([0, 0, 0, 3, None, 0, 0, None, 8, 8], TRUTH).lost == 0  # a frame of each is left


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


A, B, C = texture(1), texture(2), texture(3)
SHOWN = [A, A, A, B, B, C, C, C, A, A]  # at 24 frames a second
HELD = Truth("-HHDHDHHDH", [(0, 0), (3, 1), (5, 2), (8, 0)], [])
TIMES = [k / 24 for k in range(10)]


def kept(grids: list) -> list[int]:
    """A perfect choice: the first frame with the same grid."""
    return [next(k for k, other in enumerate(grids) if other is grid) for grid in grids]


def test_frames_left_out_of_a_hold_lose_nothing() -> None:
    variant = [A, A, B, B, C, C, A, A]  # other frames of the holds, at times of their own
    times = [0.0, 0.1, 0.13, 0.17, 0.23, 0.3, 0.34, 0.4]
    same = matched(SHOWN, variant, TIMES, times)
    assert [variant[frame] is grid for frame, grid in zip(same, SHOWN, strict=True)] == [True] * 10
    assert same == sorted(same)
    found = score([kept(variant)[frame] for frame in same], HELD)
    assert (found.lost, found.wrongly_kept, found.again, beyond(kept(variant), same)) == (0, 0, 1.0, 0)


def test_a_drawing_left_out_is_lost() -> None:
    variant, times = [A, A, A, C, C, C, C, A, A], [0.0, 0.04, 0.08, 0.13, 0.21, 0.25, 0.29, 0.33, 0.38]
    same = matched(SHOWN, variant, TIMES, times)
    assert score([kept(variant)[frame] for frame in same], HELD).lost == 1  # B's frames fall on A's or C's


def test_two_drawings_that_share_a_keeper_are_lost_whatever_frames_are_matched() -> None:
    times = [k / 30 for k in range(12)]
    variant = [A, A, A, A, B, B, C, C, C, C, A, A]
    same = matched(SHOWN, variant, TIMES, times)
    keepers = [0, 0, 0, 0, 0, 0, 6, 6, 6, 6, 0, 0]
    assert score([keepers[frame] for frame in same], HELD).lost == 1


def test_a_combed_frame_that_is_kept_counts() -> None:
    combed = A.copy()
    combed[::2] = B[::2]
    variant = [A, A, A, combed, B, B, C, C, C, A, A]
    same = matched(SHOWN, variant, TIMES, [k / 26 for k in range(11)])
    assert beyond(kept(variant), same) == 1
    assert score([kept(variant)[frame] for frame in same], HELD).lost == 0


def scores_of(lost: dict[float, int], wrongly: dict[float, int]) -> dict[float, Score]:
    """A score for each factor: nothing lost or wrongly kept where nothing is said."""
    return {one: Score(lost.get(one, 0), 9, wrongly.get(one, 0), 9, None, None, 0) for one in FACTORS}


def test_each_video_is_scored_by_what_is_chosen_on_the_others() -> None:
    quiet = scores_of({1.4: 2, 1.7: 3, 2.0: 4}, {0.5: 9, 0.6: 5, 0.7: 1})
    loud = scores_of({2.0: 1}, {0.5: 9, 0.6: 9, 0.7: 8, 0.85: 6, 1.0: 4, 1.2: 1})
    assert (chosen([quiet]), chosen([loud]), chosen([quiet, loud])) == (1.0, 1.4, 1.2)
    assert list(rows({("quiet", "native"): quiet, ("loud", "native"): loud})) == [
        ("quiet", "native", 1.4, 2, 9, 0, 9, 0, 0), ("loud", "native", 1.0, 0, 9, 4, 9, 0, 4),
    ]  # fmt: skip
