"""What recipes cost, as they are counted; the table in the docs is what is counted."""

import pytest
import torch
from conftest import ROOT

from bench._activations import Peak, attention_as_on_gpus
from bench._example import examples_of
from bench.recipes import HEADER, Cost, cost_of, moments_of, params_of, row_of
from genga.params.recipes import names_of_recipes, read_recipe
from genga.training.learnt import Learnt
from genga.training.plan import phases_of, total_steps

POSITIONS = 2 * 32 * (5 * 320 + 5 * 640 + 11 * 1280)  # of motion modules' tables, two a module
NAMES = names_of_recipes(ROOT)


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
    # of each of 30 and 40 blocks, at rank 32: eight of 1536 and 1536, two of 1536 and 8960; of 5120 and 13824
    assert costs["wan-lora"].learnt == 30 * 32 * (8 * 3072 + 2 * 10496)
    assert costs["wan22-low-lora"].learnt == costs["wan22-high-lora"].learnt == 40 * 32 * (8 * 10240 + 2 * 18944)
    # of 21 motion modules, four of 320, six of 640, eleven of 1280 wide, eight layers at rank 64
    assert costs["motion-lora"].learnt == 8 * 2 * 64 * (5 * 320 + 5 * 640 + 11 * 1280)


def test_what_moves_is_of_its_published_size(costs: dict[str, Cost]) -> None:
    assert costs["motion"].learnt == 453_209_280 and costs["motion"].file == 2 * (453_209_280 + POSITIONS)
    assert costs["modelscope-finetune"].file == 2 * 1_411_233_860
    # one transformer of 14 billion and UMT5, in half precision, and tables of positions: the other one is not loaded
    assert costs["wan22-high-lora"].base == 2 * (14_288_491_584 + 5_680_910_336 + 2 * 1024 * 128)


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("lora-v1.0", 1500),
        ("lora-v1.3", 12 * 34),  # 200 images by 6
        ("lora-v1.4", 3000),  # 15 epochs of 84 are fewer
        ("low-memory", 840),
        ("nai-finetune", 10 * 6250),  # 100,000 images by 16
        ("animediffusion", 5 * 6250 + 3 * 3688),  # then 59,000
        ("motion", 20 * 1250),  # 5,000 clips by 4
        # 5,000 clips and a third as many stills, by 4; in each epoch of three phases
        ("modelscope-finetune", (4 + 4 + 2) * 1667),
        ("wan-lora", 10 * 25),
    ],
)
def test_steps_of_the_example(name: str, steps: int) -> None:
    params = params_of(recipe := read_recipe(ROOT, name))
    assert total_steps(phases_of(list(examples_of(recipe.family, params)), params)) == steps


def test_operations_grow_with_what_is_asked_for(costs: dict[str, Cost]) -> None:
    # SD 1.5's UNet at 512 px: 0.8 TFLOP an image; backward is twice that, and most of it is done anew
    assert 3.0 < costs["nai-finetune"].flop / 16 / 0.80e12 < 4.0
    # A LoRA has no gradients of the base's weights
    assert 2.0 < costs["sd15-lora"].flop / 6 / 0.80e12 < 2.5
    assert costs["low-memory"].flop > costs["sd15-lora"].flop  # less memory, more work
    assert costs["low-memory"].most * 6 < costs["sd15-lora"].most / 4  # of a batch of 1, and of 6
    # Wan's blocks are of 2 operations a value and token, and of 4 times width for each pair of tokens: 33 frames of
    # 480x480 px are 9 * 30 * 30. Forward, again, and backward to what is learnt; four clips a step
    tokens = 9 * 30 * 30
    forward = 2 * 1.419e9 * tokens + 4 * tokens**2 * 1536 * 30
    assert 2.8 < costs["wan-lora"].flop / 4 / forward < 3.4


META = torch.device("meta")


def test_what_is_there_at_once_is_what_operations_made_and_nobody_let_go() -> None:
    weight = torch.zeros(100, 100, device=META, requires_grad=True)
    x = torch.zeros(50, 100, device=META)
    with Peak([weight, x]) as peak:
        first = x @ weight.T  # 20,000 bytes, and a view of what was there
        second = first.relu()
        del first
        assert peak.now == 20_000 and peak.most == 40_000
        del second
    assert peak.now == 0 and peak.most == 40_000


def test_attention_has_no_matrix_of_all_pairs() -> None:
    sides = [torch.zeros(1, 2, 1000, 8, device=META, requires_grad=True) for _ in range(3)]
    attend, most = torch.nn.functional.scaled_dot_product_attention, []
    with Peak(sides) as plain:
        attend(*sides).sum().backward()
    with attention_as_on_gpus(), Peak(sides) as flash:
        torch.nn.functional.scaled_dot_product_attention(*sides).sum().backward()
    most += [plain.most, flash.most]
    assert most[0] > 2 * 1000 * 1000 * 4 > 20 * most[1]
    assert torch.nn.functional.scaled_dot_product_attention is attend


def test_eight_bits_of_large_tensors() -> None:
    said = params_of(read_recipe(ROOT, "low-memory"))
    of = {str(size): torch.nn.Parameter(torch.empty(size, device="meta")) for size in (4096, 4095, 5000)}
    learnt = Learnt(of, [{"params": list(of.values()), "of": "learning_rate"}], lambda dtype: {})
    assert said.optimizer == "adamw8bit"
    assert moments_of(learnt, said) == 2 * (4096 + 4 * 16) + 8 * 4095 + 2 * (5000 + 4 * 20)


def test_hours_are_operations_by_speed() -> None:
    assert Cost(1, 1, 1, 1, 1, 40 * 10**12, 1, 7200).hours(40.0) == 2.0


def test_the_table_in_the_docs_is_what_is_counted(costs: dict[str, Cost]) -> None:
    page = (ROOT / "docs/training.md").read_text(encoding="utf-8").splitlines()
    rows = [row_of(name, costs[name]) for name in NAMES]
    start = page.index(f"| {' | '.join(HEADER)} |")
    assert page[start + 2 : start + 2 + len(rows)] == rows
