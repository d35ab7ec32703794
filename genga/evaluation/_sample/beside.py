"""What is put beside a checkpoint while clips are drawn with it: other LoRAs, and the scale of motion."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch

from genga.errors import GengaError
from genga.evaluation.denoising import window_of
from genga.params.sample import Clips, Lora, Params
from genga.store.files import sha256_of
from genga.training import lora_file, tensor_file
from genga.training.applied import modules_by_name, of_expert
from genga.training.families.family import LoadedBase


def check_clips(loaded: LoadedBase, params: Params, taught: int | None) -> None:
    """Make the base ready for as many frames as it is to see at once. taught: frames of the longest look of training.

    Raises GengaError for what it cannot have: too many frames, a scale of motion, or clips at all.
    """
    family, clips, of = loaded.family, params.clips, f"a base of family {loaded.kind} ({loaded.name})"
    if not family.moving:
        if clips != Clips():
            raise GengaError(f"params.yaml:sample.clips: {of} draws pictures that do not move; set it to {{}}")
        return
    if taught is not None:
        family.take_frames(loaded.base, taught, True)
    seen = window_of(loaded, clips)
    if (most := family.most_frames(loaded.base)) is not None and seen > most:
        raise GengaError(
            f"params.yaml:sample.clips.window: {of} has positions for {most} frames, not for {seen} at once; set it to"
            f" {most} or less"
        )
    if clips.motion != 1 and family.keys_over_time is None:
        raise GengaError(f"params.yaml:sample.clips.motion: {of} has no layers of motion alone; set it to 1")
    if clips.format in ("mp4", "webm") and (params.width % 2 or params.height % 2):
        raise GengaError(f"params.yaml:sample: a {clips.format} has even sides, got {params.width}x{params.height}")
    try:
        for frames in sorted({clips.frames, seen} if family.encode_clip else {seen}):
            family.take_frames(loaded.base, frames, False)
    except GengaError as error:
        said = str(error).removeprefix("params.yaml:train.clips: ").partition(";")[0]
        raise GengaError(f"params.yaml:sample.clips: {said}; set frames, and window, to such a number") from error


def check_guidance(loaded: LoadedBase, params: Params) -> None:
    """Raise GengaError for a guidance at little noise of its own, where one network sees all noise."""
    if params.guidance_low_noise is not None and not _experts(loaded):
        raise GengaError(
            f"params.yaml:sample.guidance_low_noise: one network of base {loaded.name} sees all noise; set it to null"
        )


def _experts(loaded: LoadedBase) -> tuple[str, ...]:
    return loaded.family.experts.names(loaded.base) if loaded.family.experts is not None else ()


def loras_beside(loaded: LoadedBase, loras: Sequence[Lora], stack: ExitStack) -> None:
    """Add LoRAs to the base's weights for as long as `stack` is open.

    Raises GengaError that names the file for one that is missing, another than was named, or of another family.
    """
    for number, lora in enumerate(loras):
        key, file = f"params.yaml:sample.loras.{number}", Path(lora.file)
        if not file.is_file():
            raise GengaError(f"{key}: {file} is not here; put it there, or take the entry away")
        if (sha256 := sha256_of(file)) != lora.sha256:
            raise GengaError(
                f"{key}: {file} has sha256 {sha256}, not {lora.sha256[:12]}…; write that of the file you mean"
            )
        tensors = tensor_file.read(file)
        modules = modules_by_name(of_expert(loaded, _expert(key, lora, loaded)))
        own = loaded.family.lora_keys
        is_own = any(name.endswith(own.down) for name in tensors)
        try:
            stack.enter_context(lora_file.merged(modules, tensors, own if is_own else lora_file.KOHYA, lora.weight))
        except GengaError as error:
            raise GengaError(f"{key}: {file}: {error} (base {loaded.name}, family {loaded.kind})") from error


def _expert(key: str, lora: Lora, loaded: LoadedBase) -> str | None:
    """Of which of the base's networks a LoRA is, where there are two: its tensors do not say it."""
    known, said = _experts(loaded), tensor_file.read_metadata(lora.file).get("ss_expert")
    if not known and lora.expert is not None:
        raise GengaError(f"{key}.expert: one network of base {loaded.name} sees all noise; set it to null")
    if known and (lora.expert or said) not in known:
        raise GengaError(f"{key}.expert: {lora.file} does not say which it is of; set it to {' or '.join(known)}")
    if known and lora.expert and said and lora.expert != said:
        raise GengaError(f"{key}.expert: {lora.file} is of {said}, as its header says; set it to that, or to null")
    return (lora.expert or said) if known else None


@contextmanager
def scaled_over_time(loaded: LoadedBase, scale: float) -> Iterator[None]:
    """Within the block keys of attention over time are `scale` times what they are, as AnimateDiff-Evolved has it."""
    find = loaded.family.keys_over_time
    weights = [] if scale == 1 or find is None else [one for layer in find(loaded.base) for one in layer.parameters()]
    before = [weight.detach().clone() for weight in weights]
    _put(weights, [weight * scale for weight in before])
    try:
        yield
    finally:
        _put(weights, before)


@torch.no_grad()
def _put(weights: Sequence[torch.Tensor], values: Sequence[torch.Tensor]) -> None:
    for weight, value in zip(weights, values, strict=True):
        weight.copy_(value)
