"""What each recipe costs: `python -m bench.recipes [--recipe NAME] [--tflops 40]`.

Counted, not run: the recipe's values are given to the code that trains, with a base of the published size on torch's
meta device, so sizes are exact and operations are torch's own count. Memory is what stays on the device from step to
step (the base as it is placed, what is learnt with gradients, the optimizer's moments and the average), and what there
is at most in a step beside (bench._activations), in the recipe's precision. The autoencoder comes on top while images
are encoded before the first step. Steps are those of an example (bench._example). Wan is 2.1's of 1.3 billion, and of a
recipe for one of two transformers 2.2's of 14 billion. Hours are the operations at --tflops TFLOP/s, an assumption: no
GPU was measured. Prints the table that docs/training.md quotes.
"""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import torch
import typer
from torch.utils.flop_counter import FlopCounterMode

from bench._activations import Peak, attention_as_on_gpus
from bench._example import examples_of
from bench._full_size import META, full_size
from genga.params.check import check_recipe
from genga.params.recipes import Recipe, names_of_recipes, read_recipe
from genga.params.section import parse_section, read_params
from genga.params.train import Params, Select
from genga.training import optimizers
from genga.training.device import DTYPES
from genga.training.families.family import LoadedBase, Size
from genga.training.learnt import Learnt, learnt_of
from genga.training.plan import phases_of, total_steps

