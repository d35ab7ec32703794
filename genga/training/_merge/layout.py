"""A checkpoint as a merge sees it: tensors by their names in the original layout, wherever they lie.

Read are one `.safetensors` in that layout, and a diffusers folder, whose parts are put under the names that they have
in one; never a mixture of names. Kinds: sd15 (Stable Diffusion 1.x) and sdxl.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch

from genga.errors import GengaError
from genga.training._merge.blocks import UNET
from genga.training._merge.names import open_clip, renamed, unet_from_diffusers, vae_from_diffusers
from genga.training.tensor_file import Entry, read_file

VAE = "first_stage_model."
CLIP = {"sd15": "cond_stage_model.transformer.text_model.", "sdxl": "conditioner.embedders.0.transformer.text_model."}
OPEN_CLIP = "conditioner.embedders.1.model."
NETWORKS = (UNET, VAE, "cond_stage_model.", "conditioner.")  # what is merged; all else stays as it is in A
MARKERS = ("v_pred", "ztsnr")  # empty tensors that say what a checkpoint predicts; ComfyUI goes by them
# Of a text encoder, and no weights: some files have them, some not.
BESIDE = ("embeddings.position_ids", ".logit_scale")


@dataclass(frozen=True)
class Source:
    """A file that a merge is made of."""

    called: str  # in messages: its path
    said: str  # and where it is named: merges.mix.a
    sha256: str
    entries: Mapping[str, Entry]
    metadata: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""  # sd15 or sdxl; of a LoRA ""

    def fail(self, why: str) -> GengaError:
        return GengaError(f"params.yaml:{self.said}: {self.called} {why}")


def is_lora(entries: Mapping[str, Entry]) -> bool:
    return any(re.search(r"\.(lora_|hada_|lokr_|dora_)", key) for key in entries)


def source_of(path: Path, said: str, sha256: str) -> Source:
    """Return a checkpoint. Raises GengaError if it is none of a kind that can be merged."""
    entries, metadata = (_folder(path, said), {}) if path.is_dir() else read_file(path)
    source = Source(str(path), said, sha256, entries, metadata)
    if is_lora(entries):
        raise source.fail("is a LoRA, where a checkpoint is wanted; bake it into one first (method bake_lora)")
    if not any(key.startswith(UNET) for key in entries):
        raise source.fail(f"is no checkpoint in the original layout (no {UNET}…); SD 1.x and SDXL can be merged")
    if any(key.startswith("cond_stage_model.model.") for key in entries):
        raise source.fail("is of SD 2.x; SD 1.x and SDXL can be merged")
    kind = "sdxl" if f"{UNET}label_emb.0.0.weight" in entries else "sd15"
    return Source(str(path), said, sha256, entries, metadata, kind)


def check_alike(first: Source, other: Source) -> None:
    """Raise GengaError unless both have the same networks, of the same shapes, that predict the same."""
    if first.kind != other.kind:
        raise other.fail(f"is of {other.kind}, and {first.called} of {first.kind}; merge like with like")
    for marker in MARKERS:
        if (marker in first.entries) != (marker in other.entries):
            having, lacking = (first, other) if marker in first.entries else (other, first)
            raise other.fail(
                f"and {first.called} predict differently: {having.called} has the marker {marker}, {lacking.called} not"
            )
    for one, two in ((first, other), (other, first)):
        if key := next((key for key in sorted(one.entries) if is_weight(key, one) and key not in two.entries), None):
            raise other.fail(f"and {first.called} are not of one layout: {two.called} has no {key}")
    for key, entry in sorted(first.entries.items()):
        if is_weight(key, first) and entry.shape != (shape := other.entries[key].shape):
            raise other.fail(f"does not fit {first.called}: {key} is of {shape}, not {entry.shape}")


def is_weight(key: str, source: Source) -> bool:
    """Whether a tensor is of a network's weights, and merged."""
    of_network = key.startswith(NETWORKS) and not key.endswith(BESIDE)
    return of_network and source.entries[key].dtype.is_floating_point


def _folder(path: Path, said: str) -> dict[str, Entry]:
    """The parts of a diffusers folder under their names in one file."""
    found: dict[str, Entry] = {}
    parts = {name: _part(path / name) for name in ("unet", "vae", "text_encoder", "text_encoder_2")}
    for name in ("unet", "vae", "text_encoder"):
        if not parts[name]:
            raise GengaError(f"params.yaml:{said}: {path} is no diffusers folder: {name}/ has no weights; pull it")
    kind = "sdxl" if parts["text_encoder_2"] else "sd15"
    table = unet_from_diffusers(parts["unet"])
    found |= {f"{UNET}{key}": entry for key, entry in _named(parts["unet"], table, path / "unet", said)}
    for key, entry in _named(parts["vae"], vae_from_diffusers(parts["vae"]), path / "vae", said):
        found[f"{VAE}{key}"] = _as_convolution(entry) if ".mid.attn_1." in key and len(entry.shape) == 2 else entry
    found |= {f"{CLIP[kind]}{key.removeprefix('text_model.')}": of for key, of in parts["text_encoder"].items()}
    return found | _open_clip(parts["text_encoder_2"]) | _markers(path)


def _part(folder: Path) -> dict[str, Entry]:
    """The weights of one part: those in full precision where there are several files."""
    files = sorted(folder.glob("*.safetensors"))
    plain = [file for file in files if "." not in file.stem] or files
    return {key: entry for file in plain for key, entry in read_file(file)[0].items()}


def _named(part: Mapping[str, Entry], table: Mapping[str, str], folder: Path, said: str) -> Iterator[tuple[str, Entry]]:
    for key, entry in part.items():
        if (name := renamed(key, table)) is None:
            raise GengaError(f"params.yaml:{said}: {folder} has {key}, which no SD 1.x or SDXL has")
        yield name, entry


def _as_convolution(entry: Entry) -> Entry:
    return Entry((*entry.shape, 1, 1), entry.dtype, lambda: entry.read()[:, :, None, None])


def _open_clip(part: Mapping[str, Entry]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    thirds: dict[str, dict[int, Entry]] = {}
    for key, entry in part.items():
        name, third = open_clip(key.removeprefix("text_model."))
        if third is not None:
            thirds.setdefault(f"{OPEN_CLIP}{name}", {})[third] = entry
        elif name == "text_projection":
            found[f"{OPEN_CLIP}{name}"] = Entry(entry.shape[::-1], entry.dtype, _transposed(entry))
        else:
            found[f"{OPEN_CLIP}{name}"] = entry
    return found | {name: _stacked([of[place] for place in sorted(of)]) for name, of in thirds.items()}


def _transposed(entry: Entry) -> Callable[[], torch.Tensor]:
    return lambda: entry.read().T.contiguous()


def _stacked(entries: list[Entry]) -> Entry:
    first = entries[0]
    shape = (sum(entry.shape[0] for entry in entries), *first.shape[1:])
    return Entry(shape, first.dtype, lambda: torch.cat([entry.read() for entry in entries]))


def _markers(path: Path) -> dict[str, Entry]:
    """What a folder says of its prediction in words, as one file says it."""
    file = path / "scheduler" / "scheduler_config.json"
    said = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if said.get("prediction_type") != "v_prediction":
        return {}
    there = MARKERS if said.get("rescale_betas_zero_snr") else MARKERS[:1]
    return {name: Entry((0,), torch.float32, lambda: torch.empty(0)) for name in there}
