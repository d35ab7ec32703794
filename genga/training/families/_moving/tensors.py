"""Tensors of a file as people have it: a .safetensors, or one that torch saved, of which tensors alone are read.

What torch saves is a program that builds what it holds; here it is run by torch's `weights_only`, which knows tensors
and refuses everything else. What trainers leave beside them, of which nothing is wanted, becomes an empty thing.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load_file
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from genga.errors import GengaError

BY_TORCH = (".pth", ".pt", ".bin", ".ckpt")
# Lightning's callbacks, which SD's and AnimateDiff's authors trained with, and numbers of numpy's.
_LEFT = ("pytorch_lightning.", "numpy.", "_codecs.")
_DAMAGED = (
    OSError, ValueError, RuntimeError, EOFError, LookupError, TypeError, AttributeError,
    torch.serialization.pickle.UnpicklingError,  # of what is none of the instructions that weights are made by
)  # fmt: skip
_AGAIN = "verify it (genga models verify), or take the same weights as .safetensors"


class _Empty:
    """Stands for what is not wanted, whatever it would be made of."""

    def __init__(self, *made_of: Any) -> None: ...

    def __setstate__(self, state: Any) -> None: ...


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a file, of `state_dict` where it has one. Those of torch's stay mapped until they are used.

    Raises GengaError naming the file if it is missing or damaged, or holds what would be run as code.
    """
    if not path.is_file():
        raise GengaError(f"{path}: no such file; `genga models pull` fetches the base")
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except (OSError, safetensors.SafetensorError) as error:
            raise GengaError(f"{path}: cannot be read as safetensors ({error}); {_AGAIN}") from error
    if path.suffix not in BY_TORCH:
        raise GengaError(f"{path}: weights are read of .safetensors, or of torch's {', '.join(BY_TORCH)}; convert it")
    if not zipfile.is_zipfile(path):
        raise GengaError(f"{path}: is cut off, or not what torch has saved since its version 1.6; {_AGAIN}")
    try:
        foreign = get_unsafe_globals_in_checkpoint(str(path))
        if code := sorted(name for name in foreign if not name.startswith(_LEFT)):
            raise GengaError(
                f"{path}: holds {code[0]}, which would be run as code; take the same weights as .safetensors"
            )
        with safe_globals([(_Empty, name) for name in foreign]):
            found: Any = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except _DAMAGED as error:
        raise GengaError(f"{path}: cannot be read as weights of torch ({_first_line(error)}); {_AGAIN}") from error
    found = found.get("state_dict", found) if isinstance(found, Mapping) else {}
    tensors = {str(name): one for name, one in found.items() if isinstance(one, torch.Tensor)}
    if not tensors:
        raise GengaError(f"{path}: has no weights by name; take the file that its authors load")
    return tensors


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
