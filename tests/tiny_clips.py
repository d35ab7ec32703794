"""A few clips of noise, by which a tiny base that moves is trained in seconds."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from accelerate.state import AcceleratorState
from tiny_training import CPU, example
from tiny_training import pixels as of_still

from genga.training.clips import Clip
from genga.training.examples import Example
from genga.training.families.family import Family, LoadedBase
from genga.training.resume import RunFolder
from genga.training.train import Trained, train
from genga.training.transforms import Cut


def clip(number: int, frames: Sequence[int], bucket: tuple[int, int] = (32, 32), caption: str = "hana, smile") -> Clip:
    """A clip of these frames, of its bucket's size, cut out of pictures that were 16 px wider and 8 px higher."""
    width, height = bucket
    cut = Cut((width + 16, height + 8), (8, 4, 8 + width, 4 + height))
    name = f"s/e/{min(frames):06d}-{max(frames):06d}"
    times = tuple(frame / 24 for frame in frames)
    return Clip(
        image=f"{name}.{number}", still=f"s/e/{frames[0]:06d}", crop=None, caption=caption, keep_tokens=1, cut=cut,
        file=("video", 0, 0, "0" * 64), repeats=1, weight=1.0, original=(2 * width + 32, 2 * height + 16), kind="clip",
        numbers=tuple(frames), times=times, keys=tuple(0.0 for _ in frames), rate=24.0,
    )  # fmt: skip


# On twos, one that stands still, one with a drawing that comes back, and one of another size.
CLIPS: list[Example] = [
    clip(0, (0, 0, 2, 2, 4)),
    clip(1, (10, 10, 10, 10, 10), caption="hana, solo"),
    clip(2, (20, 21, 20, 21, 22), caption="yuki, 1girl"),
    clip(3, (30, 31, 32, 33, 34), (40, 24), "yuki"),
]
STILL = example(7, (32, 32), "hana, 1girl")


def frame(number: int, size: tuple[int, int]) -> np.ndarray:
    """The frame of a number, RGB (height, width, 3); size: width, height."""
    return np.random.default_rng(1000 + number).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)


def read(of: Example) -> Iterator[tuple[int, np.ndarray]]:
    """The distinct frames of an example, as genga.training.clips reads them of videos."""
    if not isinstance(of, Clip):
        yield 0, of_still(of)
        return
    yield from ((number, frame(number, of.cut.scaled)) for number in sorted(set(of.numbers)))


def seen(of: Example, number: int) -> torch.Tensor:
    """The pixels of a frame as the autoencoder takes them, (1, 3, height, width)."""
    x0, y0, x1, y1 = of.cut.box
    whole = dict(read(of))[number]
    return torch.from_numpy(whole[y0:y1, x0:x1].copy()).permute(2, 0, 1)[None].float() / 127.5 - 1


def train_clips(
    loaded: LoadedBase, folder: Path, values, examples: Sequence[Example] = CLIPS, after=lambda step, loss: None,
    read=read, held=None,
) -> Trained:  # fmt: skip
    """Train the run `hana` in `folder`."""
    AcceleratorState._reset_state(reset_partial_state=True)
    run = RunFolder(folder / "hana", "hana")
    return train(list(examples), read, loaded, values, run, folder / "cache", CPU, after, held=held or {})


def assert_draws_as(family: Family, base, pipeline) -> None:
    """A clip of five frames, guided, in three steps, is that of diffusers' pipeline."""
    pipeline.set_progress_bar_config(disable=True)
    noise = torch.randn(1, 4, 5, 4, 4, generator=torch.Generator().manual_seed(5))
    theirs = pipeline(
        prompt="hana, smile", negative_prompt="", num_frames=5, width=32, height=32, num_inference_steps=3,
        guidance_scale=4.0, latents=noise.clone(), output_type="pt",
    ).frames  # fmt: skip
    scheduler, latents = family.sampler(base, "ddim"), noise.clone()
    scheduler.set_timesteps(3)
    said = family.encode(base, ["", "hana, smile"], 1, 1)
    with torch.no_grad():
        for at in scheduler.timesteps:
            away, towards = family.predict(base, torch.cat([latents, latents]), at, said, []).chunk(2)
            latents = scheduler.step(away + 4.0 * (towards - away), at, latents).prev_sample
        ours = family.decode(base, latents)
    assert ours.shape == (1, 3, 5, 32, 32)
    torch.testing.assert_close((ours / 2 + 0.5).clamp(0, 1).transpose(1, 2), theirs, rtol=0, atol=1e-5)
