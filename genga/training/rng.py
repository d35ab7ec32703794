"""Random draws that depend on what they are for, never on what was drawn before.

Every draw of a run is a function of (seed, epoch, sample, purpose): a resumed run equals an uninterrupted one, batches
may be made in any order by any number of workers, and an image added to the dataset does not change what happens to
the others. The key is hashed with SHA-256 to the 128 bits of a counter-based generator: Philox, Salmon et al. 2011,
"Parallel random numbers: as easy as 1, 2, 3".
"""

import hashlib

import numpy as np
import torch

_SEPARATOR = "\x1f"  # so that ("a", "bc") and ("ab", "c") are different keys


def digest(*key: str | int) -> bytes:
    """Return the 32 bytes that stand for a key: equal keys, equal bytes, on every machine."""
    return hashlib.sha256(_SEPARATOR.join(str(part) for part in key).encode()).digest()


def generator(*key: str | int) -> np.random.Generator:
    """Return a fresh generator for a key such as (seed, epoch, sample, "noise")."""
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest(*key)[:16], "little")))


def normal(shape: tuple[int, ...], draw: np.random.Generator) -> torch.Tensor:
    """Return standard normal float32 of `shape`, made on the CPU: the same on every device."""
    return torch.from_numpy(draw.standard_normal(shape, dtype=np.float32))
