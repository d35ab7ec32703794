"""The parts of genga that `bench.gpu` runs, on a device of one's choice: what they answer, and what they do all day."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from accelerate.state import AcceleratorState
from PIL import Image as Pillow

from bench._absent import absent
from bench._bases import LoadedBase
from genga.training import lora_file

with absent() as MISSING:
    from genga.evaluation import sample as sampling
    from genga.models import onnx
    from genga.params.sample import Params as SampleParams
    from genga.params.train import Params as TrainParams
    from genga.people.detector import Detector
    from genga.people.embedder import Embedder
    from genga.people.tagger import Tagger
    from genga.training.examples import Example
    from genga.training.latents import cached_latents
    from genga.training.plan import phases_of, steps
    from genga.training.trainer import Trainer
    from genga.training.transforms import Cut

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
MakeBase = Callable[[torch.device], LoadedBase]  # on the CPU, or on the device that is given

ROOT = Path(__file__).resolve().parent.parent
THREADS = 2  # of a session, as genga opens it
SIDE = 64  # px of what is trained on and drawn for a comparison
CAPTIONS = ("hana, 1girl, solo", "hana, smile, outdoors", "", "hana, standing")

TRAIN: dict[str, Any] = {
    "seed": 0, "threads": 1, "launch": None, "precision": "float32", "gradient_checkpointing": False, "epochs": 10_000,
    "min_steps": 0, "max_steps": 10_000_000, "batch": 4, "accumulation": 1, "save_every": 1,
    "save_precision": "float32", "method": "lora",
    "rank": 16, "alpha": 16.0, "conv_rank": None, "conv_alpha": None, "factor": -1, "modules": "transformer",
    "convolutions": True,
    "text_encoder": True, "learning_rate": 1e-4, "text_learning_rate": 5e-5, "schedule": "constant", "warmup": 0,
    "optimizer": "adamw", "betas": [0.9, 0.999], "weight_decay": 0.01, "ema": 0.0, "max_grad_norm": 1.0,
    "clip_skip": 1, "max_tokens": 75, "caption_dropout": 0.1, "tag_dropout": 0.1,
    "shuffle": True, "flip": False, "timesteps": "uniform", "timestep_scale": 1.0, "timestep_mean": 0.0, "shift": None,
    "noise_offset": 0.0, "multires_iterations": 0, "multires_discount": 0.3,
    "speed": "exact", "select": {}, "buckets": None, "phases": [],
    "input_perturbation": 0.0, "loss": "l2", "huber_delta": 0.1, "huber_schedule": "constant",
    "min_snr_gamma": 5.0, "debiased": False, "enlarge": "opencv",
    "mask_text": 1.0, "mask_background": 1.0, "held_out": 0, "patience": 0, "clips": {}, "parts": None,
}  # fmt: skip
SAMPLE: dict[str, Any] = {
    "prompts": ["{trigger}, 1girl, solo", "{trigger}, smile, outdoors"], "negative": "", "seeds": [0, 1], "width": SIDE,
    "height": SIDE, "steps": 8, "guidance": 5.0, "scheduler": "dpm++", "batch": 4, "threads": 1, "precision": "float32",
}  # fmt: skip


@dataclass(frozen=True)
class Sizes:
    """At which speed is measured."""

    frame: tuple[int, int]  # width, height in px of what detectors see
    batch: int  # of frames and crops
    side: int  # px of training images
    train: dict[str, Any]  # what differs from TRAIN
    sample: dict[str, Any]  # what differs from SAMPLE


SMALL = Sizes((320, 192), 4, SIDE, {"batch": 2}, {"steps": 2})
EMBEDDED = Sizes((1920, 1080), 16, 128, {"batch": 8}, {"width": 128, "height": 128, "steps": 20, "batch": 12})
REAL = Sizes(  # the values in brackets in params.yaml
    (1920, 1080), 16, 512,
    {"precision": "float16", "batch": 6, "rank": 32, "alpha": 32.0, "convolutions": False, "clip_skip": 2},
    {"precision": "float16", "width": 512, "height": 768, "steps": 28, "guidance": 7.0, "batch": 4},
)  # fmt: skip


def pictures(count: int, width: int, height: int) -> list[Image]:
    """Parts of the pictures in docs/, at a size; every second mirrored."""
    sources = [Pillow.open(path).convert("RGB") for path in sorted((ROOT / "docs/pictures").glob("*.webp"))]
    made = []
    for number in range(count):
        source = sources[number % len(sources)]
        wide = min(source.height * width // height, source.width)
        left = (source.width - wide) * (number * 37 % 100) // 100
        part = np.asarray(source.crop((left, 0, left + wide, source.height)).resize((width, height)))
        made.append(np.ascontiguousarray(part[:, ::-1] if number % 2 else part))
    return made


def detected(weights: Path, kind: str, images: Sequence[Image], device: str) -> tuple[Floats, Floats]:
    """A detector's answer for every anchor, before any is left out: (images, 4, anchors) in px, scores likewise."""
    path = weights / f"detect/{kind}.onnx"
    batch = [Detector(path, kind, "cpu", THREADS).how(image) for image in images]
    rows = onnx.run(onnx.session(path, device, THREADS), batch)
    return rows[:, :4], rows[:, 4:]


