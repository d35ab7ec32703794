"""LoRAs and checkpoints: one put into the other for good, and one found as the difference of two.

What a file changes `genga.training.lora_file` says: LoRA, LoCon, LoHa, LoKr and DoRA, of SD 1.x and SDXL under kohya's
names, of Anima under diffusion-pipe's or kohya's. Extraction is by the singular value decomposition, which is the best
of its rank (Eckart and Young 1936).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch

from genga.errors import GengaError
from genga.training import lora_file
from genga.training._layouts import anima, kohya, sd
from genga.training._layouts.sd import CLIP, OPEN_CLIP, UNET, V_PRED, predicted
from genga.training._layouts.unet import from_original
from genga.training._merge.layout import KINDS, Source, is_weight, prediction_of
from genga.training.lora_file import KOHYA, LoraKeys
from genga.training.tensor_file import Entry, made_entry

_PEFT = LoraKeys(".lora_A.weight", ".lora_B.weight", ".alpha")  # an alpha is read where there is one
# Of a LoRA's header: how ss_base_model_version and modelspec.architecture begin for each kind of base.
_FAMILIES = {
    "sd_v1": "sd15", "stable-diffusion-v1": "sd15", "sdxl": "sdxl", "stable-diffusion-xl": "sdxl", "anima": "anima",
    "sd_v2": "SD 2.x", "stable-diffusion-v2": "SD 2.x",
}  # fmt: skip
_TEXT_LAYERS = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj", "mlp.fc1", "mlp.fc2")


@dataclass(frozen=True)
class Module:
    """A module that a LoRA can change: all of a tensor, or a third of the rows of q, k and v in one."""

    key: str
    third: int | None = None

    def rows(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return the module's own rows, as a view."""
        return tensor if self.third is None else tensor.chunk(3)[self.third]

    def shape(self, source: Source) -> tuple[int, ...]:
        rows, *rest = source.entries[self.key].shape
        return (rows if self.third is None else rows // 3, *rest)


@dataclass(frozen=True)
class Part:
    """What a LoRA has of a module: its tensors by part, none of them read yet."""

    module: Module
    name: str
    parts: Mapping[str, Entry]


def modules_of(source: Source) -> dict[str, Module]:
    """Return the modules of a checkpoint by their names in a LoRA's file; some have two, that which is written last."""
    if source.kind == "anima":
        return _anima_modules(source)
    found = _unet_modules(source)
    texts = kohya.TEXTS[source.kind]
    prefix = f"{CLIP[source.kind]}text_model."
    for key in source.entries:
        path = key.removeprefix(prefix).removesuffix(".weight")
        if key.startswith(f"{prefix}encoder.") and key.endswith(".weight") and ".layer_norm" not in key:
            found[kohya.text_name(path, texts[0])] = Module(key)
    pattern = re.compile(rf"{re.escape(OPEN_CLIP)}.*resblocks\.(\d+)\.")
    layers = {match[1] for key in source.entries if (match := pattern.match(key))}
    paths = [f"encoder.layers.{layer}.{part}" for layer in sorted(layers) for part in _TEXT_LAYERS]
    for name, (key, form) in sd.open_clip_places([f"{path}.weight" for path in paths], OPEN_CLIP).items():
        third = form if isinstance(form, int) else None
        found[kohya.text_name(name.removesuffix(".weight"), texts[1])] = Module(key, third)
    return found


def _unet_modules(source: Source) -> dict[str, Module]:
    inside = [key.removeprefix(UNET) for key in source.entries if key.startswith(UNET)]
    ours, found = from_original(inside), {}
    for key in inside:
        if key.endswith(".weight") and len(source.entries[UNET + key].shape) >= 2:
            for name in [ours.get(key, key), *([key] if source.kind == "sdxl" else [])]:
                found[kohya.unet_name(name.removesuffix(".weight"))] = Module(UNET + key)
    return found


def _anima_modules(source: Source) -> dict[str, Module]:
    found: dict[str, Module] = {}
    for key, entry in source.entries.items():
        if key.startswith(anima.WHOLE) and key.endswith(".weight") and len(entry.shape) == 2:
            path = key.removeprefix(anima.WHOLE).removesuffix(".weight")
            found |= {kohya.unet_name(path): Module(key), anima.lora_name(path): Module(key)}
    return found


def changes(lora: Source, checkpoint: Source) -> dict[str, list[Part]]:
    """Return by tensor of the checkpoint what the LoRA changes in it.

    Raises GengaError if it was made for another kind of base, or is none that can be baked in.
    """
    _check_made_for(lora, checkpoint)
    is_peft = any(key.endswith((_PEFT.down, _PEFT.up)) for key in lora.entries)
    if is_peft and checkpoint.kind != "anima":
        if other := next((key for key in sorted(lora.entries) if key.startswith(anima.LORA)), None):
            raise lora.fail(_no_module(other.partition(".lora_")[0], checkpoint))
        raise lora.fail("is in the form of peft (.lora_A), which does not say its scale; take it in kohya's form")
    try:
        by_module = lora_file.by_module(lora.entries, _PEFT if is_peft else KOHYA)
    except GengaError as error:
        raise lora.fail(f"cannot be baked in: {error}") from error
    if not by_module:
        raise lora.fail("is empty: there is nothing to bake in; fetch it again")
    modules, found = modules_of(checkpoint), dict[str, list[Part]]()
    for name, parts in sorted(by_module.items()):
        if (module := modules.get(name)) is None:
            raise lora.fail(_no_module(name, checkpoint))
        _check_fits(lora, checkpoint, Part(module, name, parts))
        found.setdefault(module.key, []).append(Part(module, name, parts))
    return found


def _check_made_for(lora: Source, checkpoint: Source) -> None:
    """Raise GengaError if a LoRA's header says that it is of another family, or for a base that predicts otherwise.

    Names and shapes may well fit. One whose header says nothing is taken as it is.
    """
    for key in ("ss_base_model_version", "modelspec.architecture"):
        said = lora.metadata.get(key, "")
        kind = next((kind for begins, kind in _FAMILIES.items() if said.startswith(begins)), checkpoint.kind)
        if kind != checkpoint.kind:
            own = KINDS[checkpoint.kind]
            raise lora.fail(f"was made for another kind of base: {key} is {said}, and {checkpoint.called} of {own}")
    if checkpoint.kind == "anima":
        return
    (said, key), there = predicted(lora.metadata), prediction_of(checkpoint)
    if said and said != there:
        way_out = "take one that was made for such a base"
        if said == "v":
            way_out += f", or, if this base predicts v, put the marker {V_PRED} into it"
        raise lora.fail(
            f"was made for a base that predicts {said} ({key}), and {checkpoint.called} predicts {there}; {way_out}"
        )


def _no_module(name: str, checkpoint: Source) -> str:
    """Why there is no module of that name in a checkpoint."""
    places = zip(kohya.TEXTS.get(checkpoint.kind, ()), (CLIP.get(checkpoint.kind, ""), OPEN_CLIP), strict=False)
    for text, prefix in places:
        if name.startswith(f"{text}_") and not any(key.startswith(prefix) for key in checkpoint.entries):
            return f"changes a text encoder ({text}), which {checkpoint.called} has not; take the whole checkpoint"
    return f"was made for another kind of base: {checkpoint.called} ({checkpoint.kind}) has no {name}"


def _check_fits(lora: Source, checkpoint: Source, part: Part) -> None:
    """Raise GengaError unless the change is of the module's shape: it is computed without numbers."""
    wanted, name = part.module.shape(checkpoint), part.name
    shapes = {of: one.read() if of == "alpha" else _no_numbers(one) for of, one in part.parts.items()}
    try:
        change = lora_file.change_of(name, shapes)
    except GengaError as error:
        raise lora.fail(f"is damaged: {error}; fetch it again") from error
    except (RuntimeError, IndexError, ValueError, ArithmeticError) as error:
        raise lora.fail(f"is damaged: the parts of {name} do not fit one another; fetch it again") from error
    # A 1x1 convolution may be a linear layer in the LoRA, or the reverse: as many numbers, as many rows.
    there = tuple(change.delta.shape)
    if change.delta.numel() != torch.Size(wanted).numel() or there[0] != wanted[0]:
        raise lora.fail(f"was made for another base: {name} is of {there}, in {checkpoint.called} of {wanted}")
    if change.lengths is not None and change.lengths.numel() not in wanted[:2]:
        raise lora.fail(f"is damaged: {name} has {change.lengths.numel()} lengths, for {wanted}; fetch it again")


def _no_numbers(entry: Entry) -> torch.Tensor:
    return torch.empty(entry.shape, dtype=entry.dtype, device="meta")


def baked(tensor: torch.Tensor, parts: list[Part], strength: float) -> torch.Tensor:
    """Return a tensor, float32, with `strength` times what the LoRA's modules change in it."""
    result = tensor.clone()
    for one in parts:
        change = lora_file.change_of(one.name, {of: entry.read() for of, entry in one.parts.items()})
        lora_file.apply(one.module.rows(result), change, strength)
    return result


def extracted(
    tuned: Source, origin: Source, rank: int, convolutions: bool
) -> Iterator[tuple[str, torch.Tensor, torch.Tensor]]:
    """Yield (name, down, up), float32, for each module that differs, so that up @ down is nearest to tuned - origin.

    All have this rank: a matrix that has not so many is filled with zeros, so that one alpha fits all.
    """
    if convolutions and tuned.kind == "anima":
        raise tuned.fail(f"is of {KINDS[tuned.kind]}, which has no convolutions; set convolutions: false")
    for name, module in sorted(_written(tuned).items()):
        if not convolutions and not _is_of_transformer(module.key):
            continue
        mine, before = (module.rows(source.entries[module.key].read()).float() for source in (tuned, origin))
        if torch.equal(mine, before):
            continue
        change = mine - before
        left, sizes, right = torch.linalg.svd(change.flatten(1), full_matrices=False)
        root = sizes[:rank].sqrt()
        down, up = change.new_zeros(rank, right.shape[1]), change.new_zeros(left.shape[0], rank)
        down[: len(root)], up[:, : len(root)] = root[:, None] * right[:rank], left[:, :rank] * root
        yield name, down.reshape(rank, *change.shape[1:]), up.reshape(*up.shape, *(1,) * (change.ndim - 2))


def _written(source: Source) -> dict[str, Module]:
    """The modules under the names that are written: of SDXL's UNet the original ones, of Anima diffusion-pipe's."""
    by_place = {module: name for name, module in modules_of(source).items()}  # the name that is written comes last
    return {name: module for module, name in by_place.items() if is_weight(module.key, source)}


def _is_of_transformer(key: str) -> bool:
    if key.startswith(anima.WHOLE):
        return anima.is_adapted(key.removeprefix(anima.WHOLE).removesuffix(".weight"))
    of_block = ".transformer_blocks." in key or key.endswith((".proj_in.weight", ".proj_out.weight"))
    return not key.startswith(UNET) or of_block


def entries_of(
    made: Mapping[str, tuple[torch.Tensor, torch.Tensor]], rank: int, dtype: torch.dtype, kind: str
) -> dict[str, Entry]:
    """Return the tensors of a LoRA's file. made: (down, up) by module; alpha is the rank; kind: of its base."""
    keys = anima.LORA_KEYS if kind == "anima" else KOHYA
    tensors: dict[str, torch.Tensor] = {}
    for name, (down, up) in made.items():
        tensors |= lora_file.entry(name, down, up, float(rank), dtype, keys)
    return {key: made_entry(one) for key, one in tensors.items()}
