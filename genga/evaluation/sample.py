"""Draw the same pictures with the base and with every checkpoint of a run, so that they can be compared.

Every (prompt, seed) starts from the same noise whatever the model, the batch and the number of pictures; the samplers
add none of their own. Which samplers there are, and their timesteps, is the base's family's to say. Weights in prompts
act (genga.evaluation.prompts); what the base does not see of a prompt is said on stderr.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import count as count_from
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch

from genga.errors import GengaError
from genga.evaluation.prompts import check_prompt, composed, first, literal, parts
from genga.images.codec import EXTENSION
from genga.images.codec import encode as encode_image
from genga.images.image import Image
from genga.jobs.script import progress
from genga.params.sample import Params
from genga.store.shards import ShardWriter
from genga.tables.sample import SAMPLE
from genga.training.applied import applied
from genga.training.checkpoints import verified
from genga.training.device import DTYPES, place
from genga.training.families.family import Conditions, LoadedBase, Size
from genga.training.rng import generator, normal
from genga.vocabulary.text import SEPARATOR, Part, fit, tokens


@dataclass(frozen=True)
class Task:
    """A picture to draw."""

    step: int
    prompt: int
    prompt_text: str
    seed: int


@dataclass(frozen=True)
class Prompt:
    """A prompt as it is drawn."""

    text: str  # as web interfaces read it
    parts: list[Part]  # what the base sees
    lost: str  # what it does not


def sample(
    loaded: LoadedBase, listed: Mapping[str, Any], shard: ShardWriter, params: Params, device: torch.device
) -> pl.DataFrame:
    """Write every picture to `shard`, with progress on stderr; return a row for each (SAMPLE).

    listed: the run's checkpoints.json. Raises GengaError for a checkpoint whose content is not what was recorded.
    """
    name, rows, windows = listed["run"], [], listed["windows"]
    tell_prompts(prompts_of(loaded, listed["trigger"], params, windows), params, name)
    files = [(checkpoint["step"], verified(checkpoint)) for checkpoint in listed["checkpoints"]]
    pictures = drawn(
        loaded, files, listed["trigger"], listed["clip_skip"], params, device, windows, listed["method"] == "full"
    )
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
    windows: int = 1,
    is_whole: bool = False,
) -> Iterator[tuple[Task, Image]]:
    """Yield every picture: first the base's (step 0), then each checkpoint's, in the order given.

    checkpoints: step and file of each; trigger: takes the place of {trigger} in the prompts; clip_skip, windows: those
    of training, windows of the encoder being as many as a prompt may fill; is_whole: whether checkpoints have all
    weights. Raises GengaError for a checkpoint of another base, and for a prompt or size that cannot be drawn.
    """
    family = loaded.family
    loaded.check_clip_skip(clip_skip)
    loaded.check_precision(params.precision, "sample")
    family.sampler(loaded.base, params.scheduler)  # refused before anything is drawn
    prompts = prompts_of(loaded, trigger, params, windows)
    for key, length in (("width", params.width), ("height", params.height)):
        if length % family.side:
            raise GengaError(f"params.yaml:sample.{key} must be a multiple of {family.side}, got {length}")
    for network in family.networks(loaded.base).values():
        place(network, device, params.precision)
    family.autoencoder(loaded.base).to(device)
    for step, file in [(0, None), *checkpoints]:
        with applied(loaded, file, is_whole):
            yield from _pictures(loaded, step, prompts, clip_skip, params, device)


def count(checkpoints: int, params: Params) -> int:
    """Return how many pictures `sample` yields for so many checkpoints."""
    return (1 + checkpoints) * len(params.prompts) * len(params.seeds)


def prompt_of(template: str, trigger: str) -> str:
    """Return the prompt with the trigger in it, to the letter; where there is none, nothing is left of its place."""
    return SEPARATOR.join(tokens(template.replace("{trigger}", literal(trigger))))


def prompts_of(loaded: LoadedBase, trigger: str, params: Params, windows: int = 1) -> list[Prompt]:
    """Return every prompt, and last the negative one, as the base sees it. Raises GengaError for what is not read."""
    found = []
    for number, template in enumerate(params.prompts):
        check_prompt(template, f"sample.prompts.{number}")
        found.append(_fitted(loaded, prompt_of(template, trigger), windows))
    check_prompt(params.negative, "sample.negative")
    return [*found, _fitted(loaded, params.negative, windows)]


def _fitted(loaded: LoadedBase, prompt: str, windows: int) -> Prompt:
    whole = parts(prompt)
    text = "".join(text for text, _ in whole)

    def is_cut(start: str) -> bool:
        return loaded.family.is_cut(loaded.base, [text for text, _ in first(whole, len(start))], windows)

    seen = fit(text, is_cut)
    if seen == text:
        return Prompt(prompt, whole, "")
    kept = first(whole, len(seen))
    return Prompt(composed(kept), kept, text[len(seen) :].lstrip(SEPARATOR))


def tell_prompts(prompts: Sequence[Prompt], params: Params, run: str) -> None:
    """Say on stderr which weights act, and what is not seen of which prompt."""
    names = [f"prompt {number}" for number in range(len(params.prompts))] + ["the negative prompt"]
    for name, prompt in zip(names, prompts, strict=True):
        weights = [f"{text.strip(SEPARATOR)!r} {weight:.3g}" for text, weight in prompt.parts if weight != 1]
        if weights:
            print(f"note: sample {run}: weights in {name}: {', '.join(weights)}", file=sys.stderr)
        if prompt.lost:
            print(f"note: sample {run}: {name} is too long, not seen of it: {prompt.lost}", file=sys.stderr)
    if params.guidance == 1 and params.negative:
        print(f"note: sample {run}: sample.guidance is 1: the negative prompt has no effect", file=sys.stderr)


def start_noise(template: str, seed: int, shape: tuple[int, int, int]) -> torch.Tensor:
    """Return the noise a picture starts from, float32 of a latent's shape: of prompt and seed alone."""
    return normal(shape, generator("sample", template, seed))


