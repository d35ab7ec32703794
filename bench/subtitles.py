"""Whether subtitles that are trained on come back in samples, with and without a mask: `python -m bench.subtitles`.

Of the drawn sample series (`make demo` first) the lower middle of whole stills is learnt, at the film's own scale,
since the embedded base can draw letters there and not at the demo's: of stills with burnt-in text without a mask and
with `mask_text: 0`, and of as many without text. Each LoRA draws the captions of what it learnt from, by diffusers' own
pipeline; letters are found by the measure that stage quality knows them by. Prints the table of docs/training.md.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import polars as pl
import torch
import typer
import yaml

from bench.base import open_pipeline
from bench.models import table
from genga.dataset.candidates import candidates, read_tables
from genga.drawings._text.in_still import burnt_in, cover
from genga.images.image import Image
from genga.images.reading import reading
from genga.params.train import Params
from genga.training.examples import Example
from genga.training.families.family import LoadedBase
from genga.training.families.sd15 import FAMILY, load
from genga.training.resume import RunFolder
from genga.training.train import train
from genga.training.transforms import Box, Cut, bucketed

SERIES, EPISODES = "sample", ("ep01", "ep02")
WIDTH, HEIGHT = 320, 128  # px of what is learnt and drawn, of stills of 640x360
STEPS, GUIDANCE = 20, 5.0  # of the sampler, as in params.yaml


def stills_of(data: Path) -> pl.DataFrame:
    """Every still without and with text: CANDIDATES."""
    tables = read_tables(data, SERIES, EPISODES, data / f"characters/{SERIES}.parquet")
    return candidates(tables).filter(pl.col("crop").is_null() & pl.col("tier").is_in(["best", "good"]))


def example(row: dict[str, Any]) -> Example:
    """The lower middle of a still, as training knows it."""
    width, height = row["width"], row["height"]
    left, top = (width - WIDTH) // 2, height - HEIGHT
    cut = Cut((width, height), (left, top, left + WIDTH, height))
    text: tuple[Box, ...] = tuple((x0, y0, x1, y1) for x0, y0, x1, y1 in row["text"])
    caption = ", ".join(["sample", *(tag.replace("_", " ") for tag in row["tags"])])
    file = (row["shard"], row["offset"], row["size"], row["sha256"])
    return Example(row["image"], row["still"], None, caption, 1, cut, file, 1, 1.0, (width, height), text=text)


def lettered(images: Sequence[Image]) -> tuple[float, float]:
    """The share of pictures with a line of text in them, and the mean share of a picture under it."""
    found = [burnt_in(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False), None) for image in images]
    covers = [cover(boxes, image.shape[1], image.shape[0]) for boxes, image in zip(found, images, strict=True)]
    return float(np.mean([bool(boxes) for boxes in found])), float(np.mean(covers))


def drawn_by(base: Path, lora: Path | None, captions: Sequence[str]) -> list[Image]:
    """A picture for each caption."""
    pipeline = open_pipeline(base)
    if lora is not None:
        pipeline.load_lora_weights(str(lora.parent), weight_name=lora.name)
    made = pipeline(
        list(captions), height=HEIGHT, width=WIDTH, num_inference_steps=STEPS, guidance_scale=GUIDANCE,
        output_type="np", generator=[torch.Generator().manual_seed(number) for number in range(len(captions))],
    )  # fmt: skip
    return list((made.images * 255).round().astype(np.uint8))


def tried(
    rows: pl.DataFrame, examples: list[Example], base: Path, params: Params, pictures: int
) -> tuple[list[Image], list[Image], list[str]]:
    """Train a LoRA of the examples: what it learnt from, what it draws of so many captions, and these."""
    loaded = LoadedBase(FAMILY, "sd15", load(base), "base", "0" * 64)
    captions = [examples[number * len(examples) // pictures].words for number in range(pictures)]
    with tempfile.TemporaryDirectory() as place, reading(rows, "image") as read:

        def pixels(one: Example) -> Image:
            return read(one.image)

        folder = RunFolder(Path(place, "run"), "run")
        train(examples, pixels, loaded, params, folder, Path(place, "cache"), torch.device("cpu"))
        learnt = [bucketed(pixels(one), one.cut) for one in examples]
        return learnt, drawn_by(base, folder.unfinished(params.max_steps), captions), captions


def main(
    data: Path = typer.Option(Path("data"), help="of a finished demo"),
    base: Path = typer.Option(Path("demo/weights/base"), help="the base, a diffusers folder"),
    steps: int = typer.Option(150, help="of training, of 4 images each"),
    pictures: int = typer.Option(16, help="drawn by each LoRA"),
    sheet: Path = typer.Option(None, help="PNG: a row of what was learnt, and one of what is drawn, for each LoRA"),
) -> None:
    """Measure letters in samples of LoRAs that have seen subtitled drawings."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    values = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["train"]
    values |= {"batch": 4, "epochs": 1, "min_steps": steps, "max_steps": steps, "save_every": steps, "held_out": 0}
    stills = stills_of(data)
    subtitled = stills.filter(pl.col("text").list.len() > 0)
    plain = stills.filter(pl.col("text").list.len() == 0).sample(subtitled.height, seed=0)
    rows: list[tuple[object, ...]] = []
    strips: list[Image] = []
    for what, chosen, mask in (("subtitled", subtitled, 1.0), ("subtitled", subtitled, 0.0), ("plain", plain, 1.0)):
        examples = [example(row) for row in chosen.sort("image").to_dicts()]
        learnt, made, captions = tried(chosen, examples, base, Params(**{**values, "mask_text": mask}), pictures)
        rows.append((what, f"{mask:g}", len(examples), *lettered(learnt), *lettered(made)))
        strips += [np.hstack(learnt[:: max(1, len(learnt) // 6)][:6]), np.hstack(made[:6])]
        typer.echo(rows[-1], err=True)
    rows.append(("base alone", "", 0, 0.0, 0.0, *lettered(drawn_by(base, None, captions))))
    header = ("learnt from", "mask_text", "images", "with letters", "of px", "samples with letters", "of px")
    typer.echo(table(header, rows))
    if sheet:
        cv2.imwrite(str(sheet), np.vstack(strips)[:, :, ::-1])


if __name__ == "__main__":
    typer.run(main)
