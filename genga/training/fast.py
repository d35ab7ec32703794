"""The same networks, computed faster: `train.speed: fast`. Sums are added up in another order, so last bits differ.

On a CPU: matrix products of float32 by oneDNN, which uses what a processor has where torch's default library (MKL) may
not; of half precision torch takes oneDNN by itself. Convolutions with more channels than pixels as matrix products of
their patches, whose weights need not be put into another order at every call. Pixels lie channel by channel
("channels last"), so that transformers and convolutions take them as they are. No weight is held twice. Small layers
stay as they are. On a GPU: channels last, and AdamW in one pass.
"""

import sys
from collections.abc import Iterable
from typing import Any, cast

import torch
from torch.nn import functional

from genga.params.train import Params

_SMALL = 256  # layers with fewer inputs or outputs stay as they are, a LoRA's too: a call costs more than it saves


def resolved(params: Params, device: torch.device) -> Params:
    """Return what is trained with: where a fast run's processor does not multiply in its precision, float32.

    What float16 is on a CPU is said: accelerate has neither autocast nor a scaler of the loss for it there.
    """
    if params.speed == "exact" and params.precision == "float16" and device.type == "cpu":
        why = "on a CPU float16 has no scaler of the loss, so small gradients are lost"
        print(f"note: {why}; set train.precision to bfloat16 or float32", file=sys.stderr)
    if params.speed == "exact" or params.precision == "float32" or device.type != "cpu":
        return params
    if params.precision == "bfloat16" and multiplies_bfloat16():
        return params
    print(f"note: this processor does not multiply in {params.precision}: train.precision is float32", file=sys.stderr)
    return params.model_copy(update={"precision": "float32"})


def multiplies_bfloat16() -> bool:
    """Whether this processor has instructions for products in bfloat16; without them they are slower than float32's."""
    about = torch.cpu.get_capabilities()
    return any(about.get(name, False) for name in ("avx512_bf16", "amx_bf16", "amx_bf16_tile", "bf16", "sve_bf16"))


def hasten(networks: Iterable[torch.nn.Module], device: torch.device) -> None:
    """Have networks computed so from now on. Their weights, and the names of these, stay as they are."""
    for network in networks:
        module: Any
        for module in network.modules():
            if hasattr(module, "cast_input_dtype_enabled"):  # of peft: a cast to float32 that autocast takes back
                module.cast_input_dtype_enabled = False
            if isinstance(module, torch.nn.Conv2d) and module.in_channels >= _SMALL and not _is_learnt(module):
                module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last)
            if device.type == "cpu" and torch.backends.mkldnn.is_available():
                _hasten(module)


def _hasten(module: torch.nn.Module) -> None:
    if type(module) is torch.nn.Linear and min(module.in_features, module.out_features) >= _SMALL:
        module.__class__ = _Linear
    elif type(module) is torch.nn.Conv2d and module.in_channels >= _SMALL and _is_plain(module):
        module.__class__ = _Convolution


def _is_learnt(layer: torch.nn.Conv2d) -> bool:
    """Whether its weight is, which then stays as it lies: it is saved so."""
    return layer.weight.requires_grad


def _is_plain(layer: torch.nn.Conv2d) -> bool:
    return layer.groups == 1 and layer.dilation == (1, 1) and layer.padding_mode == "zeros" and layer.padding != "same"


class _Linear(torch.nn.Linear):
    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return _linear(input, self.weight, self.bias)


class _Convolution(torch.nn.Conv2d):
    def forward(self, input: torch.Tensor) -> torch.Tensor:
        (above, left), (down, right) = cast(tuple[int, int], self.padding), self.stride
        tall, wide = self.kernel_size
        height, width = (input.shape[2] + 2 * above - tall) // down + 1, (input.shape[3] + 2 * left - wide) // right + 1
        one = (tall, wide, above, left, down, right) == (1, 1, 0, 0, 1, 1)
        if not one and (self.weight.requires_grad or input.shape[0] * height * width >= self.in_channels):
            return super().forward(input)
        pixels = input.permute(0, 2, 3, 1)
        patches = pixels if one else _Patches.apply(pixels, (tall, wide), (above, left), (down, right))
        made = _linear(patches, self.weight.permute(0, 2, 3, 1).flatten(1), self.bias)
        return made.permute(0, 3, 1, 2)


def _linear(input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    if input.dtype != torch.float32 or torch.is_autocast_enabled("cpu"):
        return functional.linear(input, weight, bias)
    made: torch.Tensor = _Product.apply(input, weight, bias)
    return made


def _product(left: torch.Tensor, right: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """left @ right.T + bias, of float32, by oneDNN."""
    made: torch.Tensor = torch.ops.mkldnn._linear_pointwise(left, right, bias, "none", [], "")
    return made


class _Product(torch.autograd.Function):
    """What `torch.nn.functional.linear` gives."""

    @staticmethod
    def forward(ctx: Any, input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        ctx.save_for_backward(input if weight.requires_grad else None, weight)
        return _product(input, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        (gradient,), (input, weight) = gradients, ctx.saved_tensors
        wants_input, wants_weight, wants_bias = ctx.needs_input_grad
        rows = gradient.reshape(-1, gradient.shape[-1])
        of_input = _product(gradient, weight.t()) if wants_input else None
        of_weight = _product(rows.t().contiguous(), input.reshape(-1, input.shape[-1]).t()) if wants_weight else None
        return of_input, of_weight, rows.sum(0) if wants_bias else None


class _Patches(torch.autograd.Function):
    """Pixels, (images, height, width, channels), to what a kernel sees: (images, height, width, kernel * channels)."""

    @staticmethod
    def forward(
        ctx: Any, pixels: torch.Tensor, kernel: tuple[int, int], padding: tuple[int, int], stride: tuple[int, int]
    ) -> torch.Tensor:
        ctx.of = pixels.shape, kernel, padding, stride
        (above, left), (tall, wide), (down, right) = padding, kernel, stride
        padded = functional.pad(pixels, (0, 0, left, left, above, above)).contiguous()
        images, height, width, channels = padded.shape
        rows, columns = (height - tall) // down + 1, (width - wide) // right + 1
        whole, line, one, each = padded.stride()
        seen = padded.as_strided(
            (images, rows, columns, tall, wide, channels), (whole, line * down, one * right, line, one, each)
        )
        return seen.reshape(images, rows, columns, tall * wide * channels)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        (images, height, width, channels), (tall, wide), (above, left), (down, right) = ctx.of
        (gradient,) = gradients
        rows, columns = gradient.shape[1:3]
        parts = gradient.view(images, rows, columns, tall, wide, channels)
        sums = gradient.new_zeros(images, height + 2 * above, width + 2 * left, channels)
        for y in range(tall):
            for x in range(wide):
                sums[:, y : y + down * rows : down, x : x + right * columns : right] += parts[:, :, :, y, x]
        return sums[:, above : above + height, left : left + width], None, None, None
