"""What a step keeps beside weights and what is learnt, on torch's meta device: counted where there is no memory at all.

Counted are the bytes of all that operations make, from when it is made until nobody has it, forward and backward, with
what is computed anew. An allocator's gaps and a library's workspace come on top. Attention is as GPUs compute it: of
queries, keys and values, without a matrix of all pairs (Dao et al. 2022, "FlashAttention").
"""

import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Peak(TorchDispatchMode):
    """Within it, `most` is the largest number of bytes that were there at once of what operations made."""

    def __init__(self, before: Iterable[torch.Tensor]) -> None:
        """before: what is there already, and does not count, nor do views of it."""
        super().__init__()
        self.now = self.most = 0
        self._known: Any = weakref.WeakKeyDictionary({one.untyped_storage(): 0 for one in before})

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for one in tree_leaves(made):
            if isinstance(one, torch.Tensor) and (storage := one.untyped_storage()) not in self._known:
                size = self._known[storage] = storage.nbytes()
                self.now += size
                weakref.finalize(storage, self._gone, size)
        self.most = max(self.most, self.now)
        return made

    def _gone(self, size: int) -> None:
        self.now -= size


@contextmanager
def attention_as_on_gpus() -> Iterator[None]:
    """Within the block attention without a mask has no matrix of all pairs."""
    before = functional.scaled_dot_product_attention

    def flash(
        query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attn_mask: Any = None, dropout_p: float = 0.0,
        is_causal: bool = False, scale: float | None = None, **more: Any,
    ) -> torch.Tensor:  # fmt: skip
        if attn_mask is not None or more.get("enable_gqa"):
            return before(query, key, value, attn_mask, dropout_p, is_causal, scale=scale, **more)
        found: torch.Tensor = torch.ops.aten._scaled_dot_product_flash_attention(
            query, key, value, dropout_p, is_causal, scale=scale
        )[0]
        return found

    functional.scaled_dot_product_attention = flash  # type: ignore[assignment]
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = before
