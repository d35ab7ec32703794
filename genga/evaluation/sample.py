"""Draw the same pictures, or clips, with the base and with every checkpoint of a run, so that they can be compared.

Every (prompt, seed) starts from the same noise whatever the model, the batch and the number of pictures; the samplers
add none of their own. Which samplers there are, and their timesteps, is the base's family's to say. Weights in prompts
act (genga.evaluation.prompts); what the base does not see of a prompt is said on stderr. A base that moves draws clips.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch

from genga.errors import GengaError
from genga.evaluation._sample.beside import check_clips, check_guidance, loras_beside, scaled_over_time
from genga.evaluation.denoising import denoised, encoded
from genga.evaluation.prompts_seen import Prompt, filled, prompts_of, tell_prompts, templates
from genga.images.codec import EXTENSION
from genga.images.codec import encode as encode_image
from genga.images.image import Image
from genga.jobs.script import progress
from genga.models.registry import Registry
from genga.params.sample import Params
from genga.store.shards import ShardWriter
from genga.tables.sample import SAMPLE
from genga.training.applied import applied, of_expert
from genga.training.checkpoints import verified
from genga.training.device import DTYPES, place
from genga.training.families.family import LoadedBase
from genga.training.rng import generator, normal
from genga.video.interpolation import Between, by_ffmpeg, interpolated
from genga.video.writing import as_video


@dataclass(frozen=True)
class Task:
    """A picture, or a clip, to draw."""

    step: int
    prompt: int
    prompt_text: str
    seed: int


def sample(
    loaded: LoadedBase, listed: Mapping[str, Any], shard: ShardWriter, params: Params, device: torch.device,
    style: str = "", models: Registry | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Write every picture, or clip, to `shard`, with progress on stderr; return a row for each (SAMPLE).

    listed: the run's checkpoints.json; style: params.yaml:clipset.style, of a base that moves; models: that one may be
    asked of to draw between frames. Raises GengaError for a checkpoint whose content is not what was recorded.
    """
    between = _between(loaded, params, models)
    name, rows, windows = listed["run"], [], listed["windows"]
    style = style if params.clips.compare_style and loaded.family.moving else ""
    prompts = prompts_of(loaded, listed["trigger"], params, windows, style)
    tell_prompts(prompts, params, name)
    files = [(checkpoint["step"], verified(checkpoint)) for checkpoint in listed["checkpoints"]]
    pictures = drawn(
        loaded, files, listed["trigger"], listed["clip_skip"], params, device, windows, listed["method"] == "full",
        listed.get("frames"), style, listed.get("expert"),
    )  # fmt: skip
    many = (1 + len(files)) * (len(prompts) - 1) * len(params.seeds)
    for task, image in progress(pictures, many, f"sample {name}", loaded.family.draws):
        called = f"{task.step:06d}-{task.prompt}-{task.seed}"
        data, ending, moves = _written(image, params, f"sample {name}/{called}", prompts[task.prompt], between)
        place = shard.add(called + ending, data)
        size = {"width": params.width, "height": params.height}
        unstyled = task.prompt + len(params.prompts) if style and task.prompt < len(params.prompts) else None
        rows.append({"sample": f"{name}/{called}", **asdict(task), "unstyled": unstyled, **place, **size, **moves})
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
    taught: int | None = None,
    style: str = "",
    expert: str | None = None,
) -> Iterator[tuple[Task, Any]]:
    """Yield every picture: first the base's (step 0), then each checkpoint's, in the order given.

    A picture is an Image, a clip a list of them. checkpoints: step and file of each; trigger: takes the place of
    {trigger} in the prompts; clip_skip, windows: those of training, windows of the encoder being as many as a prompt
    may fill; is_whole: whether checkpoints have all weights; taught: frames of the longest look of training; style: see
    prompts_of; expert: of a base of two the network that checkpoints change. Raises GengaError for a checkpoint of
    another base, and for a prompt or size that cannot be drawn.
    """
    family = loaded.family
    loaded.check_clip_skip(clip_skip)
    loaded.check_precision(params.precision, "sample")
    family.sampler(loaded.base, params.scheduler)  # refused before anything is drawn
    check_clips(loaded, params, taught)
    check_guidance(loaded, params)
    prompts = prompts_of(loaded, trigger, params, windows, style)
    for key, length in (("width", params.width), ("height", params.height)):
        if length % family.side:
            raise GengaError(f"params.yaml:sample.{key} must be a multiple of {family.side}, got {length}")
    for network in family.networks(loaded.base).values():
        place(network, device, params.precision)
    family.autoencoder(loaded.base).to(device)
    changed = of_expert(loaded, expert)
    for step, file in [(0, None), *checkpoints]:
        with ExitStack() as stack:
            stack.enter_context(applied(changed, file, is_whole))
            loras_beside(loaded, params.loras, stack)
            stack.enter_context(scaled_over_time(loaded, params.clips.motion))
            yield from _pictures(loaded, step, prompts, clip_skip, params, device)


