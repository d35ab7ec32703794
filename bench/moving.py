"""How well the embedded motion module moves: `python -m bench.moving [--sheet SHEET.png]`.

Captions of drawn clips that it never learned from are given to diffusers' own pipeline of AnimateDiff, and, frame by
frame from the same noise, to that of the base alone. How they move is measured as `evaluate` does it, and held against
the drawn clips themselves, as they are and as the autoencoder gives them back. Prints the tables that docs/embedded.md
quotes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
import typer
from diffusers.pipelines.animatediff.pipeline_animatediff import AnimateDiffPipeline
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler

from bench.base import GUIDANCE, STEPS, open_pipeline, redrawn
from bench.models import SEED, table
from demo.teach.clips import EVERY, LENGTH, Clips, draw_clips
from demo.teach.motion import FILE, new_adapter
from demo.teach.pictures import caption
from genga.evaluation.bootstrap import draws, interval
from genga.evaluation.drawn_clips import FIGURES, figures_of, identity, ranges_of, spread
from genga.evaluation.evaluators import Judges, open_judges
from genga.evaluation.motion import motion
from genga.images.image import Image
from genga.jobs.script import progress
from genga.models.registry import models_of
from genga.training.families.animatediff import FAMILY

RATE = 24000 / 1001 / EVERY  # 1/s, of the clips
INSIDE = 0.9  # share of the drawn clips that a range holds, as in params.yaml
LOOKS = 8  # frames of a clip at which the embedder looks, likewise
RESAMPLES, CONFIDENCE = 2000, 0.95
DRAWN, REDRAWN, MODULE, ALONE = "drawn", "drawn, through the autoencoder", "module", "base frame by frame"

Figures = Mapping[str, float]
Clip = Sequence[Image]


def open_moving(alone: StableDiffusionPipeline, folder: Path, module: Path) -> AnimateDiffPipeline:
    """The base with a module in it, read by genga and drawn by diffusers, on the linear betas of modules."""
    assert FAMILY.load_files is not None
    loaded = FAMILY.load_files({"base": folder, "motion": module})
    scheduler = DPMSolverMultistepScheduler.from_config(alone.scheduler.config, beta_schedule="linear")
    parts = alone.vae, alone.text_encoder, alone.tokenizer, loaded.unet, new_adapter(alone.unet), scheduler
    pipeline = AnimateDiffPipeline(*parts)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def pictures_of(made: npt.NDArray[np.float32]) -> list[Image]:
    """Pictures in 0..1 as pictures of 8 bits."""
    return list((made * 255).round().astype(np.uint8))


def drawn_by(
    moving: AnimateDiffPipeline, alone: StableDiffusionPipeline, text: str, size: tuple[int, int], seed: int
) -> tuple[Clip, Clip]:
    """A clip of a caption by the module, and frame by frame by the base, from the same noise. size: width, height."""
    width, height = size
    factor, channels = moving.vae_scale_factor, alone.unet.config["in_channels"]
    noise = torch.randn(
        1, channels, LENGTH, height // factor, width // factor, generator=torch.Generator().manual_seed(seed)
    )
    of = {"width": width, "height": height, "num_inference_steps": STEPS, "guidance_scale": GUIDANCE}
    clip = moving(text, num_frames=LENGTH, latents=noise, output_type="np", **of).frames[0]
    frames = alone([text] * LENGTH, latents=noise[0].transpose(0, 1).contiguous(), output_type="np", **of).images
    return pictures_of(clip), pictures_of(frames)


def judged(clip: Clip, judges: Judges) -> dict[str, float]:
    """The figures of a clip (genga.evaluation.drawn_clips.FIGURES)."""
    looks = [clip[place] for place in spread(len(clip), LOOKS)]
    return figures_of(motion(clip, RATE), RATE, identity(looks, judges))


def told(figures: Mapping[str, Sequence[Figures]]) -> str:
    """The tables: how clips of each kind move, and how the module's differ from the base's."""
    ranges = ranges_of(figures[REDRAWN], INSIDE)
    rows: list[list[object]] = []
    for kind, clips in figures.items():
        columns = [np.array([clip[name] for clip in clips]) for name in FIGURES]
        spans = [
            f"{np.median(one):.2f} ({np.quantile(one, 0.05):.2f} to {np.quantile(one, 0.95):.2f})" for one in columns
        ]
        low, high = ranges["dynamics"]
        rows.append([kind, len(clips), *spans, float(((columns[0] >= low) & (columns[0] <= high)).mean())])
    found = [table(["clips", "number", *FIGURES, "dynamics in the drawn ones' range"], rows)]
    drawn = draws(len(figures[MODULE]), RESAMPLES, 0)
    rows = []
    for name in FIGURES:
        differences = np.array([a[name] - b[name] for a, b in zip(figures[MODULE], figures[ALONE], strict=True)])
        of = interval(differences, drawn, CONFIDENCE)
        rows.append([name, f"{of.mean:+.3f}", f"{of.low:+.3f} to {of.high:+.3f}"])
    return "\n\n".join([*found, table(["module less base", "mean", "95 % interval"], rows)])


def main(
    base: Path = typer.Option(Path("demo/weights/base"), help="the base, a diffusers folder"),
    module: Path = typer.Option(Path("demo/weights/motion") / FILE, help="the motion module"),
    clips: int = typer.Option(32, help="captions to draw, each by the module and by the base"),
    compared: int = typer.Option(120, help="drawn clips that say how clips move"),
    sheet: Path = typer.Option(None, help="PNG: of the first captions every other frame, drawn, by the module, alone"),
) -> None:
    """Measure how well the embedded motion module moves."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    alone = open_pipeline(base)
    moving, judges = open_moving(alone, base, module), open_judges(models_of(""), True, 1)
    figures: dict[str, list[Figures]] = {kind: [] for kind in (DRAWN, REDRAWN, MODULE, ALONE)}
    strips: list[npt.NDArray[np.uint8]] = []
    rng = np.random.default_rng(SEED)
    everything = [(part, row) for part in draw_clips(compared, SEED) for row in range(len(part.kinds))]
    chosen = {*spread(len(everything), clips)}
    for number, (part, row) in enumerate(progress(everything, len(everything), "clips", "clips")):
        real = frames_of(part, row)
        figures[DRAWN].append(judged(real, judges))
        again = (redrawn(alone, np.stack(real)) + 1) / 2
        figures[REDRAWN].append(judged(pictures_of(again.permute(0, 2, 3, 1).numpy()), judges))
        if number not in chosen:
            continue
        height, width, _ = real[0].shape
        text = caption(part.tags[row], rng, drop=0.0)
        made = drawn_by(moving, alone, text, (width, height), SEED + number)
        for kind, clip in zip((MODULE, ALONE), made, strict=True):
            figures[kind].append(judged(clip, judges))
        strips += [np.hstack([cv2.resize(one, (96, 96)) for one in of[::2]]) for of in (real, *made)]
    typer.echo(told(figures))
    if sheet:
        cv2.imwrite(str(sheet), np.vstack(strips[: 3 * 12])[:, :, ::-1])


def frames_of(part: Clips, row: int) -> Clip:
    """The frames of a clip of a part."""
    return [part.images[place] for place in part.frames[row]]


if __name__ == "__main__":
    typer.run(main)