@torch.no_grad()
def _pictures(
    loaded: LoadedBase, step: int, prompts: Sequence[Prompt], clip_skip: int, params: Params, device: torch.device
) -> Iterator[tuple[Task, Image]]:
    """prompts: the negative one last."""
    family, base = loaded.family, loaded.base
    filled = _filled(loaded, prompts)
    *encoded, negative = [family.encode_parts(base, prompt.parts, clip_skip, filled) for prompt in prompts]
    shape = family.latent_shape(base, params.width, params.height)
    pairs = product(range(len(encoded)), params.seeds)
    tasks = [Task(step, prompt, prompts[prompt].text, seed) for prompt, seed in pairs]
    for start in range(0, len(tasks), params.batch):
        part = tasks[start : start + params.batch]
        noise = torch.stack([start_noise(params.prompts[task.prompt], task.seed, shape) for task in part])
        wanted, unwanted = [encoded[task.prompt] for task in part], [negative] * len(part)
        latents = _denoise(loaded, noise.to(device, DTYPES[params.precision]), wanted, unwanted, params)
        pixels = family.decode(base, latents)
        for task, one in zip(part, pixels, strict=True):
            if not one.isfinite().all():
                raise GengaError(_no_picture(task, params))
        yield from zip(part, _images(pixels), strict=True)


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
    picture = (params.width, params.height)
    sizes = [Size(original=picture, corner=(0, 0), target=picture)] * len(conditions[0])
    for timestep in scheduler.timesteps:
        seen = torch.cat([latents, latents]) if guided else latents
        noisy = scheduler.scale_model_input(seen, timestep)
        predicted = loaded.family.predict(loaded.base, noisy, timestep, conditions, sizes)
        if guided:
            away, towards = predicted.chunk(2)
            predicted = away + params.guidance * (towards - away)
        latents = scheduler.step(predicted, timestep, latents).prev_sample
    return latents


def _no_picture(task: Task, params: Params) -> str:
    """The error of a picture that is not a number, and the way out."""
    whose = f"step {task.step}" if task.step else "the base"
    way = "lower train.learning_rate" if task.step else "verify it (genga models verify)"
    way = way if params.precision == "float32" else "set sample.precision to float32"
    return f"prompt {task.prompt}, seed {task.seed} by {whose}: the picture is not a number (NaN); {way}"


def _filled(loaded: LoadedBase, prompts: Sequence[Prompt]) -> int:
    """How many windows of the encoder the longest prompt fills: all have as many, as in web UIs."""
    texts = [[text for text, _ in prompt.parts] for prompt in prompts]
    return next(n for n in count_from(1) if not any(loaded.family.is_cut(loaded.base, text, n) for text in texts))


def _joined(conditions: list[Conditions]) -> Conditions:
    return tuple(torch.cat(each) for each in zip(*conditions, strict=True))


def _images(pixels: torch.Tensor) -> list[Image]:
    bytes_ = ((pixels.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    return [np.ascontiguousarray(image) for image in bytes_]
