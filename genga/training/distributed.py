"""The processes that train one run together: what each of them sees, and sums over all of them.

The plan of a run knows nothing of them. Of every batch each process takes its part; the sums of losses and gradients
are what one process would have had of the whole batch, but for the order in which floats are added. So the ledger is
the same to the byte, and every process has the same matrices after every step. Only the first one writes into the
run's folder.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from accelerate import PartialState
from torch import distributed

from genga.errors import GengaError

T = TypeVar("T")


@dataclass(frozen=True)
class Processes:
    """One of `count` processes."""

    index: int = 0
    count: int = 1
    device: torch.device = torch.device("cpu")  # of tensors that go between processes

    @property
    def is_first(self) -> bool:
        """Whether this is the one that writes."""
        return self.index == 0

    def part(self, items: Sequence[T]) -> list[T]:
        """Return what of `items` is for this process; nothing, where there are fewer than processes."""
        return list(items[self.index :: self.count])

    def owns(self, key: str) -> bool:
        """Whether a thing that only one process may make is made by this one. key: hex digits of a hash."""
        return int(key[:8], 16) % self.count == self.index

    def total(self, number: float) -> float:
        """Return the sum of a number over all processes."""
        if self.count == 1:
            return number
        tensor = torch.tensor([number], dtype=torch.float64, device=self.device)
        distributed.all_reduce(tensor)
        return tensor.item()

    def add_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Give each parameter the sum of its gradients over all processes, in one exchange.

        One that has no gradient anywhere keeps none, so that the optimizer leaves it alone, as with one process.
        """
        if self.count == 1:
            return
        parameters = list(parameters)
        own = [torch.zeros_like(one) if one.grad is None else one.grad for one in parameters]
        there = torch.tensor([float(one.grad is not None) for one in parameters], device=self.device)
        words = torch.cat([*(gradient.flatten() for gradient in own), there])
        distributed.all_reduce(words)
        sums = words.split([*(one.numel() for one in parameters), len(parameters)])
        for parameter, gradient, known in zip(parameters, sums, sums[-1].tolist(), strict=False):
            parameter.grad = gradient.view_as(parameter).clone() if known else None

    def end(self) -> None:
        """Take leave of the other processes."""
        if self.count > 1:
            distributed.destroy_process_group()

    def wait(self) -> None:
        """Wait until every process is here."""
        self.total(0)

    def agree(self, number: int, what: str) -> None:
        """Raise GengaError, in every process, unless all have the same number; waits for all of them.

        what: a file or folder they have it from.
        """
        if self.total(number) != number * self.count or self.total(number**2) != number**2 * self.count:
            raise GengaError(f"{what}: not all processes find the same there; keep it where all machines see it")


def processes(device: torch.device) -> Processes:
    """Return which of the processes this one is, of those that a launcher has started (genga.training.launch).

    device: the CPU or CUDA; with CUDA each process gets a GPU of its own. Raises GengaError if there are too few GPUs.
    """
    try:
        state = PartialState(cpu=device.type == "cpu")
    except (RuntimeError, ValueError) as error:
        raise GengaError(f"the processes cannot reach each other: {str(error).strip().splitlines()[0]}") from error
    return Processes(state.process_index, state.num_processes, device)
