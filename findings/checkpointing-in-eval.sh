#!/usr/bin/env bash
# Expected: gradient checkpointing, switched on and confirmed by the model, computes activations again in the backward
#           pass instead of keeping them.
# Happens:  transformers does so in train() only; after eval() the switch still reads True and nothing is computed
#           again. diffusers does so in either. Two trained parts of one pipeline differ.
# Versions: transformers==5.23.0, diffusers==0.42.1, torch==2.13.0, Python 3.11. Seen: 2026-11-28.
# Matters:  under LoRA the base is frozen and often put into eval(), so that dropout is off; the text encoder then keeps
#           all its activations, and memory runs out although every switch is set.
# genga:    calls train() on a model before it sets the switch.
# Output:
#   a layer's forward passes in one step, switch reads True:
#   transformers CLIPTextModel:        train() 2, eval() 1
#   diffusers UNet2DConditionModel:    train() 2, eval() 2
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet transformers==5.23.0 diffusers==0.42.1 torch==2.13.0

venv/bin/python - 2> log <<'EOF' || { cat log >&2; exit 1; }
import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

TEXT = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_hidden_layers": 2}
UNET = {"block_out_channels": (8, 16), "norm_num_groups": 4, "cross_attention_dim": 32, "attention_head_dim": 4}
DOWN, UP = ("CrossAttnDownBlock2D", "DownBlock2D"), ("UpBlock2D", "CrossAttnUpBlock2D")


def passes(model, layer, run, is_on):
    """How often `layer` is computed in a step, in train() and in eval()."""
    counts = []
    for mode in (model.train, model.eval):
        mode()
        seen = []
        hook = layer.register_forward_pre_hook(lambda *_, seen=seen: seen.append(1))
        run().sum().backward()
        hook.remove()
        assert is_on()
        counts.append(len(seen))
    name = f"{type(model).__module__.split('.')[0]} {type(model).__name__}:"
    print(f"{name:34} train() {counts[0]}, eval() {counts[1]}")
    return counts


text = CLIPTextModel(CLIPTextConfig(**TEXT))
unet = UNet2DConditionModel(sample_size=8, down_block_types=DOWN, up_block_types=UP, **UNET)
text.activation_checkpointing_enable()
unet.enable_gradient_checkpointing()
words, noise, prompt = torch.ones(1, 8, dtype=torch.long), torch.ones(1, 4, 8, 8), torch.ones(1, 3, 32)

print("a layer's forward passes in one step, switch reads True:")
layer = text.get_submodule("encoder.layers.0.mlp")
assert passes(text, layer, lambda: text(words).last_hidden_state, lambda: text.is_activation_checkpointing) == [2, 1]
layer = unet.down_blocks[0].resnets[0]
assert passes(unet, layer, lambda: unet(noise, 1, prompt).sample, lambda: unet.is_gradient_checkpointing) == [2, 2]
EOF
