#!/usr/bin/env bash
# Expected: the gradient of a convolution's weights is the same number every time, whatever was in memory before.
# Happens:  on a CPU, in bfloat16, at stride 2 and of an input that is one px wide: what of the kernel never sees a px
#           has the gradient of whatever lay in memory, NaN among it. The output and the input's gradient are right; so
#           is all of it in float32 and float16, at stride 1, from two px on, and without oneDNN.
# Versions: torch==2.13.0, on a processor with AVX-512 in bfloat16, Python 3.11. Seen: 2026-11-29.
# Matters:  a tiny UNet, or a tiny image, has such a convolution at its lowest level: a test in bfloat16 has losses that
#           are no number, now and then, and nothing of one's own is wrong.
# genga:    a gradient that is not a number ends the step in one line, which says to set train.precision to float32.
#           Images that are wider than 32 px have no such convolution.
# Output:
#   3x3, stride 2, bfloat16, 2 px wide: 0 of 160 gradients are off
#   3x3, stride 1, bfloat16, 1 px wide: 0 of 160 gradients are off
#   3x3, stride 2, bfloat16, 1 px wide: 159 of 160 gradients are off
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet torch==2.13.0 numpy==2.4.6

venv/bin/python - <<'EOF'
import torch
from torch.nn.functional import conv2d

torch.set_num_threads(1)
torch.manual_seed(0)


def off(stride: int, width: int) -> int:
    """How many of 160 gradients are not what float64 has, to 1 in 5 of the largest; memory is full of NaN before."""
    pixels = torch.randn(1, 16, 2, width, dtype=torch.bfloat16)
    wanted, weight = (torch.randn(2, 16, 3, 3, dtype=torch.bfloat16).to(of).requires_grad_() for of in
                      (torch.float64, torch.bfloat16))
    conv2d(pixels.double(), wanted, padding=1, stride=stride).sum().backward()
    found = 0
    for _ in range(160):
        junk = [torch.full((size,), float("nan"), dtype=torch.bfloat16) for size in (16, 64, 288, 512, 1024, 4096) * 9]
        del junk
        weight.grad = None
        conv2d(pixels, weight, padding=1, stride=stride).sum().backward()
        apart = (weight.grad.double() - wanted.grad).abs().max() / wanted.grad.abs().max()
        found += not apart <= 0.2
    print(f"3x3, stride {stride}, bfloat16, {width} px wide: {found} of 160 gradients are off")
    return found


assert off(2, 2) == off(1, 1) == 0 and off(2, 1) > 0
EOF
