"""LoRAs and checkpoints: one put into the other for good, and one found as the difference of two.

Files are kohya's (sd-scripts): `{module}.lora_down.weight`, `.lora_up.weight`, `.alpha`; a module's weight changes by
alpha / rank * up @ down. Method: Hu et al. 2021, "LoRA: low-rank adaptation of large language models"; extraction by
the singular value decomposition, which is the best of its rank (Eckart and Young 1936).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch

from genga.training._merge.blocks import UNET
from genga.training._merge.layout import CLIP, OPEN_CLIP, Source, is_weight
from genga.training._merge.names import THIRDS, open_clip, renamed, unet_from_original
from genga.training.tensor_file import Entry, made_entry

_PARTS = {"lora_down.weight": "down", "lora_up.weight": "up", "alpha": "alpha"}


@dataclass(frozen=True)
class Module:
    """A module that a LoRA can change: all of a tensor, or a third of the rows of q, k and v in one."""

    key: str
    third: int | None = None

    def rows(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return the module's own rows, as a view."""
        return tensor if self.third is None else tensor.chunk(len(THIRDS))[self.third]


def modules_of(source: Source) -> dict[str, Module]:
    """Return the modules of a checkpoint by their names in a LoRA's file; those of its UNet have two in SDXL."""
    inside = [key.removeprefix(UNET) for key in source.entries if key.startswith(UNET)]
    table, found = unet_from_original(inside), {}
    for key in inside:
        if (module := key.removesuffix(".weight")) == key or len(source.entries[UNET + key].shape) < 2:
            continue
        other = renamed(module, table) or module
        for name in [other, *([module] if source.kind == "sdxl" else [])]:
            found[f"lora_unet_{name.replace('.', '_')}"] = Module(UNET + key)
    te = {"sd15": "lora_te_text_model_", "sdxl": "lora_te1_text_model_"}[source.kind]
    inside = [key.removeprefix(CLIP[source.kind]) for key in source.entries if key.startswith(CLIP[source.kind])]
    for key in inside:
        if key.startswith("encoder.") and key.endswith(".weight") and ".layer_norm" not in key:
            found[te + key.removesuffix(".weight").replace(".", "_")] = Module(CLIP[source.kind] + key)
    layers = {
        match[1] for key in source.entries if (match := re.match(rf"{re.escape(OPEN_CLIP)}.*resblocks\.(\d+)\.", key))
    }
    for layer in layers:
        for part in (*(f"self_attn.{third}" for third in THIRDS), "self_attn.out_proj", "mlp.fc1", "mlp.fc2"):
            key, third = open_clip(f"encoder.layers.{layer}.{part}.weight")
            found[f"lora_te2_text_model_encoder_layers_{layer}_{part.replace('.', '_')}"] = Module(
                OPEN_CLIP + key, third
            )
    return found


def changes(lora: Source, checkpoint: Source) -> dict[str, list[tuple[Module, str]]]:
    """Return by tensor of the checkpoint the modules in it that the LoRA changes, with their names in its file.

    Raises GengaError if it was made for another kind of base, or is none that is plain.
    """
    modules = modules_of(checkpoint)
    found: dict[str, list[tuple[Module, str]]] = {}
    for key in sorted(lora.entries):
        name, _, part = key.partition(".")
        if part not in _PARTS:
            raise lora.fail(f"has {key}: only LoRA and LoCon in kohya's form can be baked in")
        if part != "lora_down.weight":
            continue
        if (module := modules.get(name)) is None:
            raise lora.fail(f"was made for another kind of base: {checkpoint.called} ({checkpoint.kind}) has no {name}")
        if f"{name}.lora_up.weight" not in lora.entries:
            raise lora.fail(f"has no {name}.lora_up.weight: damaged; fetch it again")
        down, up = lora.entries[key].shape, lora.entries[f"{name}.lora_up.weight"].shape
        rows, *rest = checkpoint.entries[module.key].shape
        wanted, there = (rows // (1 if module.third is None else len(THIRDS)), *rest), (up[0], *down[1:])
        # A 1x1 convolution may be a linear layer in the LoRA, or the reverse: as many numbers, as many rows.
        fits = torch.Size(there).numel() == torch.Size(wanted).numel() and up[0] == wanted[0]
        if down[0] != up[1] or not fits:
            raise lora.fail(f"was made for another base: {name} is of {there}, in {checkpoint.called} of {wanted}")
        found.setdefault(module.key, []).append((module, name))
    return found


def baked(tensor: torch.Tensor, modules: list[tuple[Module, str]], lora: Source, strength: float) -> torch.Tensor:
    """Return a tensor, float32, with `strength` times the change of the LoRA's modules in it."""
    result = tensor.clone()
    for module, name in modules:
        down = lora.entries[f"{name}.lora_down.weight"].read().float()
        up = lora.entries[f"{name}.lora_up.weight"].read().float()
        alpha = lora.entries.get(f"{name}.alpha")  # a file without it: alpha is the rank
        scale = alpha.read().float().item() / down.shape[0] if alpha is not None else 1.0
        rows = module.rows(result)
        rows += strength * scale * (up.flatten(1) @ down.flatten(1)).reshape(rows.shape)
    return result


def extracted(
    tuned: Source, origin: Source, rank: int, convolutions: bool
) -> Iterator[tuple[str, torch.Tensor, torch.Tensor]]:
    """Yield (name, down, up), float32, for each module that differs, so that up @ down is nearest to tuned - origin.

    All have this rank: a matrix that has not so many is filled with zeros, so that one alpha fits all.
    """
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
    """The modules under the names that are written: of SDXL's UNet the original ones."""
    found = modules_of(source)
    by_place: dict[Module, str] = {}
    for name, module in found.items():
        by_place[module] = name  # the original name comes last
    return {name: module for module, name in by_place.items() if is_weight(module.key, source)}


def _is_of_transformer(key: str) -> bool:
    return (
        not key.startswith(UNET)
        or ".transformer_blocks." in key
        or key.endswith((".proj_in.weight", ".proj_out.weight"))
    )


def entries_of(
    made: Mapping[str, tuple[torch.Tensor, torch.Tensor]], rank: int, dtype: torch.dtype
) -> dict[str, Entry]:
    """Return the tensors of a LoRA's file. made: (down, up) by module; alpha is the rank."""
    tensors = {}
    for name, (down, up) in made.items():
        tensors[f"{name}.lora_down.weight"] = down.to(dtype)
        tensors[f"{name}.lora_up.weight"] = up.to(dtype)
        tensors[f"{name}.alpha"] = torch.tensor(float(rank), dtype=dtype)
    return {key: made_entry(one) for key, one in tensors.items()}
