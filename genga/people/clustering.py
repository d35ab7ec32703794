"""Clusters of crops by the matrix of their differences alone, after the published practice for anime characters.

Density clustering leaves many crops over as noise and cuts a character into several clusters, so two steps follow, as
in cyber-meow's anime_screenshot_pipeline: a stray joins the cluster that it resembles, and clusters that resemble each
other become one. "Alike" is the embedder's own verdict: a difference of at most its threshold.
Methods: OPTICS (Ankerst et al. 1999), HDBSCAN (Campello et al. 2013). They need all differences at once; for many
crops, and for what is known of shots and stills, there is genga.people.linkage.

differences: float32 (n, n), symmetric, zero on the diagonal. labels: int64 (n,), NOISE or a cluster's number from 0.
"""

import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from genga.errors import GengaError
from genga.params.characters import Params

Matrix = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

NOISE = -1
MOST = 10_000  # crops of a matrix
MEETINGS = 2  # tracks that two clusters must share before they are taken for one person
_ROWS = 1024  # rows of the matrix taken at a time: 80 MB at 20,000 crops


def cluster(differences: Matrix, threshold: float, params: Params) -> Labels:
    """Return a label for each crop. Needs about 28 * n * n bytes at its peak: 2.8 GB for 10,000 crops."""
    if len(differences) < params.min_crops:
        return np.full(len(differences), NOISE, np.int64)
    labels = _METHODS[params.method](differences, params)
    labels = adopt(labels, differences, threshold, params.adopt_share)
    return merge(labels, differences, threshold, params.merge_share)


def check_size(crops: int, method: str) -> None:
    """Raise GengaError for more crops than fit into memory by their matrix."""
    if crops > MOST:
        raise GengaError(
            f"method {method} needs all differences at once, {crops * crops * 28 / 1e9:.0f} GB for {crops} crops; put"
            f" characters.method: linkage into params.yaml, or embed at most {MOST} (embed.kinds, crop.least_side)"
        )


def adopt(labels: Labels, differences: Matrix, threshold: float, share: float) -> Labels:
    """Return labels where a stray has joined its nearest cluster (by mean difference) if it is like enough of it.

    share: of the cluster's members that the stray must be alike to. Strays are judged by the clusters as they came in.
    """
    clusters = range(labels.max(initial=NOISE) + 1)
    strays = np.flatnonzero(labels == NOISE)
    if not clusters or not len(strays):
        return labels
    means = np.stack(
        [differences[np.ix_(strays, labels == c)].mean(axis=1, dtype=np.float64) for c in clusters], axis=1
    )
    alike = np.stack([(differences[np.ix_(strays, labels == c)] <= threshold).mean(axis=1) for c in clusters], axis=1)
    nearest = means.argmin(axis=1)
    joins = alike[np.arange(len(strays)), nearest] >= share
    adopted = labels.copy()
    adopted[strays[joins]] = nearest[joins]
    return adopted


def merge(labels: Labels, differences: Matrix, threshold: float, share: float) -> Labels:
    """Return labels where clusters whose pairs are alike to at least `share` are one, the most alike first."""
    sizes = np.bincount(labels[labels != NOISE]).astype(np.float64)
    alike = alike_pairs(labels, differences, threshold)
    names = np.arange(len(sizes))
    while len(sizes) > 1:
        shares = np.triu(alike / np.outer(sizes, sizes), k=1)
        keep, gone = np.unravel_index(shares.argmax(), shares.shape)
        if shares[keep, gone] < share:
            break
        alike[keep] += alike[gone]
        alike[:, keep] += alike[:, gone]
        alike = np.delete(np.delete(alike, gone, 0), gone, 1)
        sizes[keep] += sizes[gone]
        sizes = np.delete(sizes, gone)
        names = np.where(names == gone, keep, names - (names > gone))
    return np.where(labels == NOISE, NOISE, names[labels] if len(names) else NOISE)


def merge_tracked(labels: Labels, tracks: Labels, share: float) -> Labels:
    """Return labels where clusters that meet in the same tracks are one, those that meet most first.

    tracks: the track of each crop. Two clusters meet in a track that has crops of both; they become one if they meet in
    at least `share` of the tracks of the smaller, and in MEETINGS at least: a single track may link the wrong people.
    """
    names = np.arange(labels.max(initial=NOISE) + 1)
    present = np.zeros((len(names), tracks.max(initial=NOISE) + 1), np.int64)
    present[labels[labels != NOISE], tracks[labels != NOISE]] = 1
    while len(present) > 1:
        meetings = np.triu(present @ present.T, k=1)
        counts = present.sum(axis=1)
        shares = np.where(meetings >= MEETINGS, meetings / np.minimum.outer(counts, counts), 0.0)
        keep, gone = np.unravel_index(shares.argmax(), shares.shape)
        if shares[keep, gone] < share:
            break
        present[keep] |= present[gone]
        present = np.delete(present, gone, 0)
        names = np.where(names == gone, keep, names - (names > gone))
    return np.where(labels == NOISE, NOISE, names[labels] if len(names) else NOISE)


def alike_pairs(labels: Labels, differences: Matrix, threshold: float) -> npt.NDArray[np.float64]:
    """Return (clusters, clusters): how many pairs with one crop in each are alike."""
    member = (labels[:, None] == np.arange(labels.max(initial=NOISE) + 1)).astype(
        np.float32
    )  # (n, clusters), noise nowhere
    rows = [
        (differences[i : i + _ROWS] <= threshold).astype(np.float32) @ member for i in range(0, len(differences), _ROWS)
    ]
    return member.T.astype(np.float64) @ np.concatenate(rows).astype(np.float64)


def by_first(labels: Labels) -> Labels:
    """Return the labels numbered by the first crop of each, so that crops which come later change no number."""
    found, first = np.unique(labels[labels != NOISE], return_index=True)
    renumbered = np.full_like(labels, NOISE)
    for number, label in enumerate(found[np.argsort(first)]):
        renumbered[labels == label] = number
    return renumbered


def _optics(differences: Matrix, params: Params) -> Labels:
    from sklearn.cluster import OPTICS  # half a second that the usual method has no need of

    with warnings.catch_warnings():
        # Equal crops have a reachability of 0; a step up from there is infinitely steep, which is what is meant.
        warnings.filterwarnings("ignore", message="divide by zero", category=RuntimeWarning)
        return OPTICS(min_samples=params.min_crops, metric="precomputed").fit(differences).labels_.astype(np.int64)


def _hdbscan(differences: Matrix, params: Params) -> Labels:
    from sklearn.cluster import HDBSCAN

    method = HDBSCAN(min_cluster_size=params.min_crops, metric="precomputed", copy=True)
    return method.fit(differences).labels_.astype(np.int64)


_METHODS: dict[str, Callable[[Matrix, Params], Labels]] = {
    "optics": _optics,
    "hdbscan": _hdbscan,
}
