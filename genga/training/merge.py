"""Make a model of others, without training: sums and differences of checkpoints, and LoRAs put in or found.

A merge goes through its parents a tensor at a time, in float32, and keeps none of them: what it needs is the room of
the largest tensors, whatever the size of the files. What is no weight of a network (ids of positions, alpha-bars,
markers) stays as it is in A.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from genga.errors import GengaError
from genga.models.registry import Registry
from genga.params.merge import Params
from genga.store.files import check_sha256, sha256_of
from genga.training._merge.arithmetic import COSINES, OF_THREE, OF_TWO
from genga.training._merge.blocks import block_of, weights_of
from genga.training._merge.header import header
from genga.training._merge.layout import Source, check_alike, is_weight, source_of
from genga.training._merge.lora import baked, changes, entries_of, extracted
from genga.training.device import DTYPES
from genga.training.tensor_file import Entry, read_file, write_file

_PIECE = 1 << 22  # numbers of a tensor that are worked on at once


@dataclass(frozen=True)
class Merged:
    """A file to be written: its tensors are made when they are read."""

    entries: Mapping[str, Entry]
    metadata: Mapping[str, str]
    changed: int  # tensors that are not A's, of a LoRA all

    def write(self, path: str | Path) -> None:
        write_file(path, self.entries, self.metadata)


@dataclass(frozen=True)
class Given:
    """A parent as it lies here."""

    path: Path
    called: str  # what the header calls it
    sha256: str


def given(name: str, params: Params, paths: Mapping[str, Path], registry: Registry) -> dict[str, Given]:
    """Return the parents of merge `name`, by letter. paths: where they lie; a base is where the registry has it.

    Raises GengaError for one that is missing, or not what it is held to.
    """
    found = {}
    for letter, parent in params.parents.items():
        said, path = f"params.yaml:merges.{name}.{letter}", paths.get(letter)
        if parent.base is not None:
            model = registry.model(parent.base).verify()
            # Of several files, as of Anima, the one that has the network.
            own = next((file.path for file in model.files if file.part == "model"), model.path)
            found[letter] = Given(own, model.name, model.sha256)
            continue
        if path is None or not path.is_file():
            way_out = "put it there" if parent.file else "run snakemake, which makes it"
            raise GengaError(f"{said}: {path or 'no path'}: no such file; {way_out}")
        if parent.file is not None:
            check_sha256(path, str(parent.sha256), f"{said}.sha256 names another content: fetch that, or write the new")
        called = parent.run or parent.merge or path.stem
        found[letter] = Given(path, called, parent.sha256 or sha256_of(path))
    return found


def merge(name: str, params: Params, given: Mapping[str, Given]) -> Merged:
    """Return what merge `name` makes of its parents, by letter.

    Raises GengaError, of one line, for parents that do not go together.
    """
    parents = {letter: _source(name, letter, one, params) for letter, one in given.items()}
    called = {letter: one.called for letter, one in given.items()}
    first, second = parents["a"], parents["b"]
    for other in list(parents.values())[1:]:
        if other.kind:
            check_alike(first, other)
    weights = None
    match params.method:
        case "extract_lora":
            entries, changed = _extracted(params, first, second)
        case "bake_lora":
            entries, changed = _baked(params, first, second)
        case _:
            if params.blocks is not None:
                weights = weights_of(f"params.yaml:merges.{name}.blocks", params.blocks, params.alpha, first.kind)
            entries, changed = _summed(params, parents, weights)
    return Merged(entries, header(name, params, parents, called, weights), changed)


def _source(name: str, letter: str, given: Given, params: Params) -> Source:
    said = f"merges.{name}.{letter}"
    if params.method == "bake_lora" and letter == "b":
        return Source(str(given.path), said, given.sha256, *read_file(given.path))
    return source_of(given.path, said, given.sha256)


def _summed(
    params: Params, parents: Mapping[str, Source], weights: Mapping[str, float] | None
) -> tuple[dict[str, Entry], int]:
    first, *others = parents.values()
    entries = {}
    for key, entry in first.entries.items():
        alpha = params.alpha if weights is None else weights[block_of(key, first.kind)]
        if not is_weight(key, first):
            entries[key] = entry
        elif alpha or params.method in COSINES:
            entries[key] = _made(key, first, params, _sum(params, [first, *others], key, alpha or 0.0))
        else:
            entries[key] = _made(key, first, params)
    return entries, sum(entries[key] is not entry for key, entry in first.entries.items())


def _sum(params: Params, parents: list[Source], key: str, alpha: float) -> Callable[[], torch.Tensor]:
    """A function that makes a tensor of the parents', in pieces, so that few numbers are there as float32 at once."""

    def made() -> torch.Tensor:
        a, *others = (parent.entries[key].read() for parent in parents)
        if params.method in OF_TWO and alpha == 1:
            return others[0]
        if params.method in COSINES:
            return _formula(params.method, [a.float(), others[0].float()], alpha)
        result = torch.empty_like(a, dtype=_dtype(a.dtype, params))
        pieces = zip(*(one.reshape(-1).split(_PIECE) for one in (result, a, *others)), strict=True)
        for into, first, second, *third in pieces:
            of = [first.float(), second.float(), *(one.float() for one in third)]
            into.copy_(parents[0].narrowed(key, _formula(params.method, of, alpha), result.dtype))
        return result

    return made


def _formula(method: str, of: list[torch.Tensor], alpha: float) -> torch.Tensor:
    if method in OF_TWO:
        a, b = of
        return OF_TWO[method](a, b, alpha)
    a, b, c = of
    return OF_THREE[method](a, b, c, alpha)


def _made(key: str, first: Source, params: Params, make: Callable[[], torch.Tensor] | None = None) -> Entry:
    """A tensor of A in the precision asked for; what `make` makes in its place."""
    entry = first.entries[key]
    dtype = _dtype(entry.dtype, params)
    if make is None and dtype == entry.dtype:
        return entry
    return Entry(entry.shape, dtype, lambda: first.narrowed(key, (make or entry.read)(), dtype))


def _dtype(of_a: torch.dtype, params: Params) -> torch.dtype:
    return of_a if params.precision is None else DTYPES[params.precision]


def _baked(params: Params, checkpoint: Source, lora: Source) -> tuple[dict[str, Entry], int]:
    changed, strength = changes(lora, checkpoint), params.alpha or 0.0

    def into(key: str, entry: Entry) -> Callable[[], torch.Tensor]:
        return lambda: baked(entry.read().float(), changed[key], strength)

    entries = {
        key: _made(key, checkpoint, params, into(key, entry) if key in changed and strength else None)
        if is_weight(key, checkpoint)
        else entry
        for key, entry in checkpoint.entries.items()
    }
    return entries, len(changed)


def _extracted(params: Params, tuned: Source, origin: Source) -> tuple[dict[str, Entry], int]:
    assert params.rank is not None
    made = {name: (down, up) for name, down, up in extracted(tuned, origin, params.rank, params.convolutions)}
    if not made:
        raise tuned.fail(f"and {origin.called} are equal where a LoRA can change a base; there is nothing to extract")
    dtype = DTYPES[params.precision or "float32"]
    return entries_of(made, params.rank, dtype, tuned.kind), len(made)
