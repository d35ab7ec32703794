"""Average linkage with what is known beforehand, counted by hand; and how it goes on with many crops."""

import numpy as np
import pytest

from genga.people import differences as measured
from genga.people import linkage
from genga.people.differences import Differences
from genga.people.linkage import average, linked, mean_differences, pairs_of, standing


def on_a_line(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.abs(first[:, :1] - second[:, 0]).astype(np.float32)


def line(*places: float) -> Differences:
    return Differences(np.array(places, np.float32)[:, None], on_a_line)


def by_angle(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Half of one minus the cosine, as the embedder's graph has it."""
    first, second = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (first, second))
    return (0.5 - 0.5 * first @ second.T).clip(0).astype(np.float32)


def crowd(people: int, crops: int, width: int = 32, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features of crops in random order, and who is on each."""
    rng = np.random.default_rng(seed)
    who = rng.permutation(np.repeat(np.arange(people), crops))
    return (rng.normal(size=(people, width))[who] + 0.4 * rng.normal(size=(len(who), width))).astype(np.float32), who


def test_clusters_are_one_up_to_a_mean_difference_of_the_cut() -> None:
    # 0 and 1 differ by 1; 2.4 from both by 1.9 in the mean; 9 from all by far more.
    assert linked(np.arange(4), pairs_of([]), line(0.0, 1.0, 2.4, 9.0), 1.0).tolist() == [0, 0, 1, 2]
    assert linked(np.arange(4), pairs_of([]), line(0.0, 1.0, 2.4, 9.0), 1.9).tolist() == [0, 0, 0, 1]


def test_a_unit_counts_by_its_crops() -> None:
    """Unit 0 has crops at 0, 0 and 3: from 4 they differ by 3 in the mean."""
    units = np.array([0, 0, 0, 1])
    assert linked(units, pairs_of([]), line(0.0, 0.0, 3.0, 4.0), 3.0).tolist() == [0, 0]
    assert linked(units, pairs_of([]), line(0.0, 0.0, 3.0, 4.0), 2.9).tolist() == [0, 1]


def test_who_is_held_apart_never_comes_together_by_way_of_others_either() -> None:
    places = line(0.0, 0.1, 0.3, 0.5)
    assert linked(np.arange(4), pairs_of([(0, 1)]), places, 1.0).tolist() == [0, 1, 1, 1]
    assert linked(np.arange(4), pairs_of([(0, 1), (1, 2)]), places, 1.0).tolist() == [0, 1, 0, 0]
    every = [(a, b) for a in range(4) for b in range(a)]
    assert linked(np.arange(4), pairs_of(every), places, 1.0).tolist() == [0, 1, 2, 3]


def test_no_crops_and_one() -> None:
    nobody = Differences(np.zeros((0, 3), np.float32), by_angle)
    assert linked(np.zeros(0, np.int64), pairs_of([]), nobody, 1.0).tolist() == []
    assert linked(np.zeros(1, np.int64), pairs_of([]), line(3.0), 1.0).tolist() == [0]


def test_average_takes_the_least_first_and_of_equals_the_first() -> None:
    means = np.array([[0.0, 2, 4, 9], [2, 0, 2, 9], [4, 2, 0, 9], [9, 9, 9, 0]])
    none = pairs_of([])
    assert average(means.copy(), np.ones(4, np.int64), none, 2.0).tolist() == [0, 0, 2, 3]  # then 2 is at 3
    assert average(means.copy(), np.ones(4, np.int64), none, 3.0).tolist() == [0, 0, 0, 3]
    assert average(means.copy(), np.array([1, 3, 1, 1]), none, 2.5).tolist() == [0, 0, 0, 3]  # (4 + 3 * 2) / 4


def test_some_crops_stand_for_their_group_evenly() -> None:
    group = np.array([0, 1, 0, 0, 1, 0, 0, 0])
    assert standing(group, 2).tolist() == [0, 1, 4, 5]  # of 0, 2, 3, 5, 6, 7 every third
    assert standing(group, 9).tolist() == list(range(8))


def test_mean_differences_of_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, groups = np.arange(5), np.array([0, 1, 0, 1, 2])
    places = line(0.0, 10.0, 1.0, 12.0, 5.0)
    expected = [[0.5, 10.5, 4.5], [10.5, 1.0, 6.0], [4.5, 6.0, 0.0]]
    for block in (2048, 2):
        monkeypatch.setattr(linkage, "_BLOCK", block)
        assert (mean_differences(rows, groups, rows, groups, places) / 10_000).tolist() == expected
    few = mean_differences(np.array([4]), np.array([0]), rows[:4], groups[:4], places)
    assert (few / 10_000).tolist() == [[4.5, 6.0]]


# Many crops: the bounds are made small


def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linkage, "MOST", 40)
    monkeypatch.setattr(linkage, "_ALL", 120)
    monkeypatch.setattr(measured, "EXACT", 100)


def test_many_crops_are_gathered_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 720 crops two of one person are like nobody's; where they are may differ, and where nothing else."""
    features, who = crowd(12, 60)
    by_all = linked(np.arange(len(who)), pairs_of([]), Differences(features, by_angle), 0.15)
    assert sorted(np.bincount(by_all).tolist()) == [1, 1, 58] + [60] * 11
    small(monkeypatch)
    found = linked(np.arange(len(who)), pairs_of([]), Differences(features, by_angle), 0.15)
    assert (found == by_all).mean() > 0.99


def test_many_crops_keep_together_and_apart_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of somebody's crops 50 are one unit, and 40 are in a still each with one of 40 others that look the same."""
    small(monkeypatch)
    features, who = crowd(4, 200)
    units = np.arange(len(who))
    of_first = np.flatnonzero(who == 0)
    units[of_first[:50]] = of_first[0]
    units = np.unique(units, return_inverse=True)[1]
    pairs = [(int(units[a]), int(units[b])) for a, b in zip(of_first[60:100], of_first[100:140], strict=True)]
    found = linked(units, pairs_of(pairs), Differences(features, by_angle), 0.15)
    assert all(found[a] != found[b] for a, b in pairs)
    assert found.tolist() == linked(units, pairs_of(pairs), Differences(features, by_angle), 0.15).tolist()
    assert len(found) == units.max() + 1 == len(who) - 49


def test_the_nearest_by_an_index_are_those_by_all_differences(monkeypatch: pytest.MonkeyPatch) -> None:
    features, _ = crowd(20, 50)
    rows = np.arange(len(features))
    places, values = Differences(features, by_angle).nearest(rows, 8)
    monkeypatch.setattr(measured, "EXACT", 100)
    near, far = Differences(features, by_angle).nearest(rows, 8)
    share = np.mean([np.isin(a, b).mean() for a, b in zip(places, near, strict=True)])
    # The same sums in another order, rounded to whole numbers: as near, but for one.
    assert share > 0.95 and (far >= values - 1).all() and not (near == rows[:, None]).any()
    assert (np.diff(far, axis=1) >= 0).all()


def test_a_metric_that_does_not_follow_the_angle_is_asked_for_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "EXACT", 100)
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 8)).astype(np.float32)
    length = lambda a, b: np.abs(np.square(a).sum(1)[:, None] - np.square(b).sum(1)[None, :])  # noqa: E731
    near, far = Differences(features, length).nearest(np.arange(400), 3)
    every = np.rint(length(features, features).astype(np.float64) * 10_000).astype(np.int64)
    np.fill_diagonal(every, every.max() + 1)
    assert (far == np.sort(every, axis=1)[:, :3]).all()


def test_of_equal_neighbours_the_first_is_taken() -> None:
    near, far = line(0.0, 1.0, -1.0, 1.0).nearest(np.arange(4), 2)
    assert near.tolist() == [[1, 2], [3, 0], [0, 1], [1, 0]] and far[0].tolist() == [10_000, 10_000]
