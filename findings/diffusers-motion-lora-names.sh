#!/usr/bin/env bash
# Expected: a motion LoRA of AnimateDiff as its authors publish them, and as ComfyUI and stable-diffusion-webui read them,
#           is loaded by AnimateDiffPipeline.load_lora_weights, or refused.
# Happens:  nothing is loaded, with two warnings that it is safe to ignore; the pipeline goes on with the plain module.
#           By diffusers' names, of which its own conversion of motion modules knows the rule, all of it is.
# Versions: diffusers==0.42.1, peft==0.21.2, transformers==5.23.0, torch==2.13.0, Python 3.11. Seen: 2026-11-29.
# Matters:  a pan that was learnt is not there, and looks as if it had not been learnt.
# genga:    writes the published names, which UIs read; its tests load them by diffusers after that conversion.
# Output:
#   as published: 0 of 8 matrices
#   renamed by convert_animatediff_checkpoint_to_diffusers: 8 of 8 matrices
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet diffusers==0.42.1 peft==0.21.2 transformers==5.23.0 torch==2.13.0 accelerate==1.15.0

HF_HUB_OFFLINE=1 venv/bin/python - 2> log <<'EOF' || { cat log >&2; exit 1; }
import torch
from diffusers import AnimateDiffPipeline, DDIMScheduler, UNetMotionModel
from diffusers.loaders.single_file_utils import convert_animatediff_checkpoint_to_diffusers
from transformers import CLIPTextConfig, CLIPTextModel

BEFORE = "down_blocks.0.motion_modules.0.temporal_transformer.transformer_blocks.0.attention_blocks.0.processor"


def pipeline():
    unet = UNetMotionModel(
        block_out_channels=(8, 8), down_block_types=("CrossAttnDownBlockMotion", "DownBlockMotion"), layers_per_block=1,
        up_block_types=("UpBlockMotion", "CrossAttnUpBlockMotion"), norm_num_groups=4, cross_attention_dim=8,
        num_attention_heads=2, motion_num_attention_heads=2,
    )
    text = CLIPTextModel(CLIPTextConfig(hidden_size=8, intermediate_size=8, num_attention_heads=2, num_hidden_layers=1))
    parts = dict.fromkeys(("vae", "tokenizer", "motion_adapter"))
    return AnimateDiffPipeline(unet=unet, text_encoder=text, scheduler=DDIMScheduler(), **parts)


def loaded(lora):
    made = pipeline()
    made.load_lora_weights(dict(lora))
    return 2 * sum(hasattr(layer, "lora_A") for layer in made.unet.modules())


published = {f"{BEFORE}.to_{one}_lora.{side}.weight": torch.ones((2, 8) if side == "down" else (8, 2))
             for one in ("q", "k", "v", "out") for side in ("down", "up")}
print(f"as published: {(none := loaded(published))} of 8 matrices")
renamed = {f"unet.{key}": one for key, one in convert_animatediff_checkpoint_to_diffusers(published).items()}
print(f"renamed by convert_animatediff_checkpoint_to_diffusers: {(every := loaded(renamed))} of 8 matrices")
assert (none, every) == (0, 8)
EOF
