"""What changes a base, as tensors of a file, in the formats of kohya's sd-scripts and of lycoris that UIs read.

Of every changed module W a file has `{name}.alpha` (0-d) and, by method, rank being r:

lora  `.lora_down.weight` (r, in, ...), `.lora_up.weight` (out, r, ...): W + alpha / r * up @ down; Hu et al. 2021,
      "LoRA: low-rank adaptation of large language models". LoCon is that of convolutions too (lycoris).
dora  the same, and `.dora_scale` (out, 1, ...): each row then has that length; Liu et al. 2024, "DoRA:
      weight-decomposed low-rank adaptation". A `.dora_scale` (1, in, ...) is of columns.
loha  `.hada_w1_a` (out, r), `.hada_w1_b` (r, in), and w2: W + alpha / r * (w1_a @ w1_b) * (w2_a @ w2_b), element by
      element; Hyeon-Woo et al. 2022, "FedPara: low-rank Hadamard product for communication-efficient federated
      learning".
lokr  `.lokr_w1`, `.lokr_w2`, or a product `_a`, `_b` of rank r in either's place: W + alpha / r * the Kronecker product
      of w1 and w2, and no scale where both are whole; Yeh et al. 2024, "Navigating text-to-image customization: from
      LyCORIS fine-tuning to model evaluation".

`name` is what the base's family calls the module; a family may have other words for LoRA's three, and none for alpha,
whose scale is then folded in. In others' files convolutions may be in Tucker's form: `.lora_mid.weight`, `.hada_t1`,
`.lokr_t2` (r, r, height, width).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

import torch

from genga.errors import GengaError
from genga.training.tensor_file import Tensors

T = TypeVar("T")


class LoraKeys(NamedTuple):
    """What a module's tensors are called in a LoRA's file, after the module's name."""

    down: str
    up: str
    alpha: str | None  # None: there is none, the scale is folded into `up`
    by_loralib: bool = False  # of a convolution over time k long (r k, in k) and (out k, r k), as loralib's kind has it


KOHYA = LoraKeys(".lora_down.weight", ".lora_up.weight", ".alpha")  # of kohya's sd-scripts

_DOWN, _UP, _ALPHA, _LENGTHS = "lora_down.weight", "lora_up.weight", "alpha", "dora_scale"
_PARTS = (
    _LENGTHS, "lora_mid.weight", "hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2",
    "lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2",
)  # fmt: skip
_SCALED = {_UP, "hada_w2_a", "lokr_w2_b", "lokr_w2"}  # one of a method's factors: that which begins as zeros


class Change(NamedTuple):
    """What becomes of a module's weight: `delta` is added, and then its rows or columns have `lengths`."""

    name: str
    delta: torch.Tensor  # float32 of the weight's shape, or of that flattened but for its rows
    lengths: torch.Tensor | None  # of DoRA, float32 (rows, 1, ...) or (1, columns, ...)


def entry(
    name: str, down: torch.Tensor, up: torch.Tensor, alpha: float, dtype: torch.dtype, keys: LoraKeys = KOHYA
) -> Tensors:
    """Return the tensors of one module of a LoRA. down (rank, in, ...), up (out, rank, ...)."""
    return entries(name, {_DOWN: down, _UP: up}, down.shape[0], alpha, 1.0, dtype, keys)


def entries(
    name: str,
    parts: Mapping[str, torch.Tensor],
    rank: int,
    alpha: float,
    scale: float,
    dtype: torch.dtype,
    keys: LoraKeys = KOHYA,
) -> Tensors:
    """Return the tensors of one module, whose change is `scale` times alpha / rank of what its `parts` come to."""
    words, found = _words(keys), {}
    if keys.alpha is None:
        scale *= alpha / rank
    if keys.by_loralib and _DOWN in parts and parts[_DOWN].dim() == 5:
        parts = _flattened(parts)
    for part, tensor in parts.items():
        scaled = tensor * scale if part in _SCALED and scale != 1 else tensor
        found[name + words[part]] = scaled.detach().to("cpu", dtype).contiguous()
    return found if keys.alpha is None else {**found, f"{name}{keys.alpha}": torch.tensor(float(alpha), dtype=dtype)}


