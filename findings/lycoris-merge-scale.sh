#!/usr/bin/env bash
# Expected: a LoHa or LoKr that lycoris merges into a weight changes it as it did in training: by alpha / rank.
# Happens:  merging (merge_to, get_diff_weight, and so the conversion of a model) takes alpha / rank twice; the forward
#           pass, training with it, and every UI take it once. LoRA is right in both.
# Versions: lycoris-lora==4.1.3, torch==2.13.0, Python 3.11. Seen: 2026-11-28.
# Matters:  at alpha half of the rank, as many train, a merged model has half of what was learnt, and looks undertrained.
# genga:    folds the scale into the matrices and writes alpha = rank: once or twice is then the same.
# Output:
#   alpha 1, rank 4: what is merged over what the forward pass adds
#   lora 1.00
#   loha 0.25
#   lokr 0.25
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet lycoris-lora==4.1.3 torch==2.13.0

venv/bin/python - 2> log <<'EOF' || { cat log >&2; exit 1; }
import torch
from lycoris import LoConModule, LohaModule, LokrModule

torch.manual_seed(0)
print("alpha 1, rank 4: what is merged over what the forward pass adds")
for name, kind, wanted in (("lora", LoConModule, 1.0), ("loha", LohaModule, 0.25), ("lokr", LokrModule, 0.25)):
    layer = torch.nn.Linear(256, 256, bias=False)
    made = kind("a", layer, lora_dim=4, alpha=1)
    with torch.no_grad():
        for weight in made.parameters():
            weight.normal_()
        plain = layer.weight.clone()
        forward = made(torch.eye(256)).T - plain
        made.merge_to()
        ratio = ((layer.weight - plain).norm() / forward.norm()).item()
    print(f"{name} {ratio:.2f}")
    assert abs(ratio - wanted) < 1e-3
EOF
