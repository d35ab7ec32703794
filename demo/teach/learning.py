"""What all teaching shares: the loop, the building blocks, and how pictures are disturbed.

AdamW with a one-cycle rate (Smith 2018, "Super-Convergence"); what is kept is the moving average of the weights. One
thread, so that the same seed gives the same weights wherever the machine is the same.
"""

import sys
from collections.abc import Callable, Iterator
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional as F

BFLOAT16 = bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # whether this processor multiplies in bfloat16

Learner = TypeVar("Learner", bound=nn.Module)

AVERAGE_DECAY = 0.99  # of the moving average of the weights, a step


def teach(
    model: Learner, loss: Callable[[Learner], torch.Tensor], steps: int, rate: float, what: str, parts: int = 2
) -> Iterator[tuple[int, Learner]]:
    """Minimise `loss(model)`, a fresh batch at each call; yields (step, averaged model) `parts` times.

    rate: the largest learning rate. Says the loss every 50 steps on stderr under the name `what`.
    """
    model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # convolutions run faster
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGE_DECAY), use_buffers=True
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps + 1, pct_start=0.1, final_div_factor=100)
    recent: list[float] = []
    for step in range(1, steps + 1):
        model.train()
        error = loss(model)
        optimizer.zero_grad()
        error.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        average.update_parameters(model)
        recent.append(error.item())
        if step % 50 == 0:
            print(f"{what} step {step}/{steps}: loss {np.mean(recent[-50:]):.4f}", file=sys.stderr, flush=True)
        if step % max(1, steps // parts) == 0 or step == steps:
            yield step, cast(Learner, average.module.eval())


def fast() -> torch.autocast:
    """Context in which convolutions are computed in bfloat16, twice as fast, where the processor can."""
    return torch.autocast("cpu", torch.bfloat16, enabled=BFLOAT16)


def block(inputs: int, outputs: int, stride: int = 1, groups: int = 1, size: int = 3) -> nn.Sequential:
    """Convolution, batch normalisation, rectifier."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def to_tensor(images: npt.NDArray[np.uint8]) -> torch.Tensor:
    """uint8 (n, height, width, 3) to float (n, 3, height, width) in 0..1, channels last in memory."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


def disturbed(x: torch.Tensor, colour: float = 0.06, blurred: float = 0.33) -> torch.Tensor:
    """Pictures (n, 3, h, w) in 0..1 with other brightness, contrast, tint and grain, sometimes blurred.

    colour: how far contrast and tint go, a share. blurred: share of the batches.
    """
    n, _, height, width = x.shape
    if torch.rand(()) < blurred:
        small = 0.5 + 0.4 * torch.rand(()).item()
        x = F.interpolate(x, scale_factor=small, mode="bilinear", antialias=True)
        x = F.interpolate(x, size=(height, width), mode="bilinear")
    gain = 1 + colour * (2 * torch.rand(n, 3, 1, 1) - 1) + 1.5 * colour * (2 * torch.rand(n, 1, 1, 1) - 1)
    shift = colour * (2 * torch.rand(n, 1, 1, 1) - 1)
    grain = torch.randn(n, 1, height, width) * (0.025 * torch.rand(n, 1, 1, 1))
    return (x * gain + shift + grain).clamp(0, 1)