def _flattened(parts: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The two matrices of a convolution over time whose product, read as (out, in, k, k), is the change k times.

    Readers take the mean of these k: see `_as_weights`.
    """
    down, up = parts[_DOWN], parts[_UP]  # (r, in, k, 1, 1), (out, r, 1, 1, 1)
    rank, inputs, length = down.shape[:3]
    wide = down[..., 0].expand(rank, inputs, length, length).reshape(rank * length, inputs * length)
    return {_DOWN: wide, _UP: torch.kron(up.flatten(1), torch.eye(length).to(up))}


def _words(keys: LoraKeys) -> dict[str, str]:
    """What a file has after a module's name, by part."""
    own = {_DOWN: keys.down, _UP: keys.up, **({} if keys.alpha is None else {_ALPHA: keys.alpha})}
    return {**own, **{part: f".{part}" for part in _PARTS}}


def changes(tensors: Tensors, keys: LoraKeys = KOHYA) -> Iterator[Change]:
    """Yield what a file changes, by module. Raises GengaError for a key that nobody reads, or that is missing."""
    for name, parts in by_module(tensors, keys).items():
        yield change_of(name, parts)


def by_module(tensors: Mapping[str, T], keys: LoraKeys = KOHYA) -> dict[str, dict[str, T]]:
    """Return a file's tensors by module and part. Raises GengaError for a key that nobody reads."""
    modules: dict[str, dict[str, T]] = defaultdict(dict)
    for key, tensor in tensors.items():
        part, word = next(((part, word) for part, word in _words(keys).items() if key.endswith(word)), ("", ""))
        if not part:
            raise GengaError(f"the LoRA was made for another family, or by another method: nothing here reads {key}")
        modules[key.removesuffix(word)][part] = tensor
    return modules


def change_of(name: str, parts: Mapping[str, torch.Tensor]) -> Change:
    """Return what the parts of a module come to. Raises GengaError if one is missing."""
    try:
        return Change(name, _delta(parts), parts[_LENGTHS].float() if _LENGTHS in parts else None)
    except KeyError as error:
        raise GengaError(f"the LoRA is not whole: {name} has no {error.args[0]}; train the run again") from error


def deltas(tensors: Tensors, keys: LoraKeys = KOHYA) -> Tensors:
    """Return what is added to each module's weight, name -> float32; lengths that DoRA then gives are not in it."""
    return {name: delta for name, delta, _ in changes(tensors, keys)}


def _delta(parts: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """What a module's parts come to. Raises KeyError naming a part that is missing."""
    if any(part.startswith("hada_") for part in parts):
        first = _product(parts["hada_w1_a"], parts["hada_w1_b"], parts.get("hada_t1"))
        second = _product(parts["hada_w2_a"], parts["hada_w2_b"], parts.get("hada_t2"))
        return first * second * _scale(parts, parts["hada_w1_b"])
    if any(part.startswith("lokr_") for part in parts):
        return _kronecker(parts)
    down, up, middle = parts[_DOWN], parts[_UP].float(), parts.get("lora_mid.weight")
    if middle is not None:
        product = torch.einsum("mnkl,im,nj->ijkl", middle.float(), up.flatten(1), down.float().flatten(1))
        return product * _scale(parts, down)
    product = up.flatten(1) @ down.float().flatten(1)
    return (product * _scale(parts, down)).reshape(up.shape[0], *down.shape[1:])


def _product(a: torch.Tensor, b: torch.Tensor, core: torch.Tensor | None) -> torch.Tensor:
    """a @ b (rows, columns), or the four dimensions that two matrices (rank, ...) and Tucker's core come to."""
    if core is None:
        return a.float() @ b.float()
    return torch.einsum("ijkl,jr,ip->prkl", core.float(), b.float(), a.float())


def _kronecker(parts: Mapping[str, torch.Tensor]) -> torch.Tensor:
    first, second = parts.get("lokr_w1"), parts.get("lokr_w2")
    whole = first is not None and second is not None
    low = parts["lokr_w2_b"] if second is None else parts.get("lokr_w1_b")
    scale = 1.0 if whole or low is None else _scale(parts, low)
    if first is None:
        first = _product(parts["lokr_w1_a"], parts["lokr_w1_b"], None)
    if second is None:
        second = _product(parts["lokr_w2_a"], parts["lokr_w2_b"], parts.get("lokr_t2"))
    first = first.float().reshape(*first.shape, *[1] * (second.dim() - first.dim()))
    return torch.kron(first, second.float().contiguous()) * scale


def _scale(parts: Mapping[str, torch.Tensor], low: torch.Tensor) -> float:
    """alpha / rank; low: (rank, ...)."""
    return float(parts[_ALPHA].item() / low.shape[0]) if _ALPHA in parts else 1.0


@contextmanager
def merged(
    modules: Mapping[str, torch.nn.Module], tensors: Tensors, keys: LoraKeys = KOHYA, scale: float = 1.0
) -> Iterator[None]:
    """Within the block, the weights of `modules` are those of the base plus `scale` times what the file changes.

    Afterwards they are what they were, to the bit. Raises GengaError for a file made for another base or family.
    """
    before = []
    try:
        with torch.no_grad():
            for found in changes(tensors, keys):
                change = _as_weights(found, modules)
                weight = _weight(modules, change)
                before.append((weight, weight.clone()))
                apply(weight, change, scale)
        yield
    finally:
        with torch.no_grad():
            for weight, own in before:
                weight.copy_(own)


def apply(weight: torch.Tensor, change: Change, scale: float) -> None:
    """Put `scale` times a change into a weight, in place."""
    delta = change.delta.reshape(weight.shape)
    if change.lengths is not None:
        whole = weight.float() + delta.to(weight.device)
        axis = 0 if len(change.lengths) == len(whole) else 1
        # A 1x1 convolution's may be those of a linear layer.
        lengths = change.lengths.to(weight.device).reshape([-1 if one == axis else 1 for one in range(whole.dim())])
        others = [one for one in range(whole.dim()) if one != axis]
        before = (
            whole.square().sum(others, keepdim=True).sqrt() + torch.finfo(torch.float32).eps
        )  # as lycoris: a row may be 0
        delta = whole * (lengths / before) - weight.float()
    weight += (scale * delta).to(weight)


def _as_weights(change: Change, modules: Mapping[str, torch.nn.Module]) -> Change:
    """A change as it is, or of a convolution over time as its weight is, (out, in, k, 1, 1), if loralib wrote it."""
    weight = getattr(modules.get(change.name), "weight", None)
    if not isinstance(weight, torch.Tensor) or weight.dim() != 5:
        return change
    rows, columns, length = weight.shape[:3]
    if change.delta.shape != (rows * length, columns * length):
        return change
    return change._replace(delta=change.delta.reshape(rows, columns, length, length, 1).mean(-2, keepdim=True))


def _weight(modules: Mapping[str, torch.nn.Module], change: Change) -> torch.Tensor:
    name, shape = change.name, change.delta.shape
    weight = getattr(modules.get(name), "weight", None)
    if not isinstance(weight, torch.Tensor) or shape not in (weight.shape, weight.flatten(1).shape):
        found = "no such module" if weight is None else f"shape {tuple(weight.shape)}, not {tuple(shape)}"
        raise GengaError(f"the LoRA was made for another base: {name} has {found} here")
    return weight
