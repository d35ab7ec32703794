"""What each recipe costs: `python -m bench.recipes [--recipe NAME] [--tflops 40]`.

Counted, not run: the recipe's values are given to the code that trains, with a base of the published size on torch's
meta device, so sizes are exact and operations are torch's own count. Memory is what stays on the device from step to
step: the base as it is placed, what is learnt with gradients, the optimizer's moments and the average. Activations,
which grow with batch and resolution, come on top, as does the autoencoder while images are encoded before the first
step. Steps are those of an example: of a LoRA a character's 500 images (200 whole figures, 150 upper bodies, 150
heads), of a fine-tune 100,000 images, of which 59 in 100 are of the best tier, as many as AnimeDiffusion's filter left;
all of one bucket. Hours are the operations at --tflops TFLOP/s, an assumption: no GPU was measured.
Prints the table that docs/training.md quotes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import torch
import typer
from torch.utils.flop_counter import FlopCounterMode

from bench._full_size import META, full_size
from genga.params.check import check_recipe
from genga.params.recipes import Recipe, names_of_recipes, read_recipe
from genga.params.section import parse_section, read_params
from genga.params.train import Params, Select
from genga.training import optimizers
from genga.training.device import DTYPES
from genga.training.examples import Example
from genga.training.families.family import LoadedBase, Size, moves
from genga.training.learnt import Learnt, learnt_of
from genga.training.plan import phases_of, total_steps
from genga.training.transforms import Cut

ROOT = Path(__file__).resolve().parent.parent
MB = 1_000_000
CHARACTER = {"fullbody": 200, "halfbody": 150, "head": 150}  # images, by kind
EVERYTHING, BEST = 100_000, 59  # images of a fine-tune, and how many of a hundred are of the best tier
# What changes nothing but which images are seen, how often, and as what.
NO_MATTER = {
    "select": Select(),
    "epochs": 1,
    "min_steps": 0,
    "max_steps": 1,
    "noise_offset": 0.0,
    "caption_dropout": 0.0,
}
TFLOPS = 40.0  # TFLOP/s that a GPU does, as it is assumed
HEADER = ("recipe", "learnt, millions", "base, MB", "what is learnt, MB", "file, MB", "TFLOP a step",
          "images a step", "steps", "hours")  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What a run by a recipe takes."""

    learnt: int  # values
    base: int  # bytes of what is not learnt
    held: int  # bytes of what is learnt: values, gradients, moments, average
    file: int  # bytes of a checkpoint's tensors
    flop: int  # of an optimizer step
    images: int  # of an optimizer step
    steps: int

    def hours(self, tflops: float) -> float:
        """At so many TFLOP/s."""
        return self.flop * self.steps / (tflops * 1e12) / 3600


def cost_of(recipe: Recipe, params: Params) -> Cost:
    """Return what a run takes. params: its section `train`."""
    steps = total_steps(phases_of(list(examples_of(params)), params))
    alike = params.phase(0).model_copy(update=NO_MATTER)
    return replace(_cost_of_a_step(recipe.family, alike.model_dump_json()), steps=steps)


@cache
def _cost_of_a_step(family: str, written: str) -> Cost:
    """What a run takes, of no length. written: section `train` as JSON."""
    params = Params.model_validate_json(written)
    loaded = full_size(family)
    modules = sum(len(found) for found in loaded.family.adapted(loaded.base, params).values())
    learnt = learnt_of(loaded, params, META)
    own = {id(one) for one in learnt.parameters.values()}
    values = sum(one.numel() for one in learnt.parameters.values())
    networks = loaded.family.networks(loaded.base).values()
    still = [one for network in networks for one in (*network.parameters(), *network.buffers()) if id(one) not in own]
    base = sum(_bytes(one) for one in still)
    held = (3 if params.ema > 0 else 2) * 4 * values + moments_of(learnt, params)  # values, gradients, average: float32
    for network in networks:
        network.float()  # operations are counted without autocast, which there is none of here
    file, flop = file_of(loaded, params, values, modules), flop_of(loaded, params)
    return Cost(values, base, held, file, flop, params.batch * params.accumulation, 0)


