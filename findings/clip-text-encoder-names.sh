#!/usr/bin/env bash
# Expected: the modules of the text encoder of SD 1.5 are called text_model.encoder.layers.…, as in the published
#           checkpoint; a LoRA's names are made of them (lora_te_text_model_encoder_layers_…).
# Happens:  CLIPTextModel has lost its wrapper text_model, in its modules and in what save_pretrained writes;
#           CLIPTextModelWithProjection, SDXL's second encoder, has it still. Names made the usual way match nothing for
#           72 of the 264 modules of a LoRA of SD 1.5 (ComfyUI loads the other 192, the UNet's).
# Versions: transformers==5.23.0 (since 5.6), torch==2.13.0, Python 3.11. Seen: 2026-11-28.
# Matters:  a trigger word learnt in the text encoder is lost on loading, by an update of transformers alone, and the
#           file looks as before: 264 modules.
# genga:    writes text_model into every name, whatever the module is called.
# Output:
#   CLIPTextModel: 72 layers, 0 under text_model: lora_te_encoder_layers_0_self_attn_k_proj
#   CLIPTextModel, saved: 0 of 36 tensors under text_model
#   CLIPTextModelWithProjection: 73 layers, 72 under text_model: lora_te_text_model_encoder_layers_0_self_attn_k_proj
#   CLIPTextModelWithProjection, saved: 36 of 37 tensors under text_model
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet transformers==5.23.0 torch==2.13.0 safetensors==0.8.0

venv/bin/python - 2> log <<'EOF' || { cat log >&2; exit 1; }
import torch
from safetensors import safe_open
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

TINY = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_hidden_layers": 2}


def layers(kind):
    with torch.device("meta"):  # the shape of SD 1.5's encoder, without its weights
        model = kind(CLIPTextConfig())
    paths = [path for path, module in model.named_modules() if isinstance(module, torch.nn.Linear)]
    wrapped = sum(path.startswith("text_model.") for path in paths)
    first = "lora_te_" + paths[0].replace(".", "_")
    print(f"{kind.__name__}: {len(paths)} layers, {wrapped} under text_model: {first}")
    return len(paths), wrapped


def saved(kind):
    kind(CLIPTextConfig(**TINY)).save_pretrained("tiny")
    with safe_open("tiny/model.safetensors", "np") as file:
        names = list(file.keys())
    wrapped = sum(name.startswith("text_model.") for name in names)
    print(f"{kind.__name__}, saved: {wrapped} of {len(names)} tensors under text_model")
    return wrapped


assert layers(CLIPTextModel) == (72, 0) and saved(CLIPTextModel) == 0
assert layers(CLIPTextModelWithProjection) == (73, 72) and saved(CLIPTextModelWithProjection) > 0
EOF