def open_taggers(weights: Path, device: str) -> list[Tagger]:
    """The taggers."""
    folders = sorted(path.parent for path in (weights / "taggers").glob("*/model.onnx"))
    return [Tagger(folder / "model.onnx", folder / "selected_tags.csv", device, THREADS) for folder in folders]


def open_embedder(weights: Path, device: str) -> Embedder:
    """The embedder."""
    folder = weights / "ccip"
    return Embedder(folder / "model_feat.onnx", folder / "model_metrics.onnx", folder / "metrics.json", device, THREADS)


@dataclass
class Training:
    """A run at work."""

    trainer: Trainer
    losses: Iterator[tuple[int, float]]  # looks and loss of each step; it is done when it is asked for


@contextmanager
def training(
    base: LoadedBase, changes: dict[str, Any], images: Sequence[Image], device: torch.device
) -> Iterator[Training]:
    """Train a base as genga.training.train does, from encoding the images on."""
    AcceleratorState._reset_state(reset_partial_state=True)  # accelerate means a process to have one device for life
    params, known = TrainParams(**{**TRAIN, **changes}), learnt(images)
    with tempfile.TemporaryDirectory() as cache:
        latent_of = cached_latents(known, lambda example: images[example.file[1]], base, params.flip, cache, device)
        trainer = Trainer(base, params, device, latent_of)

        def losses() -> Iterator[tuple[int, float]]:
            for step in steps(phases_of(known, params), trainer.schedule.timesteps):
                yield sum(map(len, step.batches)), trainer.step(step)

        yield Training(trainer, losses())


def learnt(images: Sequence[Image]) -> list[Example]:
    """The images as training knows them; where a file has its offset, here is the image's number."""
    known = []
    for number, image in enumerate(images):
        height, width = image.shape[:2]
        cut, file = Cut((width, height), (0, 0, width, height)), ("", number, 0, f"{number:064x}")
        caption = CAPTIONS[number % len(CAPTIONS)]
        known.append(Example(f"i{number}", f"s{number}", None, caption, 1, cut, file, repeats=1, weight=1.0))
    return known


def trained(
    base: LoadedBase, changes: dict[str, Any], device: torch.device, count: int
) -> tuple[Floats, lora_file.Tensors]:
    """The losses of the first `count` steps, and the LoRA after them."""
    with training(base, changes, pictures(8, SIDE, SIDE), device) as run:
        losses = [loss for _, (_, loss) in zip(range(count), run.losses, strict=False)]
        return np.array(losses, np.float32), run.trainer.tensors()


def drawn(base: LoadedBase, changes: dict[str, Any], checkpoint: Path, device: torch.device) -> Floats:
    """The samples of the base and of a checkpoint, (pictures, height, width, 3)."""
    params = SampleParams(**{**SAMPLE, **changes})
    made = sampling.drawn(base, [(1, checkpoint)], "hana", 1, params, device)
    return np.stack([image for _, image in made]).astype(np.float32)


def onnx_work(weights: Path, device: str, sizes: Sizes) -> dict[str, Callable[[], Iterator[int]]]:
    """By name what does some images whenever it is asked, and yields how many: from pictures in memory on."""

    def again(opened: Callable[[], Callable[[Sequence[Image]], object]], images: Sequence[Image]) -> Iterator[int]:
        do = opened()
        while True:
            do(images)
            yield len(images)

    width, height = sizes.frame
    frames, crops = pictures(sizes.batch, width, height), pictures(sizes.batch, height // 2, height * 2 // 3)
    person = weights / "detect/person.onnx"
    return {
        f"detector, {width}x{height}": partial(
            again, lambda: Detector(person, "person", device, THREADS).detect, frames
        ),
        "tagger": partial(again, lambda: open_taggers(weights, device)[0].scores, crops),
        "embedder": partial(again, lambda: open_embedder(weights, device).features, crops),
    }


def train_work(make: MakeBase, sizes: Sizes, device: torch.device) -> Iterator[int]:
    """The trainer, likewise."""
    count = 4 * sizes.train.get("batch", TRAIN["batch"])
    with training(make(device), sizes.train, pictures(count, sizes.side, sizes.side), device) as run:
        for looks, _ in run.losses:
            yield looks


def sample_work(make: MakeBase, sizes: Sizes, device: torch.device) -> Iterator[int]:
    """The sampler, likewise."""
    base = make(device)
    changes = {**SAMPLE, **sizes.sample}
    params = SampleParams(**{**changes, "seeds": list(range(changes["batch"]))})  # prompts fill whole batches
    while True:
        for number, _ in enumerate(sampling.drawn(base, [], "hana", 1, params, device), 1):
            if number % params.batch == 0:
                yield params.batch
