"""A few looks at noise, by which a tiny base of any family is trained in seconds."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from accelerate.state import AcceleratorState

from genga.training.examples import Example
from genga.training.families.family import LoadedBase
from genga.training.resume import RunFolder
from genga.training.train import Trained, train
from genga.training.transforms import Cut

CPU = torch.device("cpu")


def example(number: int, bucket: tuple[int, int], caption: str = "hana, 1girl, smile") -> Example:
    """An image of its bucket's size, cut out of one that was 16 px wider and 8 px higher, from 8, 4 on."""
    width, height = bucket
    cut = Cut((width + 16, height + 8), (8, 4, 8 + width, 4 + height))
    file = ("", 0, 0, str(number))
    return Example(
        f"i{number}", f"s/e/{number:06d}", None, caption, 1, cut, file, 1, 1.0, (2 * width + 32, 2 * height + 16)
    )


EXAMPLES = [
    example(0, (32, 32)),
    example(1, (32, 32), "hana, solo"),
    example(2, (32, 32), "hana, outdoors, standing"),
    example(3, (40, 24), "yuki"),
]


def pixels(of: Example) -> np.ndarray:
    width, height = of.cut.scaled
    return np.random.default_rng(int(of.file[-1])).integers(0, 256, (height, width, 3), dtype=np.uint8)


def train_tiny(
    loaded: LoadedBase, folder: Path, values, after=lambda step, loss: None, examples: Sequence[Example] = EXAMPLES
) -> Trained:
    """Train the run `hana` in `folder`."""
    AcceleratorState._reset_state(reset_partial_state=True)
    run = RunFolder(folder / "hana", "hana")
    return train(list(examples), pixels, loaded, values, run, folder / "cache", CPU, after)
