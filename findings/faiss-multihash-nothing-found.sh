#!/usr/bin/env bash
# Expected: search(query, k) of a faiss index with a thousand vectors gives k of them; an approximate index may give
#           others than the nearest.
# Happens:  IndexBinaryMultiHash may give none (-1, at distance 2147483647), though the nearest differs in 16 of 256
#           bits and the rest in 128: only vectors are looked at that agree with the query in every bit of at least one
#           stretch, and 16 changed bits can touch all 16 stretches. `nflip` 1 finds it. range_search leaves it out as
#           silently, and its radius is exclusive: radius 0 finds not even what is equal.
# Versions: faiss-cpu==1.15.1, numpy==2.4.6, Python 3.11. Seen: 2026-11-28.
# Matters:  near-duplicates by perceptual hash: a drawing encoded anew differs in a few bits anywhere. "No neighbour" is
#           taken for "new drawing", and distances of imagehash (at most d) are one less as a faiss radius (below d).
# genga:    compares all pairs up to 50,000 signatures; beyond, takes -1 for "not found", has stretches short enough for
#           a measured recall, and asks for bits + 1.
# Output:
#   all pairs (Flat)             nearest 0 at 16 bits
#   MultiHash, 16 x 16 bits      nearest -1 at 2147483647 bits
#   MultiHash, nflip 1           nearest 0 at 16 bits
#   Flat, radius 16: 0 found; radius 17: 1 found
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet faiss-cpu==1.15.1 numpy==2.4.6

venv/bin/python - <<'EOF'
import faiss
import numpy as np

BITS = 256
query = np.zeros((1, BITS // 8), np.uint8)
near = np.packbits(np.arange(BITS) % 16 == 0)[None]  # a bit in every stretch of 16
others = np.random.default_rng(0).integers(0, 256, (1000, BITS // 8), np.uint8)
vectors = np.concatenate([near, others])


def nearest(name, index, flips=None):
    index.add(vectors)
    if flips is not None:
        index.nflip = flips
    bits, numbers = index.search(query, 1)
    print(f"{name:28} nearest {numbers[0, 0]} at {bits[0, 0]} bits")
    return int(numbers[0, 0])


flat = faiss.IndexBinaryFlat(BITS)
assert nearest("all pairs (Flat)", flat) == 0
assert nearest("MultiHash, 16 x 16 bits", faiss.IndexBinaryMultiHash(BITS, 16, 16)) == -1
assert nearest("MultiHash, nflip 1", faiss.IndexBinaryMultiHash(BITS, 16, 16), 1) == 0

within = {radius: int(flat.range_search(query, radius)[0][1]) for radius in (16, 17)}
print("Flat, " + "; ".join(f"radius {radius}: {count} found" for radius, count in within.items()))
assert within == {16: 0, 17: 1}
EOF
