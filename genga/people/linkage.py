"""Average linkage of crops (Sokal and Michener 1958), for any number of them, that honours what is known beforehand.

Known are units, crops of one person (a track), which stay together, and pairs of units that are two people (two boxes
of one still), which never come together, nor do clusters that hold them. The two units or clusters whose crops differ
least in the mean become one, until the least mean is above `cut`.

Up to MOST units that is done to the letter, but that some crops stand for units of very many. Of more, neighbours are
joined first: pairs that are nearest to each other both, by the differences to the NEAREST of their crops, into groups
of at most CAP crops, in rounds, first those that are far closer than `cut`. Such pairs are those that average linkage,
which is reducible, joins in whatever order (Murtagh 1983). Everything is decided by whole numbers or their quotients,
ties by the order of crops: no chance, equal labels on every machine.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genga.people.differences import UNIT, Differences, Rows

Labels = npt.NDArray[np.int64]
Means = npt.NDArray[np.float64]
Pairs = npt.NDArray[np.int64]  # (pairs, 2)

MOST = 3000  # groups whose mean differences are all kept: 72 MB
NEAREST = 24  # crops that each crop is compared with when neighbours are joined
CAP = 32  # crops that stand for a group of neighbours, at most: they know most of each other as nearest
_STEPS = (0.5, 0.5, 0.75, 0.75, 1.0, 1.0)  # of the cut, up to which neighbours are joined, in turn
_STAND = 4  # crops that stand for a group while neighbours are joined, at least
_ALL = 8192  # crops that stand for all groups together at the end, about


def linked(unit: Labels, apart: Pairs, differences: Differences, cut: float) -> Labels:
    """Return the cluster of each unit, from 0, a unit that joined no other alone in one.

    unit: (n,) of each crop, from 0 without gaps. apart: pairs of units. cut: mean difference, of the embedder's.
    """
    count = int(unit.max(initial=-1)) + 1
    cluster = np.arange(count)
    for step in _STEPS:
        if cluster.max(initial=-1) < MOST:
            break
        cluster = _neighbours(unit, cluster, apart, differences, step * cut * UNIT)[cluster]
    while True:
        joined = _largest(unit, cluster, apart, differences, cut * UNIT)
        some_left, fewer = len(joined) > MOST, int(joined.max(initial=-1)) + 1 < len(joined)
        cluster = joined[cluster]
        if not (some_left and fewer):
            return cluster


def _largest(unit: Labels, cluster: Labels, apart: Pairs, differences: Differences, cut: float) -> Labels:
    """Return for each cluster so far the one that it is in after average linkage of the MOST largest."""
    of_crop = cluster[unit]
    sizes = np.bincount(of_crop)
    taken = np.sort(np.argsort(-sizes, kind="stable")[:MOST])
    place = np.full(len(sizes), -1)
    place[taken] = np.arange(len(taken))
    rows = standing(of_crop, max(_STAND, _ALL // max(len(taken), 1)))
    rows = rows[place[of_crop[rows]] >= 0]
    means = mean_differences(rows, place[of_crop[rows]], rows, place[of_crop[rows]], differences)
    held = place[cluster[apart]]
    found = np.arange(len(sizes))
    found[taken] = taken[average(means, sizes[taken], held[(held >= 0).all(axis=1)], cut)]
    return _counted(found)


def standing(group: Labels, most: int) -> Rows:
    """Return crops that stand for their groups, at most `most` for each: evenly over its crops, in order of crops."""
    order = np.argsort(group, kind="stable")
    sizes = np.bincount(group)
    place = np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    size = np.repeat(sizes, sizes)
    wanted = np.minimum(size, most)
    # Of `size` crops the k-th of `wanted` is where k * size / wanted passes a whole number.
    chosen = (place * wanted) // size != ((place - 1) * wanted) // size
    return np.sort(order[chosen])


def mean_differences(first: Rows, of: Labels, second: Rows, to: Labels, differences: Differences) -> Means:
    """Return (groups, groups) mean differences between crops of groups, in 1 / UNIT.

    first, of: crops and the group of each, from 0 without gaps. second, to: the crops that these are compared with.
    """
    one = first is second  # each pair is asked for once
    (first, of), (second, to) = _by_group(first, of), _by_group(second, to)
    sums = np.zeros((int(of.max(initial=-1)) + 1, int(to.max(initial=-1)) + 1), np.int64)
    for i in range(0, len(first), _BLOCK):
        for j in range(i if one else 0, len(second), _BLOCK):
            a, b = of[i : i + _BLOCK], to[j : j + _BLOCK]
            found = _summed(differences.between(first[i : i + _BLOCK], second[j : j + _BLOCK]), a, b)
            sums[np.ix_(np.unique(a), np.unique(b))] += found
            if one and j > i:
                sums[np.ix_(np.unique(b), np.unique(a))] += found.T
    return sums / np.outer(np.bincount(of), np.bincount(to))


def _by_group(rows: Rows, group: Labels) -> tuple[Rows, Labels]:
    order = np.argsort(group, kind="stable")
    return rows[order], group[order]


def _summed(values: Labels, of: Labels, to: Labels) -> Labels:
    """Sums of a block by the groups of its rows and columns, which are sorted by group."""
    down, across = (np.flatnonzero(np.diff(groups, prepend=-1)) for groups in (of, to))
    return np.add.reduceat(np.add.reduceat(values, across, axis=1), down, axis=0)


_BLOCK = 2048  # crops of a block of differences: 32 MB


def average(means: Means, sizes: Labels, apart: Pairs, cut: float) -> Labels:
    """Return for each group the first one that it became one with. means: changed. sizes: crops. apart: of groups."""
    count = len(means)
    leader, weight = np.arange(count), sizes.astype(np.float64)
    np.fill_diagonal(means, np.inf)
    means[apart[:, 0], apart[:, 1]] = means[apart[:, 1], apart[:, 0]] = np.inf
    nearest = means.argmin(axis=1) if count else leader
    least = means[np.arange(count), nearest]
    while count and least.min() <= cut:
        one = int(least.argmin())
        keep, gone = sorted((one, int(nearest[one])))
        # inf stays inf: clusters that hold two people never come together.
        row = (weight[keep] * means[keep] + weight[gone] * means[gone]) / (weight[keep] + weight[gone])
        row[[keep, gone]] = np.inf
        means[keep] = means[:, keep] = row
        means[gone] = means[:, gone] = np.inf
        weight[keep] += weight[gone]
        leader[leader == gone] = keep
        stale = np.flatnonzero((nearest == keep) | (nearest == gone) | (row <= least))
        stale = np.union1d(stale, (keep, gone))
        nearest[stale] = means[stale].argmin(axis=1)
        least[stale] = means[stale, nearest[stale]]
    return leader


def _neighbours(unit: Labels, cluster: Labels, apart: Pairs, differences: Differences, limit: float) -> Labels:
    """Return for each cluster so far the group of neighbours that it is in. limit: mean difference, in 1 / UNIT."""
    of_crop = cluster[unit]
    rows = standing(of_crop, _STAND)
    group = of_crop[rows]
    near, values = differences.nearest(rows, NEAREST)
    first, second = np.repeat(group, NEAREST), group[near.ravel()]
    pairs = np.sort(np.stack([np.repeat(np.arange(len(rows)), NEAREST), near.ravel()], axis=1), axis=1)
    _, once = np.unique(pairs[:, 0] * len(rows) + pairs[:, 1], return_index=True)  # a pair may be nearest both ways
    once = once[(first != second)[once]]
    edges = np.sort(np.stack([first[once], second[once]], axis=1), axis=1)
    sums, counts = values.ravel()[once], np.ones(len(once), np.int64)
    found = np.arange(len(np.bincount(group)))
    sizes = np.bincount(group)
    held = np.sort(cluster[apart], axis=1)
    while True:
        edges, sums, counts = _gathered(edges, sums, counts)
        means = sums / counts
        small = sizes[edges].sum(axis=1) <= CAP
        open_ = np.flatnonzero((means <= limit) & small & ~_among(edges, held))
        pairs = _mutual(edges[open_], means[open_])
        if not len(pairs):
            return _counted(found)
        into = np.arange(len(sizes))
        into[pairs[:, 1]] = pairs[:, 0]
        np.add.at(sizes, pairs[:, 0], sizes[pairs[:, 1]])
        found = into[found]
        edges, held = np.sort(into[edges], axis=1), np.sort(into[held], axis=1)


def _gathered(edges: Pairs, sums: Labels, counts: Labels) -> tuple[Pairs, Labels, Labels]:
    """Edges once each, with the sums of what they stood for; those from a group to itself are gone."""
    other = edges[:, 0] != edges[:, 1]
    kept, place = np.unique(edges[other], axis=0, return_inverse=True)
    totals = np.zeros((2, len(kept)), np.int64)
    np.add.at(totals[0], place.ravel(), sums[other])
    np.add.at(totals[1], place.ravel(), counts[other])
    return kept, totals[0], totals[1]


def _among(edges: Pairs, held: Pairs) -> npt.NDArray[np.bool_]:
    """Which edges are among the pairs that are held apart."""
    base = int(max(edges.max(initial=0), held.max(initial=0))) + 1
    return np.isin(edges[:, 0] * base + edges[:, 1], held[:, 0] * base + held[:, 1])


def _mutual(edges: Pairs, means: Means) -> Pairs:
    """The edges that are the least of both their ends; of equals, the first."""
    order = np.lexsort((edges[:, 1], edges[:, 0], means))
    ends = edges[order].T.ravel()
    rank = np.tile(np.arange(len(order)), 2)
    best = np.full(int(edges.max(initial=-1)) + 1, len(order))
    np.minimum.at(best, ends, rank)
    of = edges[order]
    ranks = np.arange(len(order))
    return of[(best[of[:, 0]] == ranks) & (best[of[:, 1]] == ranks)]


def _counted(labels: Labels) -> Labels:
    """The labels numbered from 0 without gaps, in their order."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int64).ravel()


def pairs_of(found: Sequence[tuple[int, int]]) -> Pairs:
    """Return pairs as an array, of whatever number."""
    return np.array(sorted(set(found)), np.int64).reshape(-1, 2)
