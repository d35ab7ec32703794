"""What of a base is learnt: matrices put beside it, or all of its weights; and the average of it over the steps."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from genga.errors import GengaError
from genga.params.train import Params
from genga.training import adapters, lora_file
from genga.training.device import place
from genga.training.families.family import LoadedBase
from genga.training.tensor_file import Tensors, in_precision


@dataclass(frozen=True)
class Learnt:
    """What is learnt, in place and ready to be trained."""

    parameters: dict[str, torch.nn.Parameter]  # by names that states go by, in a fixed order
    groups: list[dict[str, Any]]  # of the optimizer: `params`, and `of`, the key of their learning rate
    tensors: Callable[[torch.dtype], Tensors]  # of a checkpoint's file


def learnt_of(loaded: LoadedBase, params: Params, device: torch.device) -> Learnt:
    """Move a base's networks to `device`, and make ready what section `train` says is learnt of them."""
    whole = params.method == "full"
    adapted = adapted_of(loaded, params)  # a network of which nothing is, is not learnt at all
    for name, network in loaded.family.networks(loaded.base).items():
        # What is learnt whole stays in float32: a small step would be lost in half precision.
        place(network, device, "float32" if whole and adapted[name] else params.precision)
    learnt = (_weights if whole else _matrices)(loaded, params, adapted)
    if not learnt.parameters:
        raise GengaError(f"params.yaml:train: base {loaded.name} has nothing that is to be learnt")
    return learnt


def adapted_of(loaded: LoadedBase, params: Params) -> dict[str, list[str]]:
    """Return the paths of the modules that are learnt, by network: those that section `train` names."""
    adapted = loaded.family.adapted(loaded.base, params)
    if params.method == "full":  # which learns more of a network than such modules: `_weights` asks for `parts`
        return adapted
    return {name: [path for path in paths if _is_named(path, params)] for name, paths in adapted.items()}


def _is_named(path: str, params: Params) -> bool:
    return params.parts is None or any(part in path for part in params.parts)


def _group(loaded: LoadedBase, network: str, parameters: Mapping[str, torch.nn.Parameter]) -> dict[str, Any]:
    rate = "text_learning_rate" if network in loaded.family.encoders else "learning_rate"
    return {"params": list(parameters.values()), "of": rate}


def _matrices(loaded: LoadedBase, params: Params, adapted: Mapping[str, list[str]]) -> Learnt:
    """Matrices in float32, in networks that may be in half precision. The autoencoder's weights are let go.

    Latents are made when training begins, and what is written has none of them: a third of a GB of SD 1.5's.
    """
    family, networks = loaded.family, loaded.family.networks(loaded.base)
    family.autoencoder(loaded.base).to("meta")
    found: dict[str, dict[str, adapters.Factors]] = {}
    parameters: dict[str, torch.nn.Parameter] = {}
    groups = []
    for name, network in networks.items():
        if not adapted[name]:
            continue
        found[name] = adapters.attached(network, adapted[name], params, name)
        _train(network, params)
        own = {f"{name}.{module}.{part}": one for module, of in found[name].items() for part, one in of.parts.items()}
        parameters |= own
        groups.append(_group(loaded, name, own))

    def tensors(dtype: torch.dtype) -> Tensors:
        whole: Tensors = {}
        for name, modules in found.items():
            for module, of in modules.items():
                called = family.name_in_file(name, module)
                whole |= lora_file.entries(called, of.parts, of.rank, of.alpha, of.folded, dtype, family.lora_keys)
        return whole

    return Learnt(parameters, groups, tensors)


def check_method(loaded: LoadedBase, params: Params) -> None:
    """Raise GengaError if a base's modules cannot be changed by the method of section `train`."""
    if params.method != "lokr" or params.factor < 0:
        return
    networks, adapted = loaded.family.networks(loaded.base), adapted_of(loaded, params)
    layers: dict[str, Any] = {
        loaded.family.name_in_file(name, path): networks[name].get_submodule(path)
        for name, paths in adapted.items()
        for path in paths
    }
    adapters.check_factor(params.factor, {name: layer.weight.shape for name, layer in layers.items()})


def _weights(loaded: LoadedBase, params: Params, adapted: Mapping[str, list[str]]) -> Learnt:
    """All weights of the networks that are learnt, or those that family and `parts` name: a full fine-tune."""
    family, networks = loaded.family, loaded.family.networks(loaded.base)
    chosen = family.learnt(loaded.base, params) if family.learnt is not None else {}
    parameters: dict[str, torch.nn.Parameter] = {}
    groups = []
    for name, network in networks.items():
        if not adapted[name]:
            continue
        _train(network, params)
        known = dict(network.named_parameters())
        own = {f"{name}.{key}": known[key] for key in chosen.get(name, known) if _is_named(key, params)}
        for weight in own.values():
            weight.requires_grad_(True)
        parameters |= own
        groups.append(_group(loaded, name, own))

    def tensors(dtype: torch.dtype) -> Tensors:
        states = {name: network.state_dict() for name, network in networks.items()}
        return in_precision(family.whole(loaded.base, states), dtype)

    return Learnt(parameters, groups, tensors)


def _train(network: Any, params: Params) -> None:
    """Recompute activations in the backward pass, where that is wanted."""
    if not params.gradient_checkpointing:
        return
    network.train()  # in evaluation the networks ignore the switch
    names = ("enable_gradient_checkpointing", "activation_checkpointing_enable", "gradient_checkpointing_enable")
    switch = next(name for name in names if hasattr(network, name))  # diffusers', transformers' now and before
    getattr(network, switch)()


class Average:
    """The exponential moving average (EMA) of what is learnt: what is drawn with and written.

    After step n the average is d times itself plus 1 - d times what was learnt, d being the smaller of `decay` and
    (1 + n) / (10 + n), so that a short run does not average its beginning: as diffusers' EMAModel. decay 0: no average.
    """

    def __init__(self, parameters: Mapping[str, torch.nn.Parameter], decay: float) -> None:
        self._parameters, self._decay = parameters, decay
        self.values = {name: one.detach().clone() for name, one in parameters.items()} if decay > 0 else {}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in what was learnt in step `step`, 1.."""
        decay = min(self._decay, (1 + step) / (10 + step))
        for name, average in self.values.items():
            average.lerp_(self._parameters[name], 1 - decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Within the block, what was learnt is its average; afterwards it is what it was, to the bit."""
        before = {name: one.detach().clone() for name, one in self._parameters.items()} if self.values else {}
        try:
            self._set(self.values)
            yield
        finally:
            self._set(before)

    @torch.no_grad()
    def _set(self, values: Mapping[str, torch.Tensor]) -> None:
        for name, value in values.items():
            self._parameters[name].copy_(value)
