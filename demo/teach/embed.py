"""Teach the embedded character embedder: `python -m demo.teach.embed --out demo/weights/ccip`.

CCIP's two graphs: features (N, 128) of crops, and N x N differences, here half of one minus the cosine. Learned by
contrast (Khosla et al. 2020, "Supervised Contrastive Learning"): crops of one character, in whatever clothes, pose and
framing, attract, those of others repel, look-alikes in the same batch first of all. A second task, naming hair, eyes
and what is worn, shortens the way there; its outputs are not exported. The threshold is chosen on characters that were
not learned from.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
import torch
import typer
from torch import nn
from torch.nn import functional as F

from demo.teach.export import write_onnx
from demo.teach.learning import block, disturbed, teach, to_tensor
from demo.teach.pairs import SAME_SHARE, best_threshold, pair_differences
from demo.teach.people import TRAITS, People, draw_people
from demo.world.model import ACCESSORIES
from genga.people.embedder import MEAN, STD, Embedder
from genga.store.files import write_json

SIZE = 96  # px, height and width of the input
FEATURES = 128
TEMPERATURE = 0.1
TRAIT_WEIGHT = 0.3
FAMILIES, VIEWS = 8, 5  # in a batch: families of two, crops of each member
RATE = 3e-3
VALIDATION = 120  # characters, not look-alikes: as different from one another as the people of a series
DIFFERENT_SEED = 10_000  # added to the seed: validation draws other people


class Network(nn.Module):
    """(n, 3, size, size), CLIP's scale, to features (n, FEATURES)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            block(3, 24, 2), block(24, 48, 2), block(48, 48), block(48, 96, 2), block(96, 96), block(96, 96),
            block(96, 160, 2), block(160, 160),
        )  # fmt: skip
        self.head = nn.Linear(2 * 160, FEATURES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.body(x)
        return self.head(torch.cat([x.mean((2, 3)), x.amax((2, 3))], dim=1))


class Taught(nn.Module):
    """The network, and what reads traits off its features while it learns."""

    def __init__(self) -> None:
        super().__init__()
        self.network = Network()
        self.traits = nn.Linear(FEATURES, sum(map(len, TRAITS.values())))
        self.worn = nn.Linear(FEATURES, len(ACCESSORIES) + 1)


class Differences(nn.Module):
    """Features (n, FEATURES) to differences (n, n) in 0..1: half of one minus the cosine."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        unit = features / features.norm(dim=1, keepdim=True).clamp(min=1e-6)
        return (0.5 - 0.5 * unit @ unit.T).clamp(min=0)


def contrast(features: torch.Tensor, who: torch.Tensor) -> torch.Tensor:
    """Supervised contrastive loss of features (n, d) of characters `who` (n,)."""
    unit = F.normalize(features)
    logits = (unit @ unit.T / TEMPERATURE).fill_diagonal_(-1e9)
    same = (who[:, None] == who[None, :]).fill_diagonal_(False)
    logs = logits.log_softmax(dim=1).masked_fill(~same, 0)
    return -(logs.sum(1) / same.sum(1).clamp(min=1)).mean()


def trait_loss(taught: Taught, features: torch.Tensor, traits: torch.Tensor, worn: torch.Tensor) -> torch.Tensor:
    """How badly traits (n, traits) and what is worn (n, accessories) are read off features (n, d)."""
    answers = taught.traits(F.relu(features)).split([len(values) for values in TRAITS.values()], dim=1)
    named = sum(F.cross_entropy(answer, traits[:, i]) for i, answer in enumerate(answers))
    return named / len(answers) + F.binary_cross_entropy_with_logits(taught.worn(F.relu(features)), worn)


def batch_rows(people: People, rng: np.random.Generator, rows_of: list[np.ndarray]) -> np.ndarray:
    """Rows of a batch: VIEWS crops of each of two members of FAMILIES families."""
    families = rng.choice(people.family.max() + 1, size=FAMILIES, replace=False)
    members = [rng.permutation(np.flatnonzero(people.family == family))[:2] for family in families]
    seen = [rows_of[one] for pair in members for one in pair if len(rows_of[one])]
    return np.concatenate([rng.choice(rows, size=VIEWS) for rows in seen])


def batch_loss(taught: Taught, people: People, rng: np.random.Generator, rows_of: list[np.ndarray]) -> torch.Tensor:
    """Loss of a random batch, disturbed, some of it mirrored."""
    rows = batch_rows(people, rng, rows_of)
    x = disturbed(to_tensor(people.images[rows]), colour=0.04)
    mirrored = torch.from_numpy(rng.random(len(rows)) < 0.5)[:, None, None, None]
    x = clip_scale(torch.where(mirrored, x.flip(3), x)).contiguous(memory_format=torch.channels_last)
    features, who = taught.network(x), people.who[rows]
    traits, worn = torch.from_numpy(people.traits[who]), torch.from_numpy(people.worn[who])
    return contrast(features, torch.from_numpy(who)) + TRAIT_WEIGHT * trait_loss(taught, features, traits, worn)


def clip_scale(x: torch.Tensor) -> torch.Tensor:
    """Pictures in 0..1 as CLIP's, and so CCIP's, networks take them."""
    return (x - torch.tensor(MEAN).float().view(3, 1, 1)) / torch.tensor(STD).float().view(3, 1, 1)


def save(network: Network, out: Path) -> Embedder:
    """Write both graphs with the published signature, and open them; the threshold is still to be chosen."""
    write_onnx(network, torch.zeros(2, 3, SIZE, SIZE), out / "model_feat.onnx", "input", "output", {})
    write_onnx(Differences(), torch.randn(3, FEATURES), out / "model_metrics.onnx", "input", "output", {}, square=True)
    write_json(out / "metrics.json", {"threshold": 0.0})
    return Embedder(out / "model_feat.onnx", out / "model_metrics.onnx", out / "metrics.json", "cpu", 1)


def set_threshold(embedder: Embedder, people: People, out: Path) -> str:
    """Choose the threshold on `people`, write metrics.json, and return what it says."""
    same, other = pair_differences(embedder, people)
    threshold, f1 = best_threshold(same, other)
    threshold, f1 = round(threshold, 4), round(f1, 4)
    write_json(out / "metrics.json", {"threshold": threshold, "f1": f1, "same_share": SAME_SHARE})
    return f"threshold {threshold}, F1 {f1}"


def main(
    out: Path = typer.Option(Path("demo/weights/ccip"), help="folder of both ONNX files and metrics.json"),
    families: int = typer.Option(560, help="families of two look-alikes to learn from"),
    frames: int = typer.Option(4, help="frames of each character, some 2.5 crops each"),
    steps: int = typer.Option(480, help=f"batches of {2 * FAMILIES * VIEWS}"),
    seed: int = typer.Option(0, help="seed of drawings and weights"),
) -> None:
    """Teach the embedded character embedder from drawings of random people."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    people = draw_people(families, 2, frames, seed, SIZE)
    others = draw_people(VALIDATION, 1, 3, seed + DIFFERENT_SEED, SIZE)
    print(f"embed: {len(people.who)} crops drawn", file=sys.stderr, flush=True)
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, 1])
    rows_of = [np.flatnonzero(people.who == one) for one in range(len(people.family))]
    for step, average in teach(Taught(), lambda net: batch_loss(net, people, rng, rows_of), steps, RATE, "embed"):
        said = set_threshold(save(average.network, out), others, out)
        print(f"embed step {step}: {out}: {said}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    typer.run(main)
