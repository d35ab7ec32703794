"""How well the embedded text-to-image base draws: `python -m bench.base [--sheet SHEET.png]`.

Captions of scenes that it never learned from are given to diffusers' own pipeline. Detector and taggers look at what it
draws, at the drawings the captions were written for (what the best base would come to), and at its pictures dealt to
other captions (what a base that heeds no caption would come to). Prints the tables that docs/embedded.md quotes.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
import typer
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler

from bench.models import SEED, THRESHOLD, f1, table
from demo.teach.pictures import BUCKETS, Pictures, caption, draw_pictures
from demo.teach.tagged import row_of
from demo.teach.vae import to_tensor
from demo.world.vocabulary import INDEX, RATING, TAGS
from genga.images.image import Image
from genga.people.detector import Detector
from genga.people.tagger import Tagger

STEPS, GUIDANCE = 20, 5.0  # as in params.yaml
NOBODY = "no_humans"

Flags = npt.NDArray[np.bool_]


def open_pipeline(folder: Path) -> StableDiffusionPipeline:
    """The base as diffusers opens it."""
    pipeline = StableDiffusionPipeline.from_pretrained(
        folder, torch_dtype=torch.float32, safety_checker=None, requires_safety_checker=False
    )
    pipeline.scheduler = DPMSolverMultistepScheduler.from_config(pipeline.scheduler.config, timestep_spacing="trailing")
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def drawn_by(pipeline: StableDiffusionPipeline, bucket: Pictures, seed: int) -> list[Image]:
    """A picture for each caption of a bucket, of its size."""
    height, width = bucket.images.shape[1:3]
    rng = np.random.default_rng(seed)
    texts = [caption(tags, rng, drop=0.0) for tags in bucket.tags]
    made = pipeline(
        texts, height=height, width=width, num_inference_steps=STEPS, guidance_scale=GUIDANCE, output_type="np",
        generator=[torch.Generator().manual_seed(seed + i) for i in range(len(texts))],
    )  # fmt: skip
    return list((made.images * 255).round().astype(np.uint8))


def redrawn(pipeline: StableDiffusionPipeline, images: npt.NDArray[np.uint8]) -> torch.Tensor:
    """Pictures as the autoencoder gives them back, (n, 3, height, width), -1..1."""
    with torch.no_grad():
        latents = pipeline.vae.encode(to_tensor(images)).latent_dist.mean
        made: torch.Tensor = pipeline.vae.decode(latents).sample.clamp(-1, 1)
    return made


def redrawn_error(pipeline: StableDiffusionPipeline, images: npt.NDArray[np.uint8]) -> float:
    """Mean absolute error of the autoencoder, in code values 0..255."""
    return float((redrawn(pipeline, images) - to_tensor(images)).abs().mean()) * 127.5


def seen_in(images: Sequence[Image], weights: Path) -> tuple[npt.NDArray[np.int64], Flags]:
    """How many people the detector finds in each picture, and which tags the taggers do: (n,), (n, tags)."""
    detector = Detector(weights / "detect/person.onnx", "person", "cpu", 1)
    taggers = [weights / "taggers" / name for name in ("a", "b", "c")]
    scores = [Tagger(one / "model.onnx", one / "selected_tags.csv", "cpu", 1).scores(images) for one in taggers]
    return np.array([len(boxes) for boxes in detector.detect(images)]), np.mean(scores, axis=0) > THRESHOLD


def judged(people: npt.NDArray[np.int64], tags: Flags, truth: Flags) -> tuple[float, float]:
    """The share of pictures with somebody in them just where there should be, and the tags' micro F1."""
    general = np.array([category != RATING for _, category in TAGS])
    nobody = truth[:, INDEX[NOBODY]]
    return float(((people == 0) == nobody).mean()), float(f1(tags[:, general], truth[:, general]))


def main(
    weights: Path = typer.Option(Path("demo/weights"), help="folder of the embedded models"),
    base: Path = typer.Option(Path("demo/weights/base"), help="the base, a diffusers folder"),
    pictures: int = typer.Option(96, help="captions to draw"),
    sheet: Path = typer.Option(
        None, help="PNG of the drawings (above) and the pictures made of their captions (below)"
    ),
) -> None:
    """Measure how well the embedded base draws what it is asked for."""
    torch.set_num_threads(2)
    cv2.setNumThreads(1)
    pipeline = open_pipeline(base)
    drawn = draw_pictures(pictures, SEED)
    rows: list[tuple[object, ...]] = []
    for (width, height, *_), bucket in zip(BUCKETS, drawn, strict=True):
        truth = np.stack([row_of(tags) for tags in bucket.tags]) > 0
        made = drawn_by(pipeline, bucket, SEED)
        people, tags = seen_in(made, weights)
        real = judged(*seen_in(list(bucket.images), weights), truth)
        other = judged(np.roll(people, 1), np.roll(tags, 1, axis=0), truth)
        here = judged(people, tags, truth)
        rows.append((f"{width}x{height}", len(made), redrawn_error(pipeline, bucket.images),
                     *(value for pair in zip(real, here, other, strict=True) for value in pair)))  # fmt: skip
        if sheet:
            pair = np.vstack([np.hstack(list(bucket.images[:10])), np.hstack(made[:10])])
            cv2.imwrite(str(sheet.with_stem(f"{sheet.stem}-{width}x{height}")), pair[:, :, ::-1])
    header = ("px", "captions", "autoencoder's error, of 255", "people: drawings", "base", "other captions",
              "tags F1: drawings", "base", "other captions")  # fmt: skip
    typer.echo(table(header, rows))


if __name__ == "__main__":
    typer.run(main)
