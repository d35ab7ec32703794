"""The header of a .safetensors, read without loading a tensor.

8 bytes of length (little endian), that many of JSON, then the tensors; `__metadata__` in it maps names to strings.
kohya's `sshs_model_hash` there is the sha256 of all bytes after the header.
"""

import hashlib
import json
from pathlib import Path

from genga.errors import GengaError

_LONGEST = 100_000_000  # bytes: what the format allows for a header
_BLOCK = 1 << 20


def header_of(path: str | Path) -> dict[str, str]:
    """Return the metadata of a .safetensors; empty if it has none. Raises GengaError if the file is not one."""
    try:
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length)) if length <= _LONGEST else None
    except OSError as error:
        raise GengaError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError:
        header = None
    if not isinstance(header, dict) or not isinstance(header.get("__metadata__", {}), dict):
        raise GengaError(f"{path}: is not a .safetensors file; pull it again, or train the run again")
    return dict(header.get("__metadata__", {}))


def tensors_sha256(path: str | Path) -> str:
    """Return the sha256 of all bytes after the header."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        file.seek(int.from_bytes(file.read(8), "little"), 1)
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
