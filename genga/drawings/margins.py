"""What was asked about a frame before it was kept or not: compared with which frame, and how close the answer was.

Every decision is a block difference beside a threshold. How close it was is said by the ratio of the two: noise and
drawings make hills on a logarithmic axis (genga.drawings.bimodal_threshold), so 7 beside 14 is as clear as 28 beside
14.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

# held: whether the drawing before in the shot is still held. recurring: whether the drawing was there before.
HELD, RECURRING = "held", "recurring"


class Asked(NamedTuple):
    """A question about a frame: the columns of dedup's table from `asked` on."""

    asked: str  # HELD or RECURRING
    compared: int  # the frame it was compared with
    difference: float  # block difference to it, luma levels
    threshold: float  # luma levels, up to which the answer is yes

    @property
    def margin(self) -> float:
        """How far the difference is from the threshold, as the logarithm of their ratio, 0 or more; 0.69 is twice."""
        if min(self.difference, self.threshold) <= 0:
            return math.inf
        return abs(math.log(self.difference / self.threshold))


def recurring(
    keepers: Sequence[int],
    proposed: Sequence[npt.NDArray[np.int32]],
    distances: Sequence[npt.NDArray[np.float32]],
    again: Collection[int],
    levels: Sequence[float],
) -> dict[int, Asked]:
    """Return for each keeper that has a like before it whether it was there before: the likeliest of those asked about.

    proposed, distances: for each drawing earlier ones and its block differences to them; again: the drawings that
    repeat another, which nothing repeats; levels: block difference up to which each may differ, of two the smaller.
    """
    found: dict[int, Asked] = {}
    for drawing, (earlier, apart) in enumerate(zip(proposed, distances, strict=True)):
        asked = [
            Asked(RECURRING, keepers[int(j)], float(d), min(levels[drawing], levels[int(j)]))
            for j, d in zip(earlier, apart, strict=True)
            if int(j) not in again
        ]
        if asked:
            found[keepers[drawing]] = min(asked, key=lambda one: (one.difference / max(one.threshold, 1e-9), one))
    return found


def closer(found: Iterable[Mapping[int, Asked]]) -> dict[int, Asked]:
    """Return for each frame the closest of the questions asked about it; the first of equals."""
    closest: dict[int, Asked] = {}
    for asked in found:
        for frame, one in asked.items():
            if frame not in closest or one.margin < closest[frame].margin:
                closest[frame] = one
    return closest
