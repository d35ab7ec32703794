"""Optimizers by their names in section `train`, from the packages that keep them; and their state, to go on from.

adamw: Loshchilov and Hutter 2019, "Decoupled weight decay regularization" (torch). adafactor: Shazeer and Stern 2018,
with the learning rate given (transformers). prodigy: Mishchenko and Defazio 2024, "Prodigy: an expeditiously adaptive
parameter-free learner" (prodigyopt): learning rates are 1. schedulefree: Defazio et al. 2024, "The road less scheduled"
(schedulefree). adamw8bit: Dettmers et al. 2022, "8-bit optimizers via block-wise quantization" (bitsandbytes).
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from genga.errors import GengaError
from genga.params.train import Params

_ON_CPU = "step"  # AdamW counts its steps there


def check(params: Params, device: torch.device) -> None:
    """Raise GengaError if there can be no such optimizer, before images are encoded for it."""
    optimizer_of([{"params": [torch.nn.Parameter(torch.zeros(1, device=device))]}], params, device)


def optimizer_of(groups: list[dict[str, Any]], params: Params, device: torch.device) -> torch.optim.Optimizer:
    """Return the optimizer that section `train` names, for groups of parameters.

    Raises GengaError if its package is not installed, or it is for GPUs only and there is none.
    """
    name, betas = params.optimizer, (params.betas[0], params.betas[1])
    if name == "adamw":
        # foreach: the same bits as tensor by tensor in less time, and as much memory again as what is learnt.
        how = {"fused": True} if params.speed == "fast" else {"foreach": params.method != "full"}
        return torch.optim.AdamW(groups, betas=betas, weight_decay=params.weight_decay, **how)
    if name == "adafactor":
        from transformers.optimization import Adafactor

        fixed = {"scale_parameter": False, "relative_step": False, "warmup_init": False}
        return Adafactor(groups, lr=params.learning_rate, weight_decay=params.weight_decay, **fixed)
    with _installed(name):
        if name == "prodigy":
            from prodigyopt import Prodigy

            how = {"decouple": True, "use_bias_correction": True, "safeguard_warmup": params.warmup > 0}
            return Prodigy(groups, betas=betas, weight_decay=params.weight_decay, **how)
        if name == "schedulefree":
            from schedulefree import AdamWScheduleFree

            optimizer = AdamWScheduleFree(groups, betas=betas, weight_decay=params.weight_decay, foreach=False)
            optimizer.train()
            return optimizer
        if device.type != "cuda":
            raise GengaError("params.yaml:train.optimizer: adamw8bit is for GPUs, and there is none; set it to adamw")
        from bitsandbytes.optim import AdamW8bit

        return AdamW8bit(groups, betas=betas, weight_decay=params.weight_decay)


@contextmanager
def to_be_seen(optimizer: torch.optim.Optimizer, parameters: Mapping[str, torch.nn.Parameter]) -> Iterator[None]:
    """Within the block parameters are what the optimizer would have one see; afterwards what they were, to the bit.

    A schedule-free optimizer trains at another point than the one it has found.
    """
    look, train = getattr(optimizer, "eval", None), getattr(optimizer, "train", None)
    if look is None or train is None:
        yield
        return
    before = {name: one.detach().clone() for name, one in parameters.items()}
    look()
    try:
        yield
    finally:
        train()
        with torch.no_grad():
            for name, value in before.items():
                parameters[name].copy_(value)


@contextmanager
def _installed(optimizer: str) -> Iterator[None]:
    """Say in one line which package is not installed."""
    try:
        yield
    except ImportError as error:
        raise GengaError(
            f"params.yaml:train.optimizer: {optimizer} is not installed (package {error.name}); pip install"
            f" {error.name}, or set it to adamw"
        ) from error


def state_of(
    optimizer: torch.optim.Optimizer, parameters: Mapping[str, torch.nn.Parameter]
) -> tuple[dict[str, torch.Tensor], str]:
    """Return an optimizer's state: tensors by `<parameter>/<kind>`, and its numbers as JSON."""
    tensors, numbers = {}, {}
    for name, parameter in parameters.items():
        for kind, value in optimizer.state.get(parameter, {}).items():
            if isinstance(value, torch.Tensor):
                tensors[f"{name}/{kind}"] = value.detach().clone()
            else:
                numbers[f"{name}/{kind}"] = value
    groups = [{key: _plain(one) for key, one in group.items() if key != "params"} for group in optimizer.param_groups]
    return tensors, json.dumps({"numbers": numbers, "groups": groups})


def restore(
    optimizer: torch.optim.Optimizer,
    parameters: Mapping[str, torch.nn.Parameter],
    tensors: Mapping[str, torch.Tensor],
    words: str,
) -> None:
    """Be as the optimizer was that gave this state."""
    known, own = json.loads(words), defaultdict[str, dict[str, Any]](dict)
    for key, value in {**known["numbers"], **tensors}.items():
        name, _, kind = key.rpartition("/")
        if isinstance(value, torch.Tensor):
            value = value.to("cpu" if kind == _ON_CPU else parameters[name].device)
        own[name][kind] = value
    for name, values in own.items():  # one that never had a gradient has none: of an encoder, what clip_skip leaves out
        optimizer.state[parameters[name]] = values
    for group, values in zip(optimizer.param_groups, known["groups"], strict=True):
        group.update({key: tuple(one) if isinstance(one, list) else one for key, one in values.items()})


def _plain(value: Any) -> Any:
    """A group's value as JSON can hold it."""
    return value.item() if isinstance(value, torch.Tensor) else value
