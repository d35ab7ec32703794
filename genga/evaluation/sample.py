"""Draw the same pictures with the base and with every checkpoint of a run, so that they can be compared.

Every (prompt, seed) starts from the same noise whatever the model, the batch and the number of pictures; the samplers
add none of their own: DDIM (Song et al. 2020, eta 0) or DPM-Solver++ 2M (Lu et al. 2022). Timesteps are spaced from
the noisiest one on ("trailing", Lin et al. 2023), which few steps need.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler

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
from genga.training.families.sd15 import VAE_SCALE, Base, encode, place
from genga.training.rng import generator, normal


@dataclass(frozen=True)
class Task:
    """A picture to draw."""

    step: int
    prompt: int
    prompt_text: str
    seed: int


def sample(base: Base, listed: Mapping[str, Any], shard: ShardWriter, params: Params) -> pl.DataFrame:
    """Write every picture to `shard`, with progress on stderr; return a row for each (SAMPLE).

    listed: the run's checkpoints.json. Raises GengaError for a checkpoint whose content is not what was recorded.
    """
    name, rows = listed["run"], []
    files = [(checkpoint["step"], verified(checkpoint)) for checkpoint in listed["checkpoints"]]
    pictures = drawn(base, files, listed["trigger"], listed["clip_skip"], params)
    for task, image in progress(pictures, count(len(files), params), f"sample {name}", "pictures"):
        called = f"{task.step:06d}-{task.prompt}-{task.seed}"
        place = shard.add(called + EXTENSION, encode_image(image))
        size = {"width": params.width, "height": params.height}
        rows.append({"sample": f"{name}/{called}", **asdict(task), **place, **size})
    return pl.DataFrame(rows, schema=dict(SAMPLE))


def drawn(
    base: Base, checkpoints: Sequence[tuple[int, Path]], trigger: str, clip_skip: int, params: Params
) -> Iterator[tuple[Task, Image]]:
    """Yield every picture: first the base's (step 0), then each checkpoint's, in the order given.

    checkpoints: step and file of each; trigger: takes the place of {trigger} in the prompts; clip_skip: the one of
    training. The base's parts must be on one device. Raises GengaError for a checkpoint of another base.
    """
    for key in ("width", "height"):
        if getattr(params, key) % VAE_SCALE:
            raise GengaError(f"params.yaml:sample.{key} must be a multiple of {VAE_SCALE}, got {getattr(params, key)}")
    for part in (base.unet, base.text_encoder):
        place(part, part.device, params.precision)
    modules = lora_file.modules_by_name(base.unet, base.text_encoder)
    for step, file in [(0, None), *checkpoints]:
        with lora_file.merged(modules, lora_file.read(file) if file else {}):
            yield from _pictures(base, step, trigger, clip_skip, params)


def count(checkpoints: int, params: Params) -> int:
    """Return how many pictures `sample` yields for so many checkpoints."""
    return (1 + checkpoints) * len(params.prompts) * len(params.seeds)


def prompt_of(template: str, trigger: str) -> str:
    """Return the prompt with the trigger in it; where there is none, nothing is left of its place."""
    return SEPARATOR.join(tokens(template.replace("{trigger}", trigger)))


def start_noise(template: str, seed: int, channels: int, params: Params) -> torch.Tensor:
    """Return the noise a picture starts from, float32 (channels, height / 8, width / 8): of prompt and seed alone."""
    shape = (channels, params.height // VAE_SCALE, params.width // VAE_SCALE)
    return normal(shape, generator("sample", template, seed))


@torch.no_grad()
def _pictures(base: Base, step: int, trigger: str, clip_skip: int, params: Params) -> Iterator[tuple[Task, Image]]:
    texts = [prompt_of(template, trigger) for template in params.prompts]
    encoded = {text: encode(base, [text], clip_skip)[0] for text in [*texts, params.negative]}
    channels = base.unet.config.in_channels
    tasks = [Task(step, prompt, texts[prompt], seed) for prompt, seed in product(range(len(texts)), params.seeds)]
    for start in range(0, len(tasks), params.batch):
        part = tasks[start : start + params.batch]
        noise = torch.stack([start_noise(params.prompts[task.prompt], task.seed, channels, params) for task in part])
        wanted = torch.stack([encoded[task.prompt_text] for task in part])
        unwanted = encoded[params.negative].expand_as(wanted)
        latents = _denoise(base, noise.to(base.unet.device, base.unet.dtype), wanted, unwanted, params)
        yield from zip(part, _decode(base, latents), strict=True)


def _denoise(
    base: Base, noise: torch.Tensor, wanted: torch.Tensor, unwanted: torch.Tensor, params: Params
) -> torch.Tensor:
    """The latents that noise becomes under classifier-free guidance (Ho and Salimans 2022)."""
    scheduler = _scheduler(base, params.scheduler)
    scheduler.set_timesteps(params.steps, device=noise.device)
    latents = noise * scheduler.init_noise_sigma
    guided = params.guidance > 1
    text = torch.cat([unwanted, wanted]) if guided else wanted
    for timestep in scheduler.timesteps:
        seen = torch.cat([latents, latents]) if guided else latents
        predicted = base.unet(scheduler.scale_model_input(seen, timestep), timestep, text).sample
        if guided:
            away, towards = predicted.chunk(2)
            predicted = away + params.guidance * (towards - away)
        latents = scheduler.step(predicted, timestep, latents).prev_sample
    return latents


def _decode(base: Base, latents: torch.Tensor) -> list[Image]:
    """The pictures of latents, by the VAE in float32: half precision overflows in some published ones."""
    pixels = base.vae.decode(latents.float() / base.vae.config.scaling_factor).sample
    bytes_ = ((pixels.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    return [np.ascontiguousarray(image) for image in bytes_]


def _scheduler(base: Base, name: str) -> Any:
    # Latents are not limited to -1..1, whatever the scheduler that was saved with the base says.
    if name == "ddim":
        return DDIMScheduler.from_config(base.schedule, timestep_spacing="trailing", clip_sample=False)
    return DPMSolverMultistepScheduler.from_config(
        base.schedule, timestep_spacing="trailing", algorithm_type="dpmsolver++", solver_order=2
    )
