"""What recipes cost, as they are counted; the table in the docs is what is counted."""

import pytest
import torch
from conftest import ROOT

from bench.recipes import HEADER, Cost, cost_of, examples_of, moments_of, of_images, params_of, row_of
from genga.params.recipes import read_recipe
from genga.training.learnt import Learnt
from genga.training.plan import phases_of, total_steps

NAMES = of_images()


@pytest.fixture(scope="module")
def costs() -> dict[str, Cost]:
    recipes = {name: read_recipe(ROOT, name) for name in NAMES}
    return {name: cost_of(recipe, params_of(recipe)) for name, recipe in recipes.items()}


def test_a_fine_tune_is_the_unet_in_float32_five_times(costs: dict[str, Cost]) -> None:
    found = costs["nai-finetune"]
    assert found.learnt == 859_520_964  # of SD 1.5's UNet
    assert found.held == 859_520_964 * 4 * 5  # values, gradients, two moments, average
    assert found.base == 123_060_480 * 2 + 77 * 8  # CLIP's encoder in half precision, and its positions
    # the published file of half precision: 1131 tensors, 2.13 GB
    assert found.file == 2 * (859_520_964 + 123_060_480 + 83_653_863) + 77 * 8


def test_a_lora_is_its_two_matrices(costs: dict[str, Cost]) -> None:
    assert costs["sd15-lora"].held == costs["sd15-lora"].learnt * 4 * 4  # values, gradients, two moments
    assert costs["sd15-lora"].file == 2 * (costs["sd15-lora"].learnt + 264)  # an alpha a module
    assert costs["sdxl-lora"].file == 2 * (costs["sdxl-lora"].learnt + 722)
    # of each of 28 blocks, at rank 32: six of 2048 and 2048, two of 1024 and 2048, two of 2048 and 8192
    assert costs["anima-lora"].learnt == 28 * 32 * (6 * 4096 + 2 * 3072 + 2 * 10240)
    assert costs["anima-lora"].file == 2 * costs["anima-lora"].learnt


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("lora-v1.0", 1500),
        ("lora-v1.3", 12 * 34),  # 200 images by 6
        ("lora-v1.4", 3000),  # 15 epochs of 84 are fewer
        ("low-memory", 840),
        ("nai-finetune", 10 * 6250),  # 100,000 images by 16
        ("animediffusion", 5 * 6250 + 3 * 3688),  # then 59,000
    ],
)
def test_steps_of_the_example(name: str, steps: int) -> None:
    params = params_of(read_recipe(ROOT, name))
    assert total_steps(phases_of(list(examples_of(params)), params)) == steps


def test_operations_grow_with_what_is_asked_for(costs: dict[str, Cost]) -> None:
    # SD 1.5's UNet at 512 px: 0.8 TFLOP an image; backward is twice that, and most of it is done anew
    assert 3.0 < costs["nai-finetune"].flop / 16 / 0.80e12 < 4.0
    # A LoRA has no gradients of the base's weights
    assert 2.0 < costs["sd15-lora"].flop / 6 / 0.80e12 < 2.5
    assert costs["low-memory"].flop > costs["sd15-lora"].flop  # less memory, more work


def test_eight_bits_of_large_tensors() -> None:
    said = params_of(read_recipe(ROOT, "low-memory"))
    of = {str(size): torch.nn.Parameter(torch.empty(size, device="meta")) for size in (4096, 4095, 5000)}
    learnt = Learnt(of, [{"params": list(of.values()), "of": "learning_rate"}], lambda dtype: {})
    assert said.optimizer == "adamw8bit"
    assert moments_of(learnt, said) == 2 * (4096 + 4 * 16) + 8 * 4095 + 2 * (5000 + 4 * 20)


def test_hours_are_operations_by_speed() -> None:
    assert Cost(1, 1, 1, 1, 40 * 10**12, 1, 7200).hours(40.0) == 2.0


def test_the_table_in_the_docs_is_what_is_counted(costs: dict[str, Cost]) -> None:
    page = (ROOT / "docs/training.md").read_text(encoding="utf-8").splitlines()
    rows = [row_of(name, costs[name]) for name in NAMES]
    start = page.index(f"| {' | '.join(HEADER)} |")
    assert page[start + 2 : start + 2 + len(rows)] == rows
