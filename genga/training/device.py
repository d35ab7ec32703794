"""How a network is computed, whatever it is part of: device, precision, threads; and its weights as a hash."""

import functools
import gc
import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def _lightly(*unused: str) -> Iterator[None]:
    """Within the block imports do not find these packages, unless they are there already, and nothing is looked for
    that could be thrown away: of a library's hundred thousand objects nothing can. What is to be remembered is."""
    hidden: dict[str, Any] = {name: None for name in unused if name not in sys.modules}
    sys.modules.update(hidden)
    collected, remembering = gc.isenabled(), functools.lru_cache
    gc.disable()
    functools.lru_cache = _all_of_it
    try:
        yield
    finally:
        functools.lru_cache = remembering
        gc.freeze()
        if collected:
            gc.enable()
        for name in hidden:
            del sys.modules[name]


def _all_of_it(maxsize: Any = 128, typed: bool = False, remembering: Any = functools.lru_cache) -> Any:
    """functools.lru_cache, but where no size is named all answers are kept.

    transformers 5.23 asks for each of its 550 folders twice, in turn, and would keep 128: it reads all files twice.
    """
    return remembering(None)(maxsize) if callable(maxsize) else remembering(maxsize, typed)


# A third of what these libraries take to load: they take others where they find them, for what is not done here. Each
# asks once whether they are there.
with _lightly("boto3", "scipy"):
    import accelerate  # noqa: F401
    import torch
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import is_scipy_available
    from transformers.utils import logging as transformers_logging

    is_scipy_available()

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}  # by name in params.yaml


def device_of(wanted: str) -> torch.device:
    """Return the device for `auto`, `cpu` or `cuda`; a wanted CUDA that is not there is said on stderr."""
    there = torch.cuda.is_available()
    if wanted == "cuda" and not there:
        print("models.device is cuda, but there is no CUDA device: the CPU is used", file=sys.stderr)
    return torch.device("cuda" if there and wanted != "cpu" else "cpu")


def use_threads(count: int) -> None:
    """Set how many CPU threads torch uses in this process, here and nowhere else: they are part of the result."""
    torch.set_num_threads(count)


def place(network: Any, device: torch.device, precision: str) -> None:
    """Move a network to a device, in a precision by its name in params.yaml."""
    network.to(device)
    if network.dtype != DTYPES[precision]:
        with quiet():  # diffusers warns of casting, whether or not anything has to stay in float32
            network.to(dtype=DTYPES[precision])


def state_sha256(module: torch.nn.Module) -> str:
    """Return the sha256 over a module's tensors, names and shapes: equal weights, equal hash, whatever the file."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' loading bars out of the logs."""
    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    verbosity = diffusers_logging.get_verbosity(), transformers_logging.get_verbosity()
    diffusers_logging.set_verbosity_error()
    transformers_logging.set_verbosity_error()
    try:
        yield
    finally:
        diffusers_logging.set_verbosity(verbosity[0])
        transformers_logging.set_verbosity(verbosity[1])