def count(checkpoints: int, params: Params) -> int:
    """Return how many pictures `sample` yields for so many checkpoints."""
    return (1 + checkpoints) * len(params.prompts) * len(params.seeds)


def start_noise(template: str, seed: int, shape: tuple[int, ...]) -> torch.Tensor:
    """Return the noise a picture starts from, float32 of a latent's shape: of prompt and seed alone."""
    return normal(shape, generator("sample", template, seed))


@torch.no_grad()
def _pictures(
    loaded: LoadedBase, step: int, prompts: Sequence[Prompt], clip_skip: int, params: Params, device: torch.device
) -> Iterator[tuple[Task, Any]]:
    """prompts: the negative one last."""
    family, base, frames = loaded.family, loaded.base, params.clips.frames
    windows, noises = filled(loaded, prompts), [template.noise for template in templates(params)]
    *said, negative = [encoded(loaded, prompt, clip_skip, windows, frames) for prompt in prompts]
    shape = loaded.latent_shape(params.width, params.height, frames)
    pairs = product(range(len(said)), params.seeds)
    tasks = [Task(step, prompt, prompts[prompt].text, seed) for prompt, seed in pairs]
    for start in range(0, len(tasks), params.batch):
        part = tasks[start : start + params.batch]
        noise = torch.stack([start_noise(noises[task.prompt % len(noises)], task.seed, shape) for task in part])
        wanted, unwanted = [said[task.prompt] for task in part], [negative] * len(part)
        latents = denoised(loaded, noise.to(device, DTYPES[params.precision]), wanted, unwanted, params)
        pixels = family.decode(base, latents)
        for task, one in zip(part, pixels, strict=True):
            if not one.isfinite().all():
                raise GengaError(_no_picture(task, params))
        if family.moving:
            yield from zip(part, [_images(clip.transpose(0, 1)) for clip in pixels], strict=True)
        else:
            yield from zip(part, _images(pixels), strict=True)


def _between(loaded: LoadedBase, params: Params, models: Registry | None) -> Between:
    """What draws between the frames of clips. Raises GengaError if it is a model that is missing."""
    how, clips = params.clips.interpolate, loaded.family.clips
    if how is None or how.by == "minterpolate" or clips is None or models is None:
        return by_ffmpeg
    made: Between = clips.between(models, "sample.clips.interpolate")
    return made


def _written(
    made: Any, params: Params, called: str, prompt: Prompt, between: Between
) -> tuple[bytes, str, dict[str, Any]]:
    """A picture's file, or a clip's, the ending of its name, and how it moves: columns of SAMPLE."""
    if not isinstance(made, list):
        return encode_image(made), EXTENSION, {"frames": 1, "rate": None, "by_frame": None}
    clips = params.clips
    rate = clips.interpolate.rate if clips.interpolate is not None else clips.rate
    shown: list[Image] = interpolated(made, clips.rate, rate, between, called)
    by_frame = [{"frame": round(frame * rate / clips.rate), "text": one.text} for frame, one in prompt.by_frame]
    moves = {"frames": len(shown), "rate": rate, "by_frame": by_frame if prompt.later else None}
    return as_video(shown, rate, clips.format, called), f".{clips.format}", moves


def _no_picture(task: Task, params: Params) -> str:
    """The error of a picture that is not a number, and the way out."""
    whose = f"step {task.step}" if task.step else "the base"
    way = "lower train.learning_rate" if task.step else "verify it (genga models verify)"
    way = way if params.precision == "float32" else "set sample.precision to float32"
    return f"prompt {task.prompt}, seed {task.seed} by {whose}: the picture is not a number (NaN); {way}"


def _images(pixels: torch.Tensor) -> list[Image]:
    bytes_ = ((pixels.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    return [np.ascontiguousarray(image) for image in bytes_]
