"""Teach the finder of burnt-in text: which cells of a picture's luma are in a line of text, and along its middle.

A small encoder and decoder as of EAST and DB (Zhou et al. 2017; Liao et al. 2020): a line is told from the next by its
core, the box made smaller (Wang et al. 2019, "Shape Robust Text Detection with Progressive Scale Expansion Network").

    python -m demo.teach.text_lines --out genga/drawings/_text/text_lines.onnx
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from demo.teach.export import write_onnx
from demo.teach.learning import block, teach
from demo.teach.lettered import Grey, Lettered, draw_lettered, drawings

SEED = 20250
CYCLES = 900, 2600  # batches
BATCH = 8
BACKS = 600  # drawings that text is laid over
RATE = 6e-3
WIDTHS = 8, 16, 48
REACH = 1, 2, 4, 8, 2, 1  # dilations


class Apart(nn.Module):
    """What is around each place, channel by channel, mixed and added to what was there."""

    def __init__(self, width: int, reach: int) -> None:
        super().__init__()
        self.around = nn.Conv2d(width, width, 3, padding=reach, dilation=reach, groups=width, bias=False)
        self.mixed = block(width, width, size=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, width, rows, columns) to the same."""
        return x + self.mixed(self.around(x))


class Finder(nn.Module):
    """Luma (n, 1, height, width) in 0..1, sides multiples of 8, to logits (n, 2, height / 4, width / 4): line, core."""

    def __init__(self) -> None:
        super().__init__()
        few, some, many = WIDTHS
        self.second, self.fourth, self.eighth = block(1, few, 2), block(few, some, 2), block(some, many, 2)
        self.wide = nn.Sequential(*(Apart(many, reach) for reach in REACH))
        self.down = nn.Conv2d(many, some, 1)
        self.again = Apart(some, 1)
        self.said = nn.Conv2d(some, 2, 1)

    def forward(self, luma: torch.Tensor) -> torch.Tensor:
        fine = self.fourth(self.second(luma))
        coarse = self.down(self.wide(self.eighth(fine)))
        return self.said(self.again(F.relu(fine + F.interpolate(coarse, scale_factor=2.0, mode="nearest"))))


def loss_of(said: torch.Tensor, truth: Lettered) -> torch.Tensor:
    """Cross entropy of cells, and what is missing of the overlap (Dice), of lines and of their cores."""
    asked = torch.from_numpy(truth.asked).float()
    total = said.new_zeros(())
    for k, cells in enumerate((truth.line, truth.core)):
        want, have = torch.from_numpy(cells).float(), said[:, k].float()
        each = F.binary_cross_entropy_with_logits(have, want, reduction="none") * asked
        likely = torch.sigmoid(have) * asked
        both = (likely * want).sum()
        dice = 1 - (2 * both + 1) / ((likely**2).sum() + (want * asked).sum() + 1)
        hard = each.flatten().topk(each.numel() // 20).values.mean()
        total = total + 2 * each.mean() + 0.3 * hard + 0.5 * dice
    return total


def finder(cycles: Sequence[int] = CYCLES, seed: int = SEED) -> Finder:
    """The finder, taught in cycles: each begins where the last one ended, with other drawings."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    model = Finder()
    for cycle, batches in enumerate(cycles):
        rng = np.random.default_rng([seed, cycle])
        backs = drawings(rng, BACKS)

        def loss(learner: Finder, rng: np.random.Generator = rng, backs: Grey = backs) -> torch.Tensor:
            made = draw_lettered(rng, BATCH, backs)
            return loss_of(learner(torch.from_numpy(made.images)[:, None].float() / 255), made)

        ((_, model),) = teach(model, loss, batches, RATE, f"text lines, cycle {cycle + 1}", 1)
    return model


class Said(nn.Module):
    """What the finder says of luma, 0..255, as shares: how likely each cell is in a line, and in its core."""

    def __init__(self, finder: Finder) -> None:
        super().__init__()
        self.finder = finder

    def forward(self, luma: torch.Tensor) -> torch.Tensor:
        """(n, 1, height, width) to (n, 2, rows, columns)."""
        return torch.sigmoid(self.finder(luma / 255))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="an .onnx")
    options = parser.parse_args()
    example = torch.zeros(1, 1, 480, 640)
    write_onnx(Said(finder()), example, options.out, "luma", "likely", free=True)


if __name__ == "__main__":
    main()
