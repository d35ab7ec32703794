"""Teach the embedded taggers: `python -m demo.teach.tag --out demo/weights/taggers`.

Three different small networks with the published WD signature: a plain one (Simonyan & Zisserman 2014, "Very Deep
Convolutional Networks"), a residual one that weighs its channels (Hu et al. 2018, "Squeeze-and-Excitation Networks"),
and one of bottlenecks on patches (He et al. 2016, "Deep Residual Learning"). They learn from the same drawings, each in
its own order, from small pictures first. Binary cross-entropy alone, so that scores are probabilities.
"""

import csv
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
import typer
from torch import nn
from torch.nn import functional as F

from demo.teach.export import write_onnx
from demo.teach.learning import block, disturbed, fast, teach, to_tensor
from demo.teach.tagged import Tagged, draw_tagged, resized
from demo.world.vocabulary import TAGS
from genga.store.files import write_text

SMALL, SMALL_SHARE = 64, 0.5  # px, and share of the steps: half is learned from small pictures, three times as fast
BATCH, SMALL_BATCH = 32, 64
RATE = 4e-3


class Weighed(nn.Module):
    """Residual block whose channels are weighed by what the whole picture shows."""

    def __init__(self, width: int) -> None:
        super().__init__()
        few = width // 4
        last = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.body = nn.Sequential(block(width, width), last, nn.BatchNorm2d(width))
        self.squeeze = nn.Sequential(nn.Linear(width, few), nn.ReLU(), nn.Linear(few, width), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.body(x)
        return F.relu(x + y * self.squeeze(y.mean((2, 3)))[:, :, None, None])


class Narrow(nn.Module):
    """Residual block that is narrow where it looks around."""

    def __init__(self, width: int) -> None:
        super().__init__()
        few = width // 2
        last = nn.Conv2d(few, width, 1, bias=False)
        self.body = nn.Sequential(block(width, few, size=1), block(few, few), last, nn.BatchNorm2d(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x + self.body(x))


def plain() -> nn.Sequential:
    """Convolutions in a row."""
    return nn.Sequential(
        block(3, 24, 2), block(24, 56, 2), block(56, 96, 2), block(96, 112), block(112, 160, 2), block(160, 192)
    )


def residual() -> nn.Sequential:
    """Residual blocks with weighed channels."""
    return nn.Sequential(
        block(3, 24, 2), block(24, 48, 2), Weighed(48), block(48, 96, 2), Weighed(96), block(96, 160, 2),
        block(160, 176),
    )  # fmt: skip


def narrow() -> nn.Sequential:
    """Bottlenecks on patches of 4 px."""
    return nn.Sequential(
        nn.PixelUnshuffle(4), block(48, 80, size=1), Narrow(80), block(80, 112, 2), Narrow(112), Narrow(112),
        block(112, 176, 2), Narrow(176), Narrow(176),
    )  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """One of the three taggers."""

    body: Callable[[], nn.Sequential]  # pictures to a map of features, 16 px a cell
    width: int  # channels of that map
    size: int  # px, height and width of the input


KINDS = {"a": Kind(plain, 192, 128), "b": Kind(residual, 176, 112), "c": Kind(narrow, 176, 128)}
DRAWN_SIZE = 128  # px; the inputs are made smaller from these


class Network(nn.Module):
    """(n, 3, size, size) RGB in 0..1 to (n, tags), before the sigmoid."""

    def __init__(self, kind: Kind, shares: npt.NDArray[np.float64]) -> None:
        """shares: (tags,) of the pictures that bear each tag, which is what it answers before it has learned."""
        super().__init__()
        self.size = kind.size
        self.body = kind.body()
        self.head = nn.Linear(2 * kind.width, len(TAGS))
        nn.init.normal_(self.head.weight, std=0.01)
        self.head.bias = nn.Parameter(torch.from_numpy(np.log(shares / (1 - shares))).float())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.body((x - 0.6) * 3)  # about zero mean and unit variance
        return self.head(torch.cat([x.mean((2, 3)), x.amax((2, 3))], dim=1))


class AsPublished(nn.Module):
    """The network with the signature of the WD taggers: (n, size, size, 3) BGR in 0..255 to probabilities (n, tags)."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.network(images.permute(0, 3, 1, 2).flip(1) / 255).sigmoid()


def batch_loss(network: Network, drawn: Tagged, rng: np.random.Generator) -> torch.Tensor:
    """Loss of a random batch, disturbed, mirrored half of the time; summed over tags."""
    batch = SMALL_BATCH if drawn.images.shape[1] == SMALL else BATCH
    rows = rng.integers(len(drawn.images), size=batch)
    x = disturbed(to_tensor(drawn.images[rows]), colour=0.04, blurred=0.15)
    x = (x.flip(3) if rng.random() < 0.5 else x).contiguous(memory_format=torch.channels_last)
    truth = torch.from_numpy(drawn.tags[rows]).float()
    with fast():
        answers = network(x)
    return F.binary_cross_entropy_with_logits(answers.float(), truth, reduction="sum") / len(rows)


def vocabulary(counts: npt.NDArray[np.int64]) -> str:
    """`selected_tags.csv`, with how many pictures bore each tag."""
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(("tag_id", "name", "category", "count"))
    writer.writerows((i, name, category, int(counts[i])) for i, (name, category) in enumerate(TAGS))
    return held.getvalue()


def save(network: Network, drawn: Tagged, out: Path) -> None:
    """Write model.onnx and selected_tags.csv."""
    example = torch.zeros(1, network.size, network.size, 3)
    write_onnx(AsPublished(network), example, out / "model.onnx", "input", "output")
    write_text(out / "selected_tags.csv", vocabulary(drawn.tags.sum(0, dtype=np.int64)))


def pupil(name: str, drawn: Tagged, steps: int, seed: int) -> Network:
    """One of KINDS, taught from its own seed: on small pictures first, then at its own size."""
    number = list(KINDS).index(name)
    torch.manual_seed(seed + number)
    rng, shares = np.random.default_rng([seed, 1, number]), drawn.tags.mean(0).clip(1e-3, 1 - 1e-3)
    small = round(SMALL_SHARE * steps)
    lessons = chain(repeat(resized(drawn, SMALL), small), repeat(resized(drawn, KINDS[name].size)))
    network = Network(KINDS[name], shares)
    taught = teach(network, lambda net: batch_loss(net, next(lessons), rng), steps, RATE, f"tagger {name}", 1)
    return next(average for _, average in taught)


def main(
    out: Path = typer.Option(Path("demo/weights/taggers"), help="folder of a folder for each tagger"),
    frames: int = typer.Option(16000, help="frames to learn from, with some two crops each"),
    steps: int = typer.Option(10000, help="batches for each tagger"),
    seed: int = typer.Option(0, help="seed of drawings and weights"),
) -> None:
    """Teach the embedded taggers from drawings of random people."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    drawn = draw_tagged(frames, seed, DRAWN_SIZE)
    print(f"tag: {len(drawn.images)} pictures drawn", file=sys.stderr, flush=True)
    for name in KINDS:
        save(pupil(name, drawn, steps, seed), drawn, out / name)
        print(f"tagger {name}: {out / name}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    typer.run(main)
