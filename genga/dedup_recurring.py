"""Drawings that return: proposed by their signatures, decided by the block difference.

A mouth flap does not move a global hash, so signatures of one scene are all alike and can only propose; faiss finds the
pairs that differ in few bits. Each drawing is compared with the kept drawings before it that are proposed, and stands
for itself unless one of them differs by no more than the threshold, which is the valley between repeats and new ones.
"""

from collections.abc import Sequence

import faiss
import numpy as np
import numpy.typing as npt

from genga.lettering import Seen, difference
from genga.valley import valley

Numbers = npt.NDArray[np.int32]  # (n,) of drawings
Differences = npt.NDArray[np.float32]  # (n,) block differences

# Between which the threshold of repeats is looked for: encoded anew, a repeat differs more than a held frame does.
_USUAL, _LOW, _HIGH = 20.0, 14.0, 45.0


def proposals(signatures: Sequence[bytes], bits: int) -> list[Numbers]:
    """Return for each drawing, in order, the earlier ones whose signature differs in at most `bits` bits, sorted.

    signatures: of one length, in bytes. O(n^2) bit operations: 0.3 s for the 11,000 drawings of an episode.
    """
    if not signatures:
        return []
    codes = np.frombuffer(b"".join(signatures), np.uint8).reshape(len(signatures), -1)
    index = faiss.IndexBinaryFlat(codes.shape[1] * 8)
    index.add(codes)
    limits, _, near = index.range_search(codes, bits + 1)  # faiss: distance < radius
    found = [near[limits[i] : limits[i + 1]] for i in range(len(codes))]
    return [np.sort(numbers[numbers < i]).astype(np.int32) for i, numbers in enumerate(found)]


def differences(seen: Sequence[Seen], proposed: Sequence[Numbers]) -> list[Differences]:
    """Return for each drawing its block differences to the earlier ones proposed."""
    return [np.array([difference(seen[j], seen[i]) for j in earlier], np.float32) for i, earlier in enumerate(proposed)]


def recurring_threshold(distances: Sequence[Differences]) -> float:
    """Return the block difference up to which a drawing is one that was there before, from this video's pairs."""
    nearest = [float(found.min()) for found in distances if len(found)]
    return valley(np.array(nearest, np.float64), _USUAL, _LOW, _HIGH)


def repeats(proposed: Sequence[Numbers], distances: Sequence[Differences], level: float) -> dict[int, int]:
    """Return for each drawing that is a repeat the drawing it repeats.

    Only drawings that are no repeats themselves are repeated; the one that differs least is chosen.
    """
    found: dict[int, int] = {}
    for drawing, (earlier, distance) in enumerate(zip(proposed, distances, strict=True)):
        near = [
            (float(d), int(j)) for d, j in zip(distance, earlier, strict=True) if d <= level and int(j) not in found
        ]
        if near:
            found[drawing] = min(near)[1]
    return found