ROOT = Path(__file__).resolve().parent.parent
MB = 1_000_000
# What a step costs the same whatever it says: which images are seen, how often and as what, and what is learnt of them.
NO_MATTER: dict[str, Any] = {
    "select": Select(), "epochs": 1, "min_steps": 0, "max_steps": 1, "save_every": 1, "caption_dropout": 0.0,
    "flip": False, "learning_rate": 1.0, "text_learning_rate": 1.0, "schedule": "constant", "warmup": 0,
    "weight_decay": 0.0, "max_grad_norm": 0.0, "timesteps": "uniform", "shift": None, "noise_offset": 0.0,
    "min_snr_gamma": 0.0, "loss": "l2", "huber_schedule": "constant", "held_out": 0, "patience": 0,
}  # fmt: skip
TFLOPS = 40.0  # TFLOP/s that a GPU does, as it is assumed
HEADER = ("recipe", "learnt, millions", "base, MB", "what is learnt, MB", "in a step, MB", "file, MB", "TFLOP a step",
          "images or clips a step", "steps", "hours")  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What a run by a recipe takes."""

    learnt: int  # values
    base: int  # bytes of what is not learnt
    held: int  # bytes of what is learnt: values, gradients, moments, average
    most: int  # bytes of all else that is there at once in a step
    file: int  # bytes of a checkpoint's tensors
    flop: int  # of an optimizer step, in the mean of all
    images: int  # or clips, of an optimizer step
    steps: int

    def hours(self, tflops: float) -> float:
        """At so many TFLOP/s."""
        return self.flop * self.steps / (tflops * 1e12) / 3600


def cost_of(recipe: Recipe, params: Params) -> Cost:
    """Return what a run takes. params: its section `train`."""
    phases = phases_of(list(examples_of(recipe.family, params)), params)
    no_matter = {**NO_MATTER, "expert": params.expert and "high_noise"}  # the two are alike
    each = [_cost_of_a_step(recipe.family, phase.params.model_copy(update=no_matter).model_dump_json())
            for phase in phases]  # fmt: skip
    steps, flop = total_steps(phases), sum(cost.flop * phase.steps for cost, phase in zip(each, phases, strict=True))
    return replace(each[0], steps=steps, flop=flop // steps, most=max(cost.most for cost in each))


@cache
def _cost_of_a_step(family: str, written: str) -> Cost:
    """What a run takes, of no length. written: section `train` as JSON."""
    params = Params.model_validate_json(written)
    loaded = full_size(family, params.expert)
    modules = sum(len(found) for found in loaded.family.adapted(loaded.base, params).values())
    learnt = learnt_of(loaded, params, META)
    own = {id(one) for one in learnt.parameters.values()}
    values = sum(one.numel() for one in learnt.parameters.values())
    networks = loaded.family.networks(loaded.base).values()
    still = [one for network in networks for one in (*network.parameters(), *network.buffers()) if id(one) not in own]
    base = sum(_bytes(one) for one in still)
    held = (3 if params.ema > 0 else 2) * 4 * values + moments_of(learnt, params)  # values, gradients, average: float32
    file, stills = file_of(loaded, params, values, modules), params.clips.stills
    for network in networks:
        network.to(DTYPES[params.precision])  # in one precision, as there is no autocast here
    most = most_of(loaded, params)
    for network in networks:
        network.float()
    flop = round(sum(share * flop_of(loaded, params, frames) for share, frames in (
        (1 - stills, params.clips.length or 1), (stills, 1)) if share))  # fmt: skip
    return Cost(values, base, held, most, file, flop, params.batch * params.accumulation, 0)


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


def flop_of(loaded: LoadedBase, params: Params, frames: int = 1) -> int:
    """Return the floating-point operations of an optimizer step, forward and backward, as torch counts them.

    Captions are encoded anew where anything varies them, with gradients if an encoder is learnt; they are empty, which
    costs CLIP as much as any. Of Anima the adapter alone is counted so, and not Qwen3, nor UMT5 of Wan.
    """
    varied = params.shuffle or params.tag_dropout > 0 or params.text_encoder
    known = None if varied else _conditions(loaded, params)
    with FlopCounterMode(display=False) as counter:
        _step(loaded, params, frames, known)
    return params.accumulation * int(counter.get_total_flops())


def most_of(loaded: LoadedBase, params: Params) -> int:
    """Return the bytes that are there at once in a step, forward and backward, beside networks and what is learnt."""
    networks = loaded.family.networks(loaded.base).values()
    weights = [one for network in networks for one in (*network.parameters(), *network.buffers())]
    for one in weights:
        if one.requires_grad:
            one.grad = torch.zeros_like(one)
    gradients = [one.grad for one in weights if one.grad is not None]
    with attention_as_on_gpus(), Peak([*weights, *gradients]) as peak:
        _step(loaded, params, params.clips.length or 1, None)
    for one in weights:
        one.grad = None
    return peak.most


def _step(loaded: LoadedBase, params: Params, frames: int, known: tuple[torch.Tensor, ...] | None) -> None:
    """A batch forward and backward. known: what captions say; None: it is encoded in the step."""
    width, height = bucket_of(params)
    size = Size((width, height), (0, 0), (width, height))
    noisy = torch.zeros(params.batch, *loaded.latent_shape(width, height, frames), device=META)
    said = _conditions(loaded, params) if known is None else known
    at = torch.zeros(params.batch, device=META)
    predicted = loaded.family.predict(loaded.base, noisy, at, said, [size] * params.batch)
    predicted.square().sum().backward()


def _conditions(loaded: LoadedBase, params: Params) -> tuple[torch.Tensor, ...]:
    with torch.set_grad_enabled(params.text_encoder):
        return loaded.family.encode(loaded.base, [""] * params.batch, params.clip_skip, params.windows)


def bucket_of(params: Params) -> tuple[int, int]:
    """Return the width and height, px, that are counted with."""
    assert params.buckets is not None
    if params.buckets.sizes is not None:
        width, height = params.buckets.sizes[0]
        return width, height
    assert params.buckets.resolution is not None
    return params.buckets.resolution, params.buckets.resolution


def _bytes(one: torch.Tensor) -> int:
    return one.numel() * one.element_size()


def row_of(name: str, cost: Cost, tflops: float = TFLOPS) -> str:
    """Return a recipe's line of the table."""
    sizes = (f"{size / MB:,.0f}" for size in (cost.base, cost.held, cost.most, cost.file))
    shown = (
        name, f"{cost.learnt / 1e6:.1f}", *sizes, f"{cost.flop / 1e12:.1f}", str(cost.images), f"{cost.steps:,}",
        f"{cost.hours(tflops):.1f}",
    )  # fmt: skip
    return f"| {' | '.join(shown)} |"


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
    for name in [recipe] if recipe else names_of_recipes(ROOT):
        found = read_recipe(ROOT, name)
        print(row_of(name, cost_of(found, params_of(found)), tflops), flush=True)


if __name__ == "__main__":
    typer.run(main)
