"""A .safetensors a tensor at a time: read by place, and written in order, header first; whatever is learnt is one.

Equal tensors and metadata give equal bytes: the header's keys are sorted (safetensors leaves metadata in random order).
Of files that are read by place nothing is mapped into memory: what is read of a mapped file counts as the process's
own, and two checkpoints read through come to twice their size. Format:
https://github.com/huggingface/safetensors#format.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load_file

from genga.errors import GengaError
from genga.store.files import replacing

Tensors = dict[str, torch.Tensor]

# Types by what the format calls them.
DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip
_CALLED = {dtype: name for name, dtype in DTYPES.items()}
_LONGEST = 100_000_000  # bytes: what the format allows for a header
SEAL = "sshs_model_hash"  # in the metadata: the sha256 of all bytes after the header, as kohya's sd-scripts writes it


@dataclass(frozen=True)
class Entry:
    """A tensor that can be had: of a file, of several put together, or computed."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    read: Callable[[], torch.Tensor]

    @property
    def size(self) -> int:
        """Bytes."""
        return torch.Size(self.shape).numel() * self.dtype.itemsize


def made_entry(tensor: torch.Tensor) -> Entry:
    """Return a tensor that is there already."""
    return Entry(tuple(tensor.shape), tensor.dtype, lambda: tensor)


def read_file(path: str | Path) -> tuple[dict[str, Entry], dict[str, str]]:
    """Return the tensors of a .safetensors, none of them read yet, and its metadata.

    Raises GengaError naming the file if it is missing, or not such a file, or cut off.
    """
    path = Path(path)
    try:
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header: Any = json.loads(file.read(length)) if length <= _LONGEST else None
        size = path.stat().st_size
        metadata = dict(header.pop("__metadata__", {}))
        found = {name: _entry(path, 8 + length, of) for name, of in header.items()}
    except OSError as error:
        raise GengaError(f"{path}: cannot be read ({error.strerror}); put it there, or pull it") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise GengaError(f"{path}: is not a .safetensors file; fetch it again, or write it as one") from error
    if size != (whole := 8 + length + sum(entry.size for entry in found.values())):
        raise GengaError(f"{path}: has {size} bytes, and its header speaks of {whole}: damaged; fetch it again")
    return found, metadata


def _entry(path: Path, start: int, of: Mapping[str, Any]) -> Entry:
    shape, dtype, (first, last) = tuple(map(int, of["shape"])), DTYPES[of["dtype"]], of["data_offsets"]
    entry = Entry(shape, dtype, lambda: _tensor(path, start + first, last - first, shape, dtype))
    if entry.size != last - first:
        raise ValueError("a tensor's place is not as long as its shape says")
    return entry


def _tensor(path: Path, start: int, size: int, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    if not size:
        return torch.empty(shape, dtype=dtype)
    data = bytearray(size)
    with open(path, "rb", buffering=0) as file:
        file.seek(start)
        view, got = memoryview(data), 0
        while got < size and (read := file.readinto(view[got:])):
            got += read
    if got < size:
        raise GengaError(f"{path}: was cut off while it was read; fetch it again")
    return torch.frombuffer(data, dtype=dtype).reshape(shape)


def write(path: str | Path, tensors: Tensors, metadata: Mapping[str, str]) -> str:
    """Write tensors that are there as `write_file` does; returns the file's sha256."""
    entries = {name: made_entry(tensor) for name, tensor in tensors.items()}
    whole = hashlib.sha256(write_file(path, entries, metadata))
    for data in _data(entries):
        whole.update(data)
    return whole.hexdigest()


def write_by_torch(path: str | Path, tensors: Tensors) -> None:
    """Write tensors as `torch.save` does, whole or not at all: for programs that read nothing else. It has no metadata.

    Equal tensors give equal bytes. Raises GengaError if it cannot be written there.
    """
    own = {name: tensors[name].detach().cpu().clone() for name in sorted(tensors)}  # of a slice, the slice alone
    with replacing(path) as temporary, open(temporary, "wb") as file:
        torch.save(own, file)


def write_file(path: str | Path, entries: Mapping[str, Entry], metadata: Mapping[str, str]) -> bytes:
    """Write the tensors, whole or not at all, and read each only when its turn has come; returns what comes before.

    The header has `SEAL` beside `metadata`. Raises GengaError if it cannot be written there.
    """
    unsealed = _header(entries, {**metadata, SEAL: "0" * 64})
    digest = hashlib.sha256()
    with replacing(path) as temporary, open(temporary, "r+b") as file:
        file.write(unsealed)
        for data in _data(entries):
            digest.update(data)
            file.write(data)
        header = _header(entries, {**metadata, SEAL: digest.hexdigest()})
        file.seek(0)
        file.write(header)
    return header


def _ordered(entries: Mapping[str, Entry]) -> list[str]:
    """Names as the tensors stand in a file: by the size of their numbers, so that each is aligned, then by name."""
    return sorted(entries, key=lambda name: (-entries[name].dtype.itemsize, name))


def _header(entries: Mapping[str, Entry], metadata: Mapping[str, str]) -> bytes:
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    place = 0
    for name in _ordered(entries):
        entry = entries[name]
        ends = [place, place := place + entry.size]
        header[name] = {"dtype": _CALLED[entry.dtype], "shape": list(entry.shape), "data_offsets": ends}
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the format wants the tensors aligned to 8 bytes
    return len(text).to_bytes(8, "little") + text


def _data(entries: Mapping[str, Entry]) -> Iterator[memoryview]:
    for name in _ordered(entries):
        entry = entries[name]
        tensor = entry.read()
        assert (tuple(tensor.shape), tensor.dtype) == (entry.shape, entry.dtype), name
        if tensor.numel():
            yield tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data


def read(path: str | Path) -> Tensors:
    """Return a file's tensors. Raises GengaError naming the file if it is missing or damaged."""
    try:
        return load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise _unreadable(path, error) from error


def read_metadata(path: str | Path) -> dict[str, str]:
    """Return a file's metadata. Raises GengaError naming the file if it is missing or damaged."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return file.metadata() or {}
    except (OSError, safetensors.SafetensorError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str | Path, error: Exception) -> GengaError:
    return GengaError(f"{path}: cannot be read as safetensors ({error}); train the run again")


def in_precision(tensors: Mapping[str, torch.Tensor], dtype: torch.dtype) -> Tensors:
    """Return tensors on the CPU, those of fractions in a precision; whole numbers stay what they are."""
    return {name: one.to("cpu", dtype if one.is_floating_point() else one.dtype) for name, one in tensors.items()}
