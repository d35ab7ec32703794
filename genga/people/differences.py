"""Differences between crops by the embedder, had in blocks: never all of them at once.

The nearest of each crop come in two steps where crops are many: faiss proposes by the angle between features, from an
inverted file (Jegou, Douze and Schmid 2011, "Product quantization for nearest neighbor search", its coarse part), and
the metric decides among what is proposed. Published metrics follow the angle. Whether this one does is looked at on
CHECKED crops: cells are added to the search until nearly all that are truly nearest are found, and a metric that does
not follow the angle is asked for everything.

Differences are whole numbers here, in units of 1 / UNIT: what differs between machines and thread counts is smaller and
must not decide a tie, and sums are exact in whatever order.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]  # numbers of crops
Units = npt.NDArray[np.int64]  # differences, in 1 / UNIT

# The embedder: (n, d) and (m, d) float32 features -> (n, m) float32 differences.
Metric = Callable[[Array, Array], Array]

UNIT = 10_000
EXACT = 4096  # crops up to which the metric is asked for all pairs: faster than an index, at most 34 MB at a time
CHECKED = 64  # crops whose nearest are known for certain
FOUND = 0.95  # share of these that is enough
_SIDE = 2048  # crops of a block
_TOGETHER = 16  # neighbours in the index whose nearest are asked for at once
_LEARNT = 64  # features to a cell, from which the cells are learnt


class Differences:
    """Of the crops with these features, (n, d) float32."""

    def __init__(self, features: Array, metric: Metric) -> None:
        self._features, self._metric = features, metric

    def __len__(self) -> int:
        return len(self._features)

    def between(self, first: Rows, second: Rows) -> Units:
        """Return (len(first), len(second)) differences."""
        found = np.zeros((len(first), len(second)), np.int64)
        if not found.size:
            return found
        # The graph takes one list and answers for all pairs in it: blocks of like sides waste least.
        side = min(_SIDE, max(min(found.shape), 128))
        for i in range(0, len(first), side):
            for j in range(0, len(second), side):
                block = first[i : i + side], second[j : j + side]
                answer = self._metric(*(self._features[rows] for rows in block))
                found[i : i + side, j : j + side] = np.rint(answer.astype(np.float64) * UNIT)
        return found

    def to_others(self, rows: Rows, features: Array) -> Units:
        """Return (len(rows), m) differences from others of whom there are features (m, d)."""
        return np.rint(self._metric(self._features[rows], features).astype(np.float64) * UNIT).astype(np.int64)

    def nearest(self, rows: Rows, most: int) -> tuple[Rows, Units]:
        """Return for each of `rows` the `most` nearest others among them: (n, most) places in `rows`, differences.

        The nearest first; of equals, the earlier. Needs more than `most` rows.
        """
        if len(rows) <= EXACT:
            return self._of_all(rows, np.arange(len(rows)), most)
        checked = np.unique(np.linspace(0, len(rows) - 1, CHECKED).astype(np.int64))
        sure, _ = self._of_all(rows, checked, most)
        angles, index = _index(self._features[rows])
        _, cells = index.quantizer.search(angles, 1)
        probes = 8
        while True:
            index.nprobe = min(probes, index.nlist)
            proposed = index.search(angles, most + 1)[1]
            found = np.mean([np.isin(a, b).mean() for a, b in zip(sure, proposed[checked], strict=True)])
            if found >= FOUND and proposed.min() >= 0:  # -1 where these cells hold too few
                return self._of_proposed(rows, proposed, cells[:, 0], most)
            if index.nprobe == index.nlist:
                return self._of_all(rows, np.arange(len(rows)), most)
            probes *= 2

    def _of_all(self, rows: Rows, asked: Rows, most: int) -> tuple[Rows, Units]:
        """The nearest of the rows at the places `asked`, by all differences."""
        places = np.zeros((len(asked), most), np.int64)
        values = np.zeros((len(asked), most), np.int64)
        for start in range(0, len(asked), 1024):
            part = slice(start, start + 1024)
            every = self.between(rows[asked[part]], rows)
            every[np.arange(len(every)), asked[part]] = _FAR
            places[part], values[part] = _least(every, np.arange(len(rows)), most)
        return places, values

    def _of_proposed(self, rows: Rows, proposed: Rows, cells: Rows, most: int) -> tuple[Rows, Units]:
        """The nearest among what is proposed, asked for together by those who lie in one cell."""
        places = np.zeros((len(rows), most), np.int64)
        values = np.zeros((len(rows), most), np.int64)
        order = np.argsort(cells, kind="stable")
        for start in range(0, len(rows), _TOGETHER):
            asking = order[start : start + _TOGETHER]
            others = np.unique(proposed[asking])
            every = self.between(rows[asking], rows[others])
            every[asking[:, None] == others[None, :]] = _FAR
            places[asking], values[asking] = _least(every, others, most)
        return places, values


_FAR = np.iinfo(np.int64).max >> 32  # a crop from itself, so that it is not among its nearest


def _least(every: Units, names: Rows, most: int) -> tuple[Rows, Units]:
    """The `most` least of each row and the names of their columns; of equals, the first column's."""
    keys = every * len(names) + np.arange(len(names))
    least = np.sort(np.partition(keys, most - 1, axis=1)[:, :most], axis=1)
    return names[least % len(names)], least // len(names)


def _index(features: Array) -> tuple[Array, Any]:
    """Features of length one, and an index of them with as many cells as the root of their number."""
    import faiss  # loads for as long as it sorts some thousand crops without

    angles = np.ascontiguousarray(features, np.float32).copy()
    faiss.normalize_L2(angles)
    cells = round(len(angles) ** 0.5)
    index = faiss.IndexIVFFlat(faiss.IndexFlatL2(angles.shape[1]), angles.shape[1], cells)
    index.cp.min_points_per_centroid = 1  # it would say on stderr that more were better
    index.train(np.ascontiguousarray(angles[:: max(len(angles) // (_LEARNT * cells), 1)]))
    index.add(angles)
    return angles, index
