"""From noise to latents, under classifier-free guidance; clips longer than a base sees at once in windows.

Windows are those that AnimateDiff-Evolved calls uniform standard, of stride 1: they begin elsewhere at each step of the
sampler, so that no seam stays where it is; those that would reach beyond an end are moved to it. What the base says of
a frame in several of them is averaged.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch

from genga.evaluation.prompts_seen import Prompt
from genga.params.sample import DEFAULT_WINDOW, Clips, Params
from genga.training.families.family import Conditions, LoadedBase, Size


def window_of(loaded: LoadedBase, clips: Clips) -> int:
    """Return how many frames the base sees at once."""
    most = DEFAULT_WINDOW if loaded.family.most_frames(loaded.base) is not None else clips.frames
    return min(clips.frames, clips.window or most)


def windows_of(frames: int, length: int, overlap: int, step: int) -> list[range]:
    """Return the frames of each window at a sampler's step, 0..: all frames are in one at least."""
    if frames <= length:
        return [range(frames)]
    hop = length - overlap
    start = round(hop * halved(step)) - hop  # before the first frame, from the second step on
    starts = [max(0, min(one, frames - length)) for one in range(start, frames, hop)]
    return [range(one, one + length) for one in sorted({0, *starts})]


def halved(step: int) -> float:
    """Return a share for each step, 0, 1/2, 1/4, 3/4, 1/8, …: far from those just before (van der Corput 1935)."""
    return sum(2.0 ** -(place + 1) for place in range(step.bit_length()) if step >> place & 1)


def encoded(loaded: LoadedBase, prompt: Prompt, clip_skip: int, filled: int, frames: int) -> Conditions:
    """Return what a prompt says to the network, each (1, ...), or of prompts by frame (frames, ...).

    Between two frames that have prompts what the encoders make of them goes over evenly.
    """
    said = [loaded.family.encode_parts(loaded.base, one.parts, clip_skip, filled) for _, one in prompt.by_frame]
    if not prompt.later:
        return said[0]
    marks = [frame for frame, _ in prompt.by_frame]
    return tuple(
        torch.cat([_between(marks, each, frame) for frame in range(frames)]) for each in zip(*said, strict=True)
    )


def _between(marks: Sequence[int], said: Sequence[torch.Tensor], frame: int) -> torch.Tensor:
    for place, (start, end) in enumerate(pairwise(marks)):
        if start <= frame < end:
            return torch.lerp(said[place], said[place + 1], (frame - start) / (end - start))
    return said[-1]


def joined(conditions: Sequence[Conditions], frames: int) -> Conditions:
    """Return conditions of several looks as one: of each frame, looks one after another, where a prompt has frames."""
    if all(len(each) == 1 for of in conditions for each in of):
        return tuple(torch.cat(each) for each in zip(*conditions, strict=True))
    every = [tuple(each if len(each) == frames else each.expand(frames, *each.shape[1:]) for each in of)
             for of in conditions]  # fmt: skip
    return tuple(torch.cat(each) for each in zip(*every, strict=True))


def denoised(
    loaded: LoadedBase, noise: torch.Tensor, wanted: list[Conditions], unwanted: list[Conditions], params: Params
) -> torch.Tensor:
    """Return the latents that noise becomes under classifier-free guidance (Ho and Salimans 2022)."""
    scheduler = loaded.family.sampler(loaded.base, params.scheduler)
    scheduler.set_timesteps(params.steps, device=noise.device)
    latents = noise * scheduler.init_noise_sigma
    guided = max(params.guidance, params.guidance_low_noise or 1) > 1
    conditions = [*unwanted, *wanted] if guided else wanted
    picture = (params.width, params.height)
    sizes = [Size(original=picture, corner=(0, 0), target=picture)] * len(conditions)
    for step, timestep in enumerate(scheduler.timesteps):
        seen = torch.cat([latents, latents]) if guided else latents
        noisy = scheduler.scale_model_input(seen, timestep)
        predicted = _predicted(loaded, noisy, timestep, conditions, sizes, params.clips, step)
        if guided:
            away, towards = predicted.chunk(2)
            predicted = away + _guidance(loaded, timestep, params) * (towards - away)
        latents = scheduler.step(predicted, timestep, latents).prev_sample
    return latents


def _guidance(loaded: LoadedBase, timestep: Any, params: Params) -> float:
    """What holds at a timestep: of a base of two networks the second, that of little noise, may have its own."""
    own, experts = params.guidance_low_noise, loaded.family.experts
    if own is None or experts is None or not experts.has_little_noise(loaded.base, timestep):
        return params.guidance
    return own


def _predicted(
    loaded: LoadedBase, noisy: torch.Tensor, timestep: Any, conditions: Sequence[Conditions], sizes: Sequence[Size],
    clips: Clips, step: int,
) -> torch.Tensor:  # fmt: skip
    family = loaded.family
    if not family.moving:
        return family.predict(loaded.base, noisy, timestep, joined(conditions, 1), sizes)
    seen = window_of(loaded, clips)
    frames, length = noisy.shape[2], family.latent_frames(seen)
    overlap = max(1, clips.overlap * length // seen)
    windows = windows_of(frames, length, min(overlap, length - 1), step)
    total, times = torch.zeros_like(noisy), noisy.new_zeros(frames)
    for window in windows:
        own = slice(window.start, window.stop)
        of = [tuple(each if len(each) == 1 else each[own] for each in one) for one in conditions]
        said = family.predict(loaded.base, noisy[:, :, own], timestep, joined(of, len(window)), sizes)
        if len(windows) == 1:
            return said
        total[:, :, own] += said
        times[own] += 1
    return total / times[None, None, :, None, None]
