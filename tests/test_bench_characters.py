"""bench.characters: pairs of crops, counted by hand."""

import polars as pl

from bench.characters import numbered, pair_scores


def test_pairs_in_one_cluster_are_right_if_of_one_character() -> None:
    # Together: a-b, c-d (wrong). Truly alike: a-b, a-c, b-c. e is in no cluster, f has no truth.
    found = {"a": 0, "b": 0, "c": 1, "d": 1, "e": -1, "f": 1}
    true = {"a": "x", "b": "x", "c": "x", "d": "y", "e": "z"}
    assert pair_scores(found, true) == (1 / 2, 1 / 3, 2 * 1 / (2 + 3))


def test_crops_in_no_cluster_are_no_pairs() -> None:
    assert pair_scores({"a": -1, "b": -1}, {"a": "x", "b": "x"}) == (0.0, 0.0, 0.0)


def test_a_cluster_in_two_outfits_is_two_groups() -> None:
    table = pl.DataFrame({"crop": list("abcd"), "cluster": [0, 0, 1, -1], "outfit": ["coat", None, None, None]})
    assert numbered(table) == {"a": 0, "b": 1, "c": 2, "d": -1}
