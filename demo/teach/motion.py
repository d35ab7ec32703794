"""Teach the embedded motion module: `python -m demo.teach.motion --out demo/weights/motion`.

AnimateDiff's module (Guo et al. 2023, "AnimateDiff: Animate Your Personalized Text-to-Image Diffusion Models without
Specific Tuning") between the layers of the embedded base, which stays as it is. Its output projections begin at zero,
so at first it changes nothing; it learns the noise of whole clips of 16 frames, all at one timestep, on the linear
betas of the published modules. What is kept is the moving average of the weights.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
import typer
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.models.unets.unet_motion_model import MotionAdapter, UNetMotionModel
from safetensors.torch import save_file
from torch.nn import functional as F
from transformers import CLIPTextModel, CLIPTokenizer

from demo.teach.base import averaged, noise_schedule
from demo.teach.clips import LENGTH, Clips, draw_clips
from demo.teach.pictures import caption
from demo.teach.text import MAX_TOKENS
from demo.teach.vae import encode
from genga.jobs.script import progress
from genga.training._layouts import motion as names

FILE = "motion.safetensors"
BATCH = 2  # clips of a step
HEADS = 8  # of an attention: no file says it, all published ones have so many
LEARNING_RATE = 1e-3  # at its highest
LONGEST = 32  # frames that there are position encodings for


def new_adapter(unet: UNet2DConditionModel) -> MotionAdapter:
    """An untaught module for a UNet's channels; its output projections are zero, which changes nothing."""
    adapter = MotionAdapter(
        block_out_channels=unet.config["block_out_channels"],
        motion_layers_per_block=2,
        motion_num_attention_heads=HEADS,
        motion_norm_num_groups=4,
        motion_max_seq_length=LONGEST,
        use_motion_mid_block=False,
    )
    for name, module in adapter.named_modules():
        if name.endswith("proj_out"):
            torch.nn.init.zeros_(module.weight)
            torch.nn.init.zeros_(module.bias)
    return adapter


class Latents:
    """Clips as latents: every drawing once, in half precision."""

    def __init__(self, vae: AutoencoderKL, clips: Clips) -> None:
        """Encode the drawings of clips; their pixels are not kept."""
        self.pictures = (encode(vae, clips.images) * vae.config["scaling_factor"]).half()
        self.frames = torch.from_numpy(clips.frames)
        self.tags = clips.tags

    def clip(self, row: int) -> torch.Tensor:
        """A clip, (channels, LENGTH, height, width)."""
        return self.pictures[self.frames[row]].float().transpose(0, 1)


def teach(
    model: UNetMotionModel, text: CLIPTextModel, tokenizer: CLIPTokenizer, drawn: list[Latents], steps: int, seed: int
) -> Iterator[tuple[int, dict[str, torch.Tensor]]]:
    """Teach the motion modules of `model`, in place; yields (step, average of their weights) every tenth of the way."""
    rng, torch_rng = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    learnt = {name: value for name, value in model.named_parameters() if "motion_modules." in name}
    for name, value in model.named_parameters():
        value.requires_grad_(name in learnt)
    average = {name: value.detach().clone() for name, value in learnt.items()}
    optimizer = torch.optim.AdamW(learnt.values(), lr=LEARNING_RATE, betas=(0.9, 0.99), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, steps + 1, pct_start=0.04, final_div_factor=50
    )
    alphas = noise_schedule("linear").alphas_cumprod  # as the published modules have it
    sizes = np.array([len(part.tags) for part in drawn], float)
    recent: list[float] = []
    for step in progress(range(1, steps + 1), steps, "teach motion", "steps", every=30):
        part = drawn[int(rng.choice(len(drawn), p=sizes / sizes.sum()))]
        rows = rng.integers(len(part.tags), size=BATCH)
        x = torch.stack([part.clip(int(row)) for row in rows])
        texts = [caption(part.tags[row], rng) for row in rows]
        ids = tokenizer(
            texts, padding="max_length", truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
        ).input_ids
        with torch.no_grad():
            states = text(ids).last_hidden_state
        loss = _loss(model, x, states, alphas, torch_rng)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learnt.values(), 1.0)
        optimizer.step()
        schedule.step()
        for name, value in learnt.items():
            average[name] = averaged(average[name], value.detach(), step)
        recent.append(loss.item())
        if step % 50 == 0:
            print(f"motion step {step}: loss {np.mean(recent[-200:]):.4f}", file=sys.stderr, flush=True)
        if step % max(1, steps // 10) == 0 or step == steps:
            yield step, average


def _loss(
    model: UNetMotionModel, x: torch.Tensor, states: torch.Tensor, alphas: torch.Tensor, rng: torch.Generator
) -> torch.Tensor:
    """Squared error of the predicted noise for clips x (n, channels, LENGTH, h, w) and text states (n, 77, width)."""
    t = torch.randint(0, len(alphas), (len(x),), generator=rng)
    noise = torch.randn(x.shape, generator=rng)
    a = alphas[t].view(-1, 1, 1, 1, 1)
    predicted = model(a.sqrt() * x + (1 - a).sqrt() * noise, t, states.repeat_interleave(LENGTH, 0)).sample
    return F.mse_loss(predicted, noise)


def save(path: Path, weights: dict[str, torch.Tensor], unet: UNetMotionModel) -> None:
    """Write a module's weights, and the positions that it was made with, as published modules lie: one file, halves."""
    positions = {name: buffer for name, buffer in unet.named_buffers() if names.is_motion(name)}
    halves = {name: value.half() for name, value in {**positions, **weights}.items()}
    path.mkdir(parents=True, exist_ok=True)
    save_file(names.outside(halves), path / FILE)


def main(
    out: Path = typer.Option(Path("demo/weights/motion"), help="folder of the motion module"),
    base: Path = typer.Option(Path("demo/weights/base"), help="the base that it moves, a diffusers folder"),
    clips: int = typer.Option(3000, help="clips to learn from"),
    steps: int = typer.Option(5000, help="batches"),
    seed: int = typer.Option(23, help="seed of clips and weights"),
) -> None:
    """Teach the embedded motion module from clips of random people."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(seed)
    vae = AutoencoderKL.from_pretrained(base / "vae", torch_dtype=torch.float32).eval()
    unet = UNet2DConditionModel.from_pretrained(base / "unet", torch_dtype=torch.float32)
    text = CLIPTextModel.from_pretrained(base / "text_encoder", dtype=torch.float32).eval()
    tokenizer = CLIPTokenizer.from_pretrained(base / "tokenizer")
    parts = progress(draw_clips(clips, seed), None, "draw clips", "parts")
    drawn = [Latents(vae, part) for part in parts]
    model = UNetMotionModel.from_unet2d(unet, new_adapter(unet)).train()
    for step, weights in teach(model, text, tokenizer, drawn, steps, seed):
        save(out, weights, model)
        print(f"step {step}: {out / FILE}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    typer.run(main)
