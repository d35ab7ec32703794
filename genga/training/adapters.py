"""Put matrices beside a network's weights, and take them out again: LoRA by peft, LoHa, LoKr and DoRA by lycoris."""

import logging
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from peft import LoraConfig, inject_adapter_in_model

from genga.errors import GengaError
from genga.params.train import Params
from genga.training.rng import generator

_ADAPTER = "default"  # peft's name for the one adapter

# How lycoris begins what does not begin as zeros: deviations of normal draws, and what is uniform.
_NORMAL = {"hada_w1_a": 0.1, "hada_w1_b": 1.0, "hada_w2_b": 1.0}
_UNIFORM = {"lora_down.weight", "lokr_w1", "lokr_w2_a"}


class Rank(NamedTuple):
    """How large a module's matrices are, and how strong."""

    rank: int
    alpha: float  # what they give is scaled by alpha / rank


@dataclass(frozen=True)
class Factors:
    """What the change of a module's weight is made of, as a file has it."""

    parts: dict[str, torch.nn.Parameter]  # by lycoris' names, in its order
    rank: int
    alpha: float
    folded: float  # what one of the parts is multiplied by in the file, where modules differ in alpha / rank


def attached(network: torch.nn.Module, modules: list[str], params: Params, name: str) -> dict[str, Factors]:
    """Put what `params` say at `modules`, in float32 and trainable; return it by module.

    The network's output does not change by it. Draws depend on (seed, name, module) alone; name: what its family calls
    the network.
    """
    rank = Rank(params.rank, params.alpha)
    wide = Rank(params.conv_rank or rank.rank, params.conv_alpha or rank.alpha)
    if params.method != "lora":
        return _by_lycoris(network, modules, params, rank, wide, name)
    sizes = [wide if _is_wide(network.get_submodule(module)) else rank for module in modules]
    attach(network, modules, *rank, params.seed, name, None if wide == rank else wide)
    found = {}
    for (module, down, up), size in zip(matrices(network, modules), sizes, strict=True):
        alpha, folded = (rank.alpha, 1.0) if wide == rank else (size.rank, size.alpha / size.rank)
        found[module] = Factors({"lora_down.weight": down, "lora_up.weight": up}, size.rank, alpha, folded)
    return found


def _is_wide(module: torch.nn.Module) -> bool:
    """Whether a module is a convolution wider than 1x1: these may have a rank of their own, as kohya's and lycoris'."""
    return max(getattr(module, "kernel_size", (1,))) > 1


def attach(
    network: torch.nn.Module,
    modules: list[str],
    rank: int,
    alpha: float,
    seed: int,
    name: str,
    wide: Rank | None = None,
) -> None:
    """Put LoRA matrices at `modules`, in float32 and trainable; the network's output does not change by it.

    `down` is uniform in +-1/sqrt(inputs) (PyTorch's and kohya's initialisation), `up` is 0. The draws depend on
    (seed, name, module) alone; name: what its family calls the network; wide: of convolutions wider than 1x1, if it is
    another.
    """
    settings: dict[str, Any] = {"r": rank, "lora_alpha": alpha, "target_modules": modules}
    if wide is not None:
        paths = [f"^{re.escape(module)}" for module in modules if _is_wide(network.get_submodule(module))]
        settings["rank_pattern"] = dict.fromkeys(paths, wide.rank)
        settings["alpha_pattern"] = dict.fromkeys(paths, wide.alpha)
    inject_adapter_in_model(LoraConfig(**settings), network, _ADAPTER)
    with torch.no_grad():
        for module, down, up in matrices(network, modules):
            drawn = _uniform(down, seed, name, module, "down")
            down.data = torch.from_numpy(drawn).to(down.device, torch.float32)
            up.data = torch.zeros_like(up, dtype=torch.float32)


def _uniform(weight: torch.Tensor, *key: str | int) -> Any:
    """Draws in +-1/sqrt(inputs), float64 of the weight's shape."""
    bound = weight[0].numel() ** -0.5
    return generator(*key).uniform(-bound, bound, tuple(weight.shape))


def matrices(
    network: torch.nn.Module, modules: list[str]
) -> Iterator[tuple[str, torch.nn.Parameter, torch.nn.Parameter]]:
    """Yield (module, down, up) for each adapted module, in the order given."""
    for module in modules:
        layer: Any = network.get_submodule(module)  # of peft
        yield module, layer.lora_A[_ADAPTER].weight, layer.lora_B[_ADAPTER].weight


def _by_lycoris(
    network: torch.nn.Module, modules: list[str], params: Params, rank: Rank, wide: Rank, name: str
) -> dict[str, Factors]:
    from lycoris.modules.locon import LoConModule
    from lycoris.modules.loha import LohaModule
    from lycoris.modules.lokr import LokrModule

    logging.getLogger("LyCORIS").setLevel(logging.ERROR)  # it tells of every layer's factors on stdout
    kinds: dict[str, tuple[Any, dict[str, Any]]] = {
        "dora": (LoConModule, {"weight_decompose": True}),
        "loha": (LohaModule, {}),
        "lokr": (LokrModule, {"factor": params.factor}),
    }
    kind, more = kinds[params.method]
    found = {}
    for module in modules:
        layer: Any = network.get_submodule(module)
        size = wide if _is_wide(layer) else rank
        made = kind(module, layer, lora_dim=size.rank, alpha=size.alpha, **more).to(layer.weight.device)
        parts = dict(made.named_parameters())
        for part, weight in parts.items():
            _begin(part, weight, params.seed, name, module)
        made.apply_to()
        found[module] = Factors(parts, size.rank, size.rank, made.scale)  # 1 for a LoKr whose two factors are whole
    return found


def _begin(part: str, weight: torch.nn.Parameter, *key: str | int) -> None:
    """Draw anew what lycoris has drawn: by what it is for. Zeros stay, and so do the lengths of DoRA."""
    if part in _NORMAL:
        drawn = generator(*key, part).standard_normal(tuple(weight.shape)) * _NORMAL[part]
    elif part in _UNIFORM:
        drawn = _uniform(weight, *key, part)
    else:
        return
    weight.data = torch.from_numpy(drawn).to(weight.device, torch.float32)


def check_factor(factor: int, shapes: Mapping[str, torch.Size]) -> None:
    """Raise GengaError if LoKr's factor does not divide both sides of every module's weight. shapes: by module."""
    for module, (rows, columns, *_) in shapes.items():
        if rows % factor or columns % factor:
            common = math.gcd(*(side for shape in shapes.values() for side in shape[:2]))
            what = f"params.yaml:train.factor {factor} does not divide the {rows} x {columns} of {module}"
            raise GengaError(f"{what}; take a divisor of {common}, or -1")
