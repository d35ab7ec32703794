#!/usr/bin/env bash
# Expected: equal tensors with equal metadata make equal files; safetensors has no timestamps and no ids.
# Happens:  the metadata's keys come in another order each time, so a file with several of them has another sha256 at
#           each save, also within one process. Tensors are sorted; the bytes after the header are equal.
# Versions: safetensors==0.8.0, numpy==2.4.6, Python 3.11. Seen: 2026-11-28.
# Matters:  LoRA files carry dozens of metadata keys (ss_*, modelspec.*). Whoever compares checkpoints by hash, proves
#           that a resumed run equals an uninterrupted one, or keeps them in DVC, finds a difference where there is
#           none.
# genga:    writes the header itself, keys sorted.
# Output (the number of different files is another each time, at most 24):
#   100 saves, 0 metadata keys: 1 different file(s), after the header 1
#   100 saves, 1 metadata keys: 1 different file(s), after the header 1
#   100 saves, 4 metadata keys: 24 different file(s), after the header 1
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet safetensors==0.8.0 numpy==2.4.6

venv/bin/python - <<'EOF'
import numpy as np
from safetensors.numpy import save

KEYS = ("ss_network_dim", "ss_network_alpha", "ss_steps", "ss_seed")
TENSORS = {"lora_unet_mid.lora_down.weight": np.ones((4, 8), np.float32), "lora_unet_mid.alpha": np.float32([4])}


def differing(keys):
    files = [save(TENSORS, dict.fromkeys(keys, "8")) for _ in range(100)]
    data = {file[8 + int.from_bytes(file[:8], "little") :] for file in files}
    print(f"100 saves, {len(keys)} metadata keys: {len(set(files))} different file(s), after the header {len(data)}")
    assert len(data) == 1
    return len(set(files))


assert differing(()) == 1
assert differing(KEYS[:1]) == 1
assert differing(KEYS) > 1
EOF
