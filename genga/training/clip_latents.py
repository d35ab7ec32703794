"""Latents of clips by content: each distinct frame is encoded once, as an image is (genga.training.latents).

A held drawing, which is one frame named several times, is the same latent each time. An autoencoder that takes frames
together keeps the clip's.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch

from genga.images.image import Image
from genga.jobs.script import progress
from genga.training.clips import Read
from genga.training.device import state_sha256
from genga.training.distributed import Processes
from genga.training.examples import Example
from genga.training.families.family import LoadedBase
from genga.training.latents import LatentCache, LatentOf
from genga.training.plan import Look
from genga.training.rng import digest
from genga.training.transforms import Cut, bucketed, to_tensor

_Seen = tuple[str, Cut, tuple[int, ...], bool]  # what latents go by: example, cut, frames, mirrored


def cached_latents(
    examples: list[Example],
    read: Read,
    loaded: LoadedBase,
    flip: bool,
    cache: str | Path,
    device: torch.device,
    together: Processes = Processes(),
    enlarge: str = "opencv",
) -> LatentOf:
    """Encode every frame that is not in the cache yet; return the function from a look to its latent.

    That is (channels, frames, height, width). See genga.training.latents.cached_latents; each process decodes all clips
    to know their keys, and encodes its part.
    """
    autoencoder = loaded.family.autoencoder(loaded.base).to(device)
    kept = LatentCache(cache, loaded.family, loaded.base, state_sha256(autoencoder), enlarge)
    known: dict[_Seen, tuple[str, ...]] = {}
    noted: list[tuple[Example, str]] = []
    try:
        for example in progress(examples, len(examples), "train: latents", "clips"):
            for flipped in (False, True) if flip else (False,):
                keys = (_clip if loaded.family.encode_clip else _frames)(kept, example, read, loaded, flipped, together)
                known[_seen(example, flipped)] = keys
                noted += [(example, key) for key in keys]
    finally:
        if together.is_first:
            kept.note(noted)
    autoencoder.to("cpu")
    together.wait()

    def latent_of(look: Look, noise: torch.Tensor) -> torch.Tensor:
        keys = known[_seen(look.example, look.flipped)]
        if loaded.family.encode_clip:
            return kept.draw(keys[0], noise)
        drawn = {key: kept.draw(key, noise[:, keys.index(key)]) for key in dict.fromkeys(keys)}
        return torch.stack([drawn[key] for key in keys], dim=1)

    return latent_of


def _seen(example: Example, flipped: bool) -> _Seen:
    return example.image, example.cut, example.frames, flipped


def _frames(
    kept: LatentCache, example: Example, read: Read, loaded: LoadedBase, flipped: bool, together: Processes
) -> tuple[str, ...]:
    """Encode an example frame by frame, none of them in memory beside another; return the key of each."""
    keys: dict[int, str] = {}
    for number, image in read(example):
        # An image's is on record with it; so families that share an autoencoder share its latents.
        content = _content(image) if example.moves else example.file[-1]
        keys[number] = key = kept.key(content, example.cut, flipped)
        if together.owns(key):
            called = f"base {loaded.name}: frame {number} of {example.image}"
            kept.fill(key, lambda image=image: image, example.cut, flipped, called)  # type: ignore[misc]
    return tuple(keys[number] for number in example.frames) if example.moves else tuple(keys.values())


def _clip(
    kept: LatentCache, example: Example, read: Read, loaded: LoadedBase, flipped: bool, together: Processes
) -> tuple[str]:
    """Encode an example's frames together; return the key of them all. They are in memory as they are cut."""
    images, contents = {}, {}
    for number, image in read(example):
        contents[number] = _content(image)
        images[number] = bucketed(image, example.cut, kept.enlarge)
    order = example.frames or tuple(images)
    key = kept.key(digest("clip", *(contents[number] for number in order)).hex(), example.cut, flipped)
    if together.owns(key):
        kept.fill_clip(key, lambda: _stacked(images, order, flipped), f"base {loaded.name}: clip {example.image}")
    return (key,)


def _stacked(images: Mapping[int, Image], order: Iterable[int], flipped: bool) -> torch.Tensor:
    """Pixels of frames, (1, 3, frames, height, width)."""
    return torch.stack([to_tensor(one[:, ::-1] if flipped else one) for one in map(images.__getitem__, order)], dim=2)


def _content(image: Image) -> str:
    height, width = image.shape[:2]
    return hashlib.sha256(f"{width}x{height}".encode() + np.ascontiguousarray(image).tobytes()).hexdigest()
