"""A base as a checkpoint makes it, for as long as one looks at it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch

from genga.errors import GengaError
from genga.training import lora_file, tensor_file
from genga.training.families.family import LoadedBase
from genga.training.tensor_file import Tensors


@contextmanager
def applied(loaded: LoadedBase, file: Path | None, is_whole: bool) -> Iterator[None]:
    """Within the block, the networks of a base are what a checkpoint makes of them; None: what they are.

    is_whole: whether it has all weights, or matrices beside the base's. Afterwards they are what they were, to the bit.
    Raises GengaError for a checkpoint of another base.
    """
    tensors = tensor_file.read(file) if file else {}
    if is_whole and file:
        with _replaced(loaded, tensors, file):
            yield
    else:
        with lora_file.merged(modules_by_name(loaded), tensors, loaded.family.lora_keys):
            yield


def of_expert(loaded: LoadedBase, expert: str | None) -> LoadedBase:
    """Return the base of which a checkpoint changes one network alone, of those that share the noise.

    expert: what `train.expert` calls it; None: the base has one for all. Raises GengaError if it has not.
    """
    experts = loaded.family.experts
    return loaded if experts is None else replace(loaded, base=experts.of(loaded.base, expert))


def modules_by_name(loaded: LoadedBase) -> dict[str, torch.nn.Module]:
    """Return the modules of a base that a LoRA can change (linear and convolution), by their name in the file."""
    return {
        loaded.family.name_in_file(name, path): module
        for name, network in loaded.family.networks(loaded.base).items()
        for path, module in network.named_modules()
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d | torch.nn.Conv3d)
    }


@contextmanager
def _replaced(loaded: LoadedBase, tensors: Tensors, file: Path) -> Iterator[None]:
    networks, another = loaded.family.networks(loaded.base), f"{file}: was made of another base than {loaded.name}"
    try:
        states = loaded.family.states(loaded.base, tensors)
    except (KeyError, RuntimeError, ValueError) as error:
        raise GengaError(f"{another} ({_first_line(error)})") from error
    before = {name: {key: one.clone() for key, one in net.state_dict().items()} for name, net in networks.items()}
    try:
        try:
            for name, network in networks.items():
                _put(network, states[name])
        except (KeyError, RuntimeError) as error:
            raise GengaError(f"{another} ({_first_line(error)})") from error
        yield
    finally:
        for name, state in before.items():
            _put(networks[name], state)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


@torch.no_grad()
def _put(network: torch.nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    for name, one in network.state_dict().items():
        one.copy_(state[name])