def moments_of(learnt: Learnt, params: Params) -> int:
    """Return the bytes of what the optimizer keeps of what is learnt.

    adamw8bit: a byte for each of two moments and a float32 for each 256 of them; tensors below 4096 values are kept in
    float32 (bitsandbytes' block size and `min_8bit_size`).
    """
    sizes = [one.numel() for one in learnt.parameters.values()]
    if params.optimizer == "adamw8bit":
        return sum(2 * (size + 4 * -(-size // 256)) if size >= 4096 else 8 * size for size in sizes)
    optimizer = optimizers.optimizer_of(learnt.groups, params, META)
    for one in learnt.parameters.values():
        one.grad = torch.zeros_like(one)
    optimizer.step()
    kept, _ = optimizers.state_of(optimizer, learnt.parameters)
    for one in learnt.parameters.values():
        one.grad = None
    return sum(_bytes(one) for one in kept.values() if one.device == META)


def file_of(loaded: LoadedBase, params: Params, values: int, modules: int) -> int:
    """Return the bytes of a checkpoint's tensors. values: that are learnt; modules: in which."""
    each = DTYPES[params.save_precision].itemsize
    if params.method == "full":
        whole = loaded.family.whole(loaded.base, {}).values()
        return sum(each * one.numel() if one.is_floating_point() else _bytes(one) for one in whole)
    return each * (values + (0 if loaded.family.lora_keys.alpha is None else modules))


def flop_of(loaded: LoadedBase, params: Params) -> int:
    """Return the floating-point operations of an optimizer step, forward and backward, as torch counts them.

    Captions are encoded anew where anything varies them, with gradients if an encoder is learnt; they are empty, which
    costs CLIP as much as any. Of Anima the adapter alone is counted so, and not Qwen3.
    """
    family, base, batch = loaded.family, loaded.base, params.batch
    width, height = bucket_of(params)
    varied = params.shuffle or params.tag_dropout > 0 or params.text_encoder
    size = Size((width, height), (0, 0), (width, height))
    noisy = torch.zeros(batch, *family.latent_shape(base, width, height), device=META)

    def conditions() -> tuple[torch.Tensor, ...]:
        with torch.set_grad_enabled(params.text_encoder):
            return family.encode(base, [""] * batch, params.clip_skip, params.windows)

    known = None if varied else conditions()
    with FlopCounterMode(display=False) as counter:
        said = conditions() if known is None else known
        predicted = family.predict(base, noisy, torch.zeros(batch, device=META), said, [size] * batch)
        predicted.square().sum().backward()
    return params.accumulation * int(counter.get_total_flops())


def bucket_of(params: Params) -> tuple[int, int]:
    """Return the width and height, px, that are counted with."""
    assert params.buckets is not None
    if params.buckets.sizes is not None:
        width, height = params.buckets.sizes[0]
        return width, height
    assert params.buckets.resolution is not None
    return params.buckets.resolution, params.buckets.resolution


def examples_of(params: Params) -> Iterator[Example]:
    """Yield the images of the example; a fine-tune's are 100, each seen so often that there are as many looks."""
    if params.method == "lora":
        kinds = [kind for kind, count in CHARACTER.items() for _ in range(count)]
        yield from (_example(number, kind, "good", 1) for number, kind in enumerate(kinds))
        return
    for number in range(100):
        yield _example(number, "still", "best" if number < BEST else "good", EVERYTHING // 100)


def _example(number: int, kind: str, tier: str, repeats: int) -> Example:
    cut = Cut((512, 512), (0, 0, 512, 512))
    return Example(f"i{number}", "s", None, "", 0, cut, ("", 0, 0, ""), repeats, 1.0, (1024, 1024), kind, "hana", tier)


def _bytes(one: torch.Tensor) -> int:
    return one.numel() * one.element_size()


def row_of(name: str, cost: Cost, tflops: float = TFLOPS) -> str:
    """Return a recipe's line of the table."""
    shown = (
        name, f"{cost.learnt / 1e6:.1f}", f"{cost.base / MB:,.0f}", f"{cost.held / MB:,.0f}", f"{cost.file / MB:,.0f}",
        f"{cost.flop / 1e12:.1f}", str(cost.images), f"{cost.steps:,}", f"{cost.hours(tflops):.1f}",
    )  # fmt: skip
    return f"| {' | '.join(shown)} |"


def of_images() -> list[str]:
    """Return the recipes for bases that learn from images: a clip's cost is its frames'."""
    return [name for name in names_of_recipes(ROOT) if not moves(ROOT, read_recipe(ROOT, name).family)]


def params_of(recipe: Recipe) -> Params:
    """Return section `train` as a recipe has it, over params.yaml's."""
    values = read_params(ROOT / "params.yaml")
    check_recipe(values, recipe)
    return parse_section("train", Params, {**values["train"], **recipe.of("train")})


def main(
    recipe: str = typer.Option("", help="one alone; default all"),
    tflops: float = typer.Option(TFLOPS, help="TFLOP/s that hours are reckoned with"),
) -> None:
    """Count, print."""
    print(f"| {' | '.join(HEADER)} |")
    print(f"|{'---|' * len(HEADER)}")
    for name in [recipe] if recipe else of_images():
        found = read_recipe(ROOT, name)
        print(row_of(name, cost_of(found, params_of(found)), tflops), flush=True)


if __name__ == "__main__":
    typer.run(main)
