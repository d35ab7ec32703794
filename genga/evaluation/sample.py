"""Draw the same pictures with the base and with every checkpoint of a run, so that they can be compared.

Every (prompt, seed) starts from the same noise whatever the model, the batch and the number of pictures; the samplers
add none of their own. Which samplers there are, and their timesteps, is the base's family's to say.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch

from genga.errors import GengaError
from genga.images.codec import EXTENSION
from genga.images.codec import encode as encode_image
from genga.images.image import Image
from genga.jobs.progress import progress
from genga.params.sample import Params
from genga.store.shards import ShardWriter
from genga.tables.sample import SAMPLE
from genga.training import lora_file
from genga.training.captions import SEPARATOR, tokens
from genga.training.checkpoints import verified
from genga.training.device import DTYPES, place
from genga.training.families.family import Conditions, LoadedBase
from genga.training.rng import generator, normal


@dataclass(frozen=True)
class Task:
    """A picture to draw."""

    step: int
    prompt: int
    prompt_text: str
    seed: int


def sample(
    loaded: LoadedBase, listed: Mapping[str, Any], shard: ShardWriter, params: Params, device: torch.device
) -> pl.DataFrame:
    """Write every picture to `shard`, with progress on stderr; return a row for each (SAMPLE).

    listed: the run's checkpoints.json. Raises GengaError for a checkpoint whose content is not what was recorded.
    """
    name, rows = listed["run"], []
    files = [(checkpoint["step"], verified(checkpoint)) for checkpoint in listed["checkpoints"]]
    pictures = drawn(loaded, files, listed["trigger"], listed["clip_skip"], params, device)
    for task, image in progress(pictures, count(len(files), params), f"sample {name}", "pictures"):
        called = f"{task.step:06d}-{task.prompt}-{task.seed}"
        place = shard.add(called + EXTENSION, encode_image(image))
        size = {"width": params.width, "height": params.height}
        rows.append({"sample": f"{name}/{called}", **asdict(task), **place, **size})
    return pl.DataFrame(rows, schema=dict(SAMPLE))


def drawn(
    loaded: LoadedBase,
    checkpoints: Sequence[tuple[int, Path]],
    trigger: str,
    clip_skip: int,
    params: Params,
    device: torch.device,
) -> Iterator[tuple[Task, Image]]:
    """Yield every picture: first the base's (step 0), then each checkpoint's, in the order given.

    checkpoints: step and file of each; trigger: takes the place of {trigger} in the prompts; clip_skip: the one of
    training. Raises GengaError for a checkpoint of another base.
    """
    family = loaded.family
    for key, length in (("width", params.width), ("height", params.height)):
        if length % family.side:
            raise GengaError(f"params.yaml:sample.{key} must be a multiple of {family.side}, got {length}")
    for network in family.networks(loaded.base).values():
        place(network, device, params.precision)
    family.autoencoder(loaded.base).to(device)
    modules = lora_file.modules_by_name(loaded)
    for step, file in [(0, None), *checkpoints]:
        with lora_file.merged(modules, lora_file.read(file) if file else {}):
            yield from _pictures(loaded, step, trigger, clip_skip, params, device)


def count(checkpoints: int, params: Params) -> int:
    """Return how many pictures `sample` yields for so many checkpoints."""
    return (1 + checkpoints) * len(params.prompts) * len(params.seeds)


def prompt_of(template: str, trigger: str) -> str:
    """Return the prompt with the trigger in it; where there is none, nothing is left of its place."""
    return SEPARATOR.join(tokens(template.replace("{trigger}", trigger)))


def start_noise(template: str, seed: int, shape: tuple[int, int, int]) -> torch.Tensor:
    """Return the noise a picture starts from, float32 of a latent's shape: of prompt and seed alone."""
    return normal(shape, generator("sample", template, seed))


@torch.no_grad()
def _pictures(
    loaded: LoadedBase, step: int, trigger: str, clip_skip: int, params: Params, device: torch.device
) -> Iterator[tuple[Task, Image]]:
    family, base = loaded.family, loaded.base
    texts = [prompt_of(template, trigger) for template in params.prompts]
    encoded = {text: family.encode(base, [text], clip_skip) for text in [*texts, params.negative]}
    shape = family.latent_shape(base, params.width, params.height)
    tasks = [Task(step, prompt, texts[prompt], seed) for prompt, seed in product(range(len(texts)), params.seeds)]
    for start in range(0, len(tasks), params.batch):
        part = tasks[start : start + params.batch]
        noise = torch.stack([start_noise(params.prompts[task.prompt], task.seed, shape) for task in part])
        wanted = [encoded[task.prompt_text] for task in part]
        unwanted = [encoded[params.negative]] * len(part)
        latents = _denoise(loaded, noise.to(device, DTYPES[params.precision]), wanted, unwanted, params)
        yield from zip(part, _images(family.decode(base, latents)), strict=True)


def _denoise(
    loaded: LoadedBase,
    noise: torch.Tensor,
    wanted: list[Conditions],
    unwanted: list[Conditions],
    params: Params,
) -> torch.Tensor:
    """The latents that noise becomes under classifier-free guidance (Ho and Salimans 2022)."""
    scheduler = loaded.family.sampler(loaded.base, params.scheduler)
    scheduler.set_timesteps(params.steps, device=noise.device)
    latents = noise * scheduler.init_noise_sigma
    guided = params.guidance > 1
    conditions = _joined([*unwanted, *wanted] if guided else wanted)
    for timestep in scheduler.timesteps:
        seen = torch.cat([latents, latents]) if guided else latents
        noisy = scheduler.scale_model_input(seen, timestep)
        predicted = loaded.family.predict(loaded.base, noisy, timestep, conditions)
        if guided:
            away, towards = predicted.chunk(2)
            predicted = away + params.guidance * (towards - away)
        latents = scheduler.step(predicted, timestep, latents).prev_sample
    return latents


def _joined(conditions: list[Conditions]) -> Conditions:
    return tuple(torch.cat(each) for each in zip(*conditions, strict=True))


def _images(pixels: torch.Tensor) -> list[Image]:
    bytes_ = ((pixels.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    return [np.ascontiguousarray(image) for image in bytes_]
