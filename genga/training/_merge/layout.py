"""A checkpoint as a merge sees it: tensors by their names in the original layout, wherever they lie.

Read are one `.safetensors` in that layout, and a diffusers folder, whose parts are put under the names that they have
in one; never a mixture of names. Kinds: sd15 (Stable Diffusion 1.x), sdxl, and anima (its transformer and adapter,
which are one file). Averages of a training (`model_ema.*`) are a parent's own, and left out.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch

from genga.errors import GengaError
from genga.training._layouts import anima, sd
from genga.training._layouts.sd import AUTOENCODER, RELATIVES, UNET, V_PRED, ZTSNR, Places, predicted
from genga.training.tensor_file import Entry, read_file

KINDS = {"sd15": "SD 1.x", "sdxl": "SDXL", "anima": "Anima"}
MARKERS = (V_PRED, ZTSNR)
_CAN = "SD 1.x, SDXL and Anima can be merged"
_NETWORKS = (UNET, AUTOENCODER, "cond_stage_model.", "conditioner.")  # what is merged; all else stays as it is in A
# In these, and no weights of a network: some files have them, some not.
_BESIDE = ("embeddings.position_ids", ".logit_scale")
_OF_TRAINING = (f"{AUTOENCODER}model_ema.", f"{AUTOENCODER}loss.")
_AVERAGES = "model_ema."
# Of files whose numbers are no weights until they are scaled: ComfyUI's float8, bitsandbytes'.
_SCALES = (".scale_weight", ".weight_scale", "scaled_fp8", ".absmax", ".comfy_quant")
# What only files of a kind that cannot be merged have.
_OTHERS = {**RELATIVES, "net.blocks.": "Cosmos-Predict2, and has no llm_adapter as Anima has"}


@dataclass(frozen=True)
class Source:
    """A file that a merge is made of."""

    called: str  # in messages: its path
    said: str  # and where it is named: merges.mix.a
    sha256: str
    entries: Mapping[str, Entry]
    metadata: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""  # one of KINDS; of a LoRA ""

    def narrowed(self, key: str, tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """Return what was made of a tensor as numbers of a type. Raises GengaError if it has not so large ones."""
        if dtype == tensor.dtype:
            return tensor
        narrow = tensor.to(dtype)
        # What a parent says is infinite stays so.
        if not torch.equal(narrow.float().isfinite(), tensor.float().isfinite()):
            name = str(dtype).removeprefix("torch.")
            way_out = "set precision: float32, or bfloat16"
            raise self.fail(f"and what it is merged with come to numbers that {name} has not, in {key}; {way_out}")
        return narrow

    def fail(self, why: str) -> GengaError:
        return GengaError(f"params.yaml:{self.said}: {self.called} {why}")


def is_lora(entries: Mapping[str, Entry]) -> bool:
    return any(re.search(r"\.(lora_|hada_|lokr_|dora_)", key) for key in entries)


def source_of(path: Path, said: str, sha256: str) -> Source:
    """Return a checkpoint. Raises GengaError if it is none of a kind that can be merged."""
    entries, metadata = (_folder(path, said), {}) if path.is_dir() else read_file(path)
    entries = {sd.today(key): entry for key, entry in entries.items() if not key.startswith(_AVERAGES)}
    source = Source(str(path), said, sha256, entries, metadata)
    if is_lora(entries):
        raise source.fail("is a LoRA, where a checkpoint is wanted; bake it into one first (method bake_lora)")
    if scaled := next((key for key in sorted(entries) if key.endswith(_SCALES) or ".quant_state." in key), None):
        raise source.fail(f"is quantized: its numbers are to be scaled ({scaled}); take it in float16 or more")
    if any(key.startswith((prefix := anima.prefix_of(entries)) + anima.ADAPTER) for key in entries):
        named = {key: _in_anima(key, prefix) for key in entries}
        return Source(str(path), said, sha256, {named[key]: of for key, of in entries.items()}, metadata, "anima")
    for beginning, name in _OTHERS.items():
        if any(key.startswith(beginning) for key in entries):
            raise source.fail(f"is of {name}; {_CAN}")
    if not any(key.startswith(f"{UNET}input_blocks.") for key in entries):
        raise source.fail(f"is no checkpoint in the original layout (no {UNET}input_blocks…); {_CAN}")
    kind = "sdxl" if f"{UNET}label_emb.0.0.weight" in entries else "sd15"
    return Source(str(path), said, sha256, entries, metadata, kind)


def _in_anima(key: str, prefix: str) -> str:
    """A tensor's name as Anima is published; what is beside its network keeps its own."""
    return anima.WHOLE + key.removeprefix(prefix) if key.startswith(prefix) else key


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
    mine, theirs = (predicted(one.metadata) for one in (first, other))
    if V_PRED not in first.entries and mine.value and theirs.value and mine.value != theirs.value:
        said = f"{theirs.value} ({theirs.key}), and {mine.value} ({mine.key})"
        raise other.fail(f"and {first.called} predict differently: their headers say {said}; take two that are alike")
    for one, two in ((first, other), (other, first)):
        if key := next((key for key in sorted(one.entries) if is_weight(key, one) and key not in two.entries), None):
            raise other.fail(f"and {first.called} are not of one layout: {two.called} has no {key}")
    for key, entry in sorted(first.entries.items()):
        if is_weight(key, first) and entry.shape != (shape := other.entries[key].shape):
            raise other.fail(f"does not fit {first.called}: {key} is of {shape}, not {entry.shape}")


