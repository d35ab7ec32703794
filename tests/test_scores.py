"""The published scores, and the selections made from them."""

import numpy as np
import pytest

from genga.evaluation.scores import (
    adherence,
    best,
    best_published_v1,
    corrected_score,
    f_score,
    merged,
    published_score,
    same,
    tag_weights,
)


def test_same_is_the_share_of_references_at_or_below_the_threshold():
    differences = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.5, 0.2]], np.float32)
    assert same(differences, float(np.float32(0.2))).tolist() == [0.5, 0.25]


def test_merged_is_the_mean_direction_at_the_mean_length():
    # Lengths 1 and 3 with directions along x and y: direction (1, 1) / sqrt 2, length 2.
    assert merged(np.array([[1, 0], [0, 3]], np.float32)) == pytest.approx([2**0.5, 2**0.5])


def test_a_tag_weighs_more_the_more_frequent_it_is_and_one_at_the_upper_quartile():
    # ln 1, ln e, ln e^2, ln e^3, ln e^4 with P75 = 3.
    counts = {f"t{n}": round(np.e**n * 1e6) for n in range(5)}
    weights = tag_weights(counts)
    assert [round(weights[f"t{n}"], 4) for n in range(5)] == [0.2963, 0.4444, 0.6667, 1.0, 1.5]


def test_tags_that_never_occur_weigh_nothing():
    assert tag_weights({"seen": 5, "never": 0}) == {"seen": 1.0}
    assert tag_weights({}) == {}


def test_adherence_is_the_weighted_mean_of_what_was_asked_and_avoided():
    weights = {"1girl": 3.0, "smile": 1.0, "blurry": 2.0}
    # (3 * 0.9 + 1 * 0.5 + 2 * (1 - 0.25)) / 6
    assert adherence({"1girl": 0.9, "smile": 0.5, "blurry": 0.25}, ["1girl", "smile"], ["blurry"], weights) == (
        pytest.approx(4.7 / 6)
    )


def test_a_prompt_of_unknown_words_is_kept_to():
    assert adherence({"1girl": 0.1}, ["hana"], [], {"1girl": 1.0}) == 1.0


def test_f_score_leans_towards_recognition():
    # 10 * c * b / (9 b + c)
    assert f_score(np.array([0.8, 0.2, 0.0]), np.array([0.2, 0.8, 0.0]), 3.0) == pytest.approx(
        [1.6 / 2.6, 1.6 / 7.4, 0.0]
    )


def test_published_score_of_equal_checkpoints_is_equal():
    # Every z is 0, so both measures are 0.6 and so is their F score.
    assert published_score(np.array([0.5, 0.5]), np.array([0.7, 0.7]), 3.0) == pytest.approx([0.6, 0.6])


def test_published_score_depends_on_the_other_checkpoints_of_the_run_and_ours_does_not():
    recognition, kept = np.array([0.50, 0.52]), np.array([0.70, 0.60])
    with_a_failure = np.array([0.50, 0.52, 0.0]), np.array([0.70, 0.60, 0.6])
    assert int(best(published_score(recognition, kept, 3.0))) == 1
    assert int(best(published_score(*with_a_failure, 3.0))) == 0
    copies = np.zeros(3)
    assert int(best(corrected_score(recognition, kept, copies[:2], 3.0))) == 1
    assert int(best(corrected_score(*with_a_failure, copies, 3.0))) == 1


def test_a_checkpoint_that_copies_loses():
    recognition, kept = np.array([0.7, 0.9]), np.array([0.8, 0.8])
    assert int(best(corrected_score(recognition, kept, np.array([0.0, 0.0]), 3.0))) == 1
    assert int(best(corrected_score(recognition, kept, np.array([0.0, 0.5]), 3.0))) == 0


def test_of_equal_scores_the_earliest_wins():
    assert int(best(np.array([0.4, 0.9, 0.9]))) == 1


def test_v1_5_looks_at_steps_from_six_per_image_on():
    recognition = np.array([0.9, 0.5, 0.7])
    assert best_published_v1([10, 60, 120], recognition, 10) == 120
    assert best_published_v1([10, 60, 120], recognition, 100) is None
