"""Find signatures that differ in few bits, among few or among millions.

Up to EXACT signatures every pair is compared. Beyond, faiss's multi-index hash proposes: the bits are divided into
stretches, each with a table of its own, and a pair is compared if it agrees in all bits of at least one stretch
(Norouzi, Punjani and Fleet 2012, "Fast search in Hamming space with multi-index hashing"). Stretches are as long as
leaves a handful of signatures to an entry, so time grows little faster than their number; the shorter the stretch, the
more of them there are and the more bits may differ: bench/search.py measures what is found at which number of bits.
"""

import math

import faiss
import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint8]  # (n, bytes) signatures
Numbers = npt.NDArray[np.int64]  # (n, most) of signatures, -1 where there are no more
Bits = npt.NDArray[np.int32]  # (n, most) that differ; more than there are where there are no more

EXACT = 50_000  # signatures up to which comparing all is as fast
_ENTRY = 2  # signatures in an entry of a table, of those that share no drawing
_BATCH = 1 << 18  # queries at a time


def nearest(queries: Codes, codes: Codes, most: int) -> tuple[Bits, Numbers]:
    """Return for each query the `most` signatures of `codes` that differ least from it: in how many bits, and which.

    The least differing first. Exact up to EXACT codes; beyond, some that differ in many bits are not found.
    """
    index = index_for(codes.shape[1] * 8, len(codes))
    index.add(np.ascontiguousarray(codes))
    bits = np.full((len(queries), most), np.iinfo(np.int32).max, np.int32)
    numbers = np.full((len(queries), most), -1, np.int64)
    for start in range(0, len(queries), _BATCH):
        part = slice(start, start + _BATCH)
        bits[part], numbers[part] = index.search(np.ascontiguousarray(queries[part]), most)
    return np.where(numbers < 0, np.iinfo(np.int32).max, bits).astype(np.int32), numbers


def index_for(size: int, count: int) -> faiss.IndexBinary:
    """Return an empty index for `count` signatures of `size` bits."""
    if count <= EXACT:
        return faiss.IndexBinaryFlat(size)
    stretch = max(1, round(math.log2(count / _ENTRY)))
    return faiss.IndexBinaryMultiHash(size, size // stretch, stretch)
