"""What a step on clips takes, of genga and of a plain loop of diffusers: `python -m bench.motion [--rounds 3]`.

A fresh motion module in the demo's base, learnt whole: 16 frames of 256x256 px, one clip a step, one thread. The plain
loop has captions encoded and latents in memory; genga reads latents from its cache. They take turns, step by step, in
one process. Seconds are those of the CPU, so a busy machine shows less; medians are compared. Then the memory that
training takes beyond the first clip, for more and more clips.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from bench._children import own_peak

ROOT = Path(__file__).resolve().parent.parent
FRAMES, SIDE = 16, 256


def main(words: list[str] | None = None) -> int:
    """Measure, print; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.motion", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=6, help="steps of each; default 6")
    parser.add_argument("--side", type=int, default=SIDE, help=f"px; default {SIDE}")
    parser.add_argument("--clips", type=int, nargs="*", default=[2, 8], help="of which memory is measured; default 2 8")
    given = parser.parse_args(words)
    ours, plain = times(given.rounds, given.side)
    print(f"{FRAMES} frames of {given.side}x{given.side} px, CPU seconds a step: genga {ours:.3f}, plain {plain:.3f}")
    print(f"ratio {ours / plain:.3f}")
    for count in given.clips:
        print(f"{count} clips: at most {peak(count, given.side):.0f} MB")
    return 0


def clips(count: int, side: int) -> list[Any]:
    """Return clips of noise on twos, each of frames of its own."""
    from genga.training.clips import Clip
    from genga.training.transforms import Cut

    found = []
    for number in range(count):
        frames = tuple(number * 100 + frame // 2 for frame in range(FRAMES))
        found.append(Clip(
            image=f"s/e/{frames[0]:06d}-{frames[-1]:06d}", still=f"s/e/{frames[0]:06d}", crop=None, caption="a walk",
            keep_tokens=0, cut=Cut((side, side), (0, 0, side, side)), file=("", 0, 0, "0" * 64), repeats=1, weight=1.0,
            original=(side, side), numbers=frames, times=(0.0,) * FRAMES, keys=(0.0,) * FRAMES, rate=12.0,
        ))  # fmt: skip
    return found


def read(clip: Any) -> Iterator[tuple[int, Any]]:
    """Yield the distinct frames of a clip with their numbers."""
    import numpy as np

    for number in sorted(set(clip.frames)):
        width, height = clip.original
        yield number, np.random.default_rng(number).integers(0, 256, (height, width, 3), dtype=np.uint8)


def prepared(count: int, side: int, folder: Path) -> tuple[Any, Any, Any, Any]:
    """Return base, section `train`, latents and examples of a run on so many clips."""
    from genga.params.section import parse_section, read_params
    from genga.params.train import Params
    from genga.training.clip_latents import cached_latents
    from genga.training.device import device_of, use_threads
    from genga.training.families import animatediff
    from genga.training.families.family import LoadedBase

    use_threads(1)
    own = {
        "method": "full", "modules": "transformer", "text_encoder": False, "convolutions": False, "batch": 1,
        "max_steps": 1000, "epochs": 1000, "min_snr_gamma": 0.0, "clip_skip": 1, "precision": "float32", "ema": 0.0,
        "speed": "exact", "loss": "l2", "gradient_checkpointing": False, "phases": [], "warmup": 0, "min_steps": 0,
    }  # fmt: skip
    params = parse_section("train", Params, {**read_params(ROOT / "params.yaml")["train"], **own})
    base = animatediff.FAMILY.load(ROOT / "demo/weights/base")
    loaded, examples = LoadedBase(animatediff.FAMILY, "animatediff", base, "demo", "0" * 64), clips(count, side)
    return loaded, params, cached_latents(examples, read, loaded, False, folder, device_of("cpu")), examples


def times(rounds: int, side: int) -> tuple[float, float]:
    """Return the CPU seconds of a step, medians: of genga's trainer and of a plain loop."""
    import torch

    from genga.training.device import device_of
    from genga.training.plan import phases_of, steps
    from genga.training.rng import generator, normal
    from genga.training.trainer import Trainer

    with tempfile.TemporaryDirectory() as cache:
        loaded, params, latent_of, examples = prepared(2, side, Path(cache))
        shape = loaded.latent_shape(side, side, FRAMES)
        kept = {one.image: latent_of(_look(one), normal(shape, generator("bench"))) for one in examples}
        trainer = Trainer(loaded, params, device_of("cpu"), latent_of)
        network, schedule = loaded.base.unet, trainer.schedule
        learnt = [one for one in network.parameters() if one.requires_grad]
        optimizer = torch.optim.AdamW(learnt, lr=1e-4, foreach=False)
        (said,) = loaded.family.encode(loaded.base, ["a walk"], 1, 1)
        said = said.detach()

        def plain(step: Any) -> None:
            (look,) = step.batches[0]
            latents, noise = kept[look.example.image][None], torch.randn(1, *shape)
            at = torch.tensor([look.timestep])
            noisy = schedule.noised(latents, noise, at)
            predicted = network(noisy, at, said.repeat_interleave(FRAMES, dim=0)).sample
            torch.nn.functional.mse_loss(predicted, noise).backward()
            torch.nn.utils.clip_grad_norm_(learnt, 1.0)
            optimizer.step()
            optimizer.zero_grad()

        taken: dict[str, list[float]] = {"genga": [], "plain": []}
        ways: list[tuple[str, Callable[[Any], Any]]] = [("genga", trainer.step), ("plain", plain)]
        for number, step in enumerate(steps(phases_of(examples, params), schedule.timesteps), -1):
            if number == rounds:
                break
            for name, way in ways[:: 1 if number % 2 else -1]:
                began = time.process_time()
                way(step)
                if number >= 0:  # the first is to warm up
                    taken[name].append(time.process_time() - began)
    return median(taken["genga"]), median(taken["plain"])


def _look(example: Any) -> Any:
    from genga.training.plan import Look

    return Look(example, 1, 0, example.caption, False, 0)


def peak(count: int, side: int) -> float:
    """Return the most memory, MB, that a process has which encodes so many clips and does two steps on them."""
    import subprocess

    code = f"from bench.motion import alone; alone({count}, {side})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def alone(count: int, side: int) -> None:
    """Encode so many clips, do two steps, print the most memory that this process had, MB."""
    from genga.training.device import device_of
    from genga.training.plan import phases_of, steps
    from genga.training.trainer import Trainer

    with tempfile.TemporaryDirectory() as cache:
        loaded, params, latent_of, examples = prepared(count, side, Path(cache))
        trainer = Trainer(loaded, params, device_of("cpu"), latent_of)
        for step in steps(phases_of(examples, params), trainer.schedule.timesteps):
            if step.number > 2:
                break
            trainer.step(step)
    print(own_peak())


if __name__ == "__main__":
    sys.exit(main())
