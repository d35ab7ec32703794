"""The embedded crops of a series in clusters and tracks: what embedder, shots and stills say, before people do.

A track is one person and two boxes of one still are two, whatever the method: what a method that knows nothing of them
brings together is divided afterwards.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from genga.params.characters import Params
from genga.people.clustering import NOISE, by_first, check_size, cluster, merge_tracked
from genga.people.differences import UNIT, Differences, Rows
from genga.people.linkage import Labels, Pairs, linked, mean_differences, pairs_of, standing
from genga.people.ties import Ties
from genga.people.tracks import Person, links
from genga.store.components import components

CLEAR = 1.25  # times as far the next cluster must be from one that is seen in few shots
_STAND_FEW, _STAND_MANY = 8, 32  # crops that stand for a cluster, seen in few shots or in many
_CENTRAL = 1024  # crops among which a medoid is looked for
K = TypeVar("K")


@dataclass(frozen=True)
class Gathered:
    """The embedded crops in clusters and tracks. Rows are their positions, 0..n-1."""

    differences: Differences
    labels: Labels  # (n,), final
    distance: npt.NDArray[np.float64]  # (n,) from the medoid of its cluster, of the embedder's; NaN for noise
    by_model: npt.NDArray[np.bool_]  # (n,), the embedder would have put the crop there by itself, without its track
    medoids: list[int]  # row of each cluster's
    track_of: dict[Person, int]  # of every person, embedded or not
    rows_of: dict[int, Rows]  # of the tracks that have any

    def cluster_of(self, track: int) -> int:
        return int(self.labels[self.rows_of[track][0]]) if track in self.rows_of else NOISE

    def between(self, a: int, b: int) -> float:
        """Mean difference of the crops of two tracks; one that was not embedded is infinitely far from all."""
        if a not in self.rows_of or b not in self.rows_of:
            return math.inf
        return float(self.differences.between(self.rows_of[a], self.rows_of[b]).mean()) / UNIT


def tracked(
    crops: pl.DataFrame,
    embedded: pl.DataFrame,
    stills: pl.DataFrame,
    differences: Differences,
    threshold: float,
    params: Params,
) -> dict[Person, int]:
    """Return the track of every person, embedded or not. crops: of all of them. Otherwise see `gather`."""
    rows_of = _positions(_persons(embedded))
    found = links(_boxes(crops, stills), rows_of, differences, threshold, params)
    return components(_persons(crops.select("still", "box").unique().sort("still", "box")), found)


def gather(
    embedded: pl.DataFrame,
    stills: pl.DataFrame,
    differences: Differences,
    track_of: dict[Person, int],
    ties: Ties,
    threshold: float,
    params: Params,
) -> Gathered:
    """Return the crops of `embedded`, a row for each of `differences`, in clusters.

    threshold: the embedder's, same character at or below.
    """
    persons = _persons(embedded)
    tracks = [track_of[person] for person in persons]
    units, unit = np.unique(np.array([ties.unit(track) for track in tracks], np.int64), return_inverse=True)
    apart = _apart(track_of, ties, {int(one): place for place, one in enumerate(units)})
    if params.method == "linkage":
        shot_of = dict(stills.select("still", "shot").iter_rows())
        shots = _numbered([(still.rpartition("/")[0], shot_of[still]) for still, _ in persons])
        found = _by_linkage(unit, shots, apart, differences, threshold, params)
    else:
        found = _by_density(unit, apart, differences, threshold, params)
    labels = by_first(found)
    medoids = [medoid(np.flatnonzero(labels == label), differences) for label in range(labels.max(initial=NOISE) + 1)]
    distance = np.full(len(labels), np.nan)
    for label, centre in enumerate(medoids):
        rows = np.flatnonzero(labels == label)
        distance[rows] = differences.between(rows, np.array([centre]))[:, 0] / UNIT
    person = _numbered(persons)
    alone = np.bincount(unit)[unit] == np.bincount(person)[person]
    by_model = alone | (distance <= threshold) | (labels == NOISE)
    return Gathered(differences, labels, distance, by_model, medoids, track_of, _positions(tracks))


def _by_linkage(
    unit: Labels, shots: Labels, apart: Pairs, differences: Differences, threshold: float, params: Params
) -> Labels:
    cluster_of_unit = linked(unit, apart, differences, params.join * threshold)
    labels = join_few(cluster_of_unit[unit], shots, cluster_of_unit[apart], differences, threshold, params)
    return np.where(np.bincount(labels, minlength=1)[labels] < params.min_crops, NOISE, labels)


def join_few(
    labels: Labels, shots: Labels, apart: Pairs, differences: Differences, threshold: float, params: Params
) -> Labels:
    """Return labels where clusters that are seen in few shots have joined the one that they clearly resemble.

    Somebody of one scene is sooner a person known from others, in another pose or light, than one more who looks like
    them. shots: of each crop. apart: pairs of clusters. The nearest join first; whoever is held apart does not.
    """
    seen = np.bincount(np.unique(np.stack([labels, shots]), axis=1)[0], minlength=1)
    few, many = np.flatnonzero((seen > 0) & (seen <= params.few_shots)), np.flatnonzero(seen > params.few_shots)
    if not len(few) or not len(many):
        return labels
    place = np.zeros(len(seen), np.int64)
    place[few], place[many] = np.arange(len(few)), np.arange(len(many))
    of_few, of_many = (np.flatnonzero(np.isin(labels, which)) for which in (few, many))
    of_few = of_few[standing(place[labels[of_few]], _STAND_FEW)]
    of_many = of_many[standing(place[labels[of_many]], _STAND_MANY)]
    means = mean_differences(of_few, place[labels[of_few]], of_many, place[labels[of_many]], differences)
    nearest = means.argmin(axis=1)
    least = means[np.arange(len(few)), nearest]
    next_ = np.partition(means, 1, axis=1)[:, 1] if len(many) > 1 else np.full(len(few), np.inf)
    held: dict[int, set[int]] = defaultdict(set)
    for a, b in apart.tolist():
        held[a].add(b)
        held[b].add(a)
    into = np.arange(len(seen))
    for one in np.argsort(least, kind="stable").tolist():
        near, far = int(many[nearest[one]]), least[one] > params.few_join * threshold * UNIT
        if far or next_[one] < CLEAR * least[one] or near in held[int(few[one])]:
            continue
        into[few[one]] = near
        for other in held[int(few[one])]:
            held[near].add(other)
            held[other].add(near)
    return into[labels]


def _by_density(unit: Labels, apart: Pairs, differences: Differences, threshold: float, params: Params) -> Labels:
    check_size(len(differences), params.method)
    every = np.arange(len(differences))
    labels = cluster((differences.between(every, every) / UNIT).astype(np.float32), threshold, params)
    rows_of = _positions(unit.tolist())
    return divided(vote(merge_tracked(labels, unit, params.track_share), rows_of), rows_of, apart)


def vote(labels: Labels, tracks: Mapping[int, Rows]) -> Labels:
    """Return labels where all crops of a track have that which most of them had; noise has no voice.

    tracks: the rows of each track. Of equal votes, the cluster with more crops wins, then the lower number.
    """
    sizes = Counter(labels.tolist())
    voted = labels.copy()
    for rows in tracks.values():
        votes = Counter(label for label in labels[rows].tolist() if label != NOISE)
        if votes:
            voted[rows] = max(votes, key=lambda label: (votes[label], sizes[label], -label))
    return voted


def divided(labels: Labels, tracks: Mapping[int, Rows], apart: Pairs) -> Labels:
    """Return labels where no cluster holds two tracks that are two people: the one of fewer crops is noise."""
    kept = labels.copy()
    for a, b in apart.tolist():
        if kept[tracks[a][0]] == kept[tracks[b][0]] != NOISE:
            kept[tracks[min((a, b), key=lambda track: (len(tracks[track]), -track))]] = NOISE
    return kept


def medoid(rows: Rows, differences: Differences) -> int:
    """Return the one of a cluster's crops with the least mean difference to the others; of equals, the first.

    Of a cluster of very many crops it is one of those that stand for it.
    """
    some = rows[standing(np.zeros(len(rows), np.int64), _CENTRAL)]
    return int(some[differences.between(some, some).sum(axis=1).argmin()])


def _apart(track_of: Mapping[Person, int], ties: Ties, unit_of: Mapping[int, int]) -> Pairs:
    """Pairs of units that are two people: boxes of one still, and whom people hold apart."""
    in_still: dict[str, list[Person]] = defaultdict(list)
    for person in track_of:
        in_still[person[0]].append(person)
    beside = [(track_of[a], track_of[b]) for present in in_still.values() for a, b in combinations(present, 2)]
    pairs = [sorted((ties.unit(a), ties.unit(b))) for a, b in (*beside, *ties.apart)]
    return pairs_of([(unit_of[a], unit_of[b]) for a, b in pairs if a != b and a in unit_of and b in unit_of])


def _persons(rows: pl.DataFrame) -> list[Person]:
    return [(still, box) for still, box in rows.select("still", "box").iter_rows()]


def _boxes(crops: pl.DataFrame, stills: pl.DataFrame) -> pl.DataFrame:
    boxes = crops.filter(pl.col("kind") == "fullbody").join(stills, on="still")
    return boxes.with_columns(episode=pl.col("still").str.replace(r"/[^/]*$", ""))


def _positions(keys: Sequence[K]) -> dict[K, Rows]:
    """Where each key stands in the list."""
    found: dict[K, list[int]] = defaultdict(list)
    for position, key in enumerate(keys):
        found[key].append(position)
    return {key: np.array(positions, np.int64) for key, positions in found.items()}


def _numbered(keys: Iterable[K]) -> Labels:
    """A number for each key, from 0 as they come."""
    numbers: dict[K, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