def prediction_of(source: Source) -> str:
    """Return what a checkpoint predicts: by its marker, else by its header, else noise."""
    return "v" if V_PRED in source.entries else predicted(source.metadata).value or "epsilon"


def is_weight(key: str, source: Source) -> bool:
    """Whether a tensor is of a network's weights, and merged."""
    if source.kind == "anima":
        of_network = key.startswith(anima.WHOLE) and not anima.is_buffer(key.removeprefix(anima.WHOLE))
    else:
        of_network = key.startswith(_NETWORKS) and not key.endswith(_BESIDE) and not key.startswith(_OF_TRAINING)
    return of_network and source.entries[key].dtype.is_floating_point


def _folder(path: Path, said: str) -> dict[str, Entry]:
    """The parts of a diffusers folder under their names in one file."""
    if (path / "transformer").is_dir():
        return anima.whole(*(_part(path, name, said) for name in ("transformer", "text_conditioner")))
    is_xl = (path / "text_encoder_2").is_dir()
    prefix = sd.CLIP["sdxl" if is_xl else "sd15"]
    places: dict[str, Callable[[Mapping[str, Entry]], Places]] = {
        "unet": sd.unet_places,
        "vae": sd.autoencoder_places,
        "text_encoder": lambda part: sd.clip_places(part, prefix),
        **({"text_encoder_2": lambda part: sd.open_clip_places(_weights(part), sd.OPEN_CLIP)} if is_xl else {}),
    }
    found: dict[str, Entry] = {}
    for name, places_of in places.items():
        part = _part(path, name, said)
        try:
            found |= _outside(part, places_of(part))
        except KeyError as error:
            why = f"has {error.args[0]}, which no SD 1.x or SDXL has"
            raise GengaError(f"params.yaml:{said}: {path / name} {why}") from error
        except ValueError as error:  # of no key there is a level to be read
            why = f"has {min(part)}, and no names of diffusers; write it as a folder again"
            raise GengaError(f"params.yaml:{said}: {path / name} {why}") from error
    return found | _markers(path, said)


def _part(path: Path, name: str, said: str) -> dict[str, Entry]:
    """The weights of one part: those in full precision where there are several files."""
    files = sorted((path / name).glob("*.safetensors"))
    plain = [file for file in files if "." not in file.stem] or files
    found = {key: entry for file in plain for key, entry in read_file(file)[0].items()}
    if not found:
        raise GengaError(f"params.yaml:{said}: {path} is no diffusers folder: {name}/ has no weights; pull it")
    return found


def _weights(part: Mapping[str, Entry]) -> list[str]:
    return [key for key in part if not key.endswith(_BESIDE)]


def _outside(part: Mapping[str, Entry], places: Places) -> dict[str, Entry]:
    """A part's tensors as a file has them, none of them read yet (`sd.outside` does so with tensors that are there)."""
    found: dict[str, Entry] = {}
    thirds: dict[str, dict[int, Entry]] = {}
    for name, (key, form) in places.items():
        entry = part[name]
        if isinstance(form, int):
            thirds.setdefault(key, {})[form] = entry
        elif form == "transposed":
            found[key] = Entry(entry.shape[::-1], entry.dtype, _transposed(entry))
        elif form == "convolution" and len(entry.shape) == 2:
            found[key] = Entry((*entry.shape, 1, 1), entry.dtype, _as_convolution(entry))
        else:
            found[key] = entry
    if short := [key for key, of in thirds.items() if len(of) < 3]:
        raise KeyError(f"a part of {short[0]} alone")
    return found | {key: _stacked([of[third] for third in range(3)]) for key, of in thirds.items()}


def _as_convolution(entry: Entry) -> Callable[[], torch.Tensor]:
    return lambda: entry.read()[:, :, None, None]


def _transposed(entry: Entry) -> Callable[[], torch.Tensor]:
    return lambda: entry.read().T.contiguous()


def _stacked(entries: list[Entry]) -> Entry:
    first = entries[0]
    shape = (sum(entry.shape[0] for entry in entries), *first.shape[1:])
    return Entry(shape, first.dtype, lambda: torch.cat([entry.read() for entry in entries]))


def _markers(path: Path, said: str) -> dict[str, Entry]:
    """What a folder says of its prediction in words, as one file says it."""
    file = path / "scheduler" / "scheduler_config.json"
    try:
        config = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        velocity, zero = config.get("prediction_type") == "v_prediction", config.get("rescale_betas_zero_snr")
    except (ValueError, AttributeError) as error:
        raise GengaError(f"params.yaml:{said}: {file} is no configuration; fetch it again") from error
    if other := sd.other_noise(config):
        raise GengaError(f"params.yaml:{said}: {file}: {other}; {_CAN}")
    there = (MARKERS if zero else MARKERS[:1]) if velocity else ()
    return {name: Entry((0,), torch.float32, lambda: torch.empty(0)) for name in there}
