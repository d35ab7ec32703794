"""Teach the embedded text-to-image base: `python -m demo.teach.base --out demo/weights/base`.

Stable Diffusion 1.5's parts and module names with few channels: CLIP tokenizer and text encoder, AutoencoderKL, UNet.
Text encoder and UNet learn together to predict the noise (epsilon; Ho et al. 2020, "Denoising Diffusion Probabilistic
Models") with min-SNR weights (Hang et al. 2023, "Efficient Diffusion Training via Min-SNR Weighting Strategy"); what is
kept is the moving average of the weights. One thread: the operators are too small for more to help.
"""

import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar, cast

import cv2
import numpy as np
import torch
import typer
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from safetensors.torch import load_file
from torch.nn import functional as F
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from demo.teach.pictures import Pictures, caption, draw_pictures
from demo.teach.text import MAX_TOKENS, write_tokenizer
from demo.teach.vae import LATENTS, encode, teach_vae
from genga.jobs.script import progress

M = TypeVar("M", UNet2DConditionModel, AutoencoderKL)

TEXT_WIDTH = 96
BATCH = 16
LEARNING_RATE = 1.2e-3  # of the first cycle, at its highest
MIN_SNR_GAMMA = 5.0
AVERAGE_DECAY = 0.998  # of the moving average of the weights, a step, at its highest


def new_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """An untaught CLIP text encoder of two layers."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=TEXT_WIDTH,
            intermediate_size=4 * TEXT_WIDTH,
            projection_dim=TEXT_WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=MAX_TOKENS,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def new_unet() -> UNet2DConditionModel:
    """An untaught UNet with SD 1.5's blocks."""
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=LATENTS,
        out_channels=LATENTS,
        block_out_channels=(32, 64, 64, 64),
        layers_per_block=2,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=2,  # heads, as in SD 1.5 whose 8 are called so too
        norm_num_groups=4,
    )


def untaught(tokenizer: CLIPTokenizer) -> torch.nn.ModuleDict:
    """UNet and text encoder before their first step, drawn by torch."""
    return torch.nn.ModuleDict({"unet": new_unet(), "text": new_text_encoder(tokenizer)})


def taught(base: Path) -> torch.nn.ModuleDict:
    """UNet and text encoder of a base, to be taught further, in full precision."""
    text = CLIPTextModel.from_pretrained(base / "text_encoder")
    return torch.nn.ModuleDict({"unet": _opened(UNet2DConditionModel, base / "unet"), "text": text}).float().train()


def _opened(kind: type[M], folder: Path) -> M:
    """A part of a base; its configuration is kept free of where it lay, which `from_pretrained` writes into it."""
    part = cast(M, kind.from_config(cast(dict[str, Any], kind.load_config(folder))))
    part.load_state_dict(load_file(folder / "diffusion_pytorch_model.safetensors"))
    return part


def noise_schedule(betas: str = "scaled_linear") -> DDIMScheduler:
    """SD 1.5's schedule: betas from 0.00085 to 0.012 over 1000 steps, epsilon prediction."""
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule=betas,
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )


def teach_cycle(
    model: torch.nn.ModuleDict, pictures: list[Pictures], vae: AutoencoderKL, tokenizer: CLIPTokenizer, steps: int,
    rate: float, seed: int
) -> Iterator[tuple[int, torch.nn.ModuleDict]]:  # fmt: skip
    """Teach `model` (unet and text), in place, `steps` batches with a learning rate of at most `rate`.

    seed: of the batches; noise is torch's. Yields (step, average of the weights) every tenth of the way.
    """
    latents = [encode(vae, bucket.images) * vae.config["scaling_factor"] for bucket in pictures]
    rng = np.random.default_rng(seed)
    average = torch.optim.swa_utils.AveragedModel(model, avg_fn=averaged)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.99), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps + 1, pct_start=0.04, final_div_factor=50)
    alphas = noise_schedule().alphas_cumprod
    shares = np.array([len(bucket.images) for bucket in pictures], float)
    recent: list[float] = []
    for step in progress(range(1, steps + 1), steps, "teach base", "steps", every=30):
        k = rng.choice(len(pictures), p=shares / shares.sum())
        rows = rng.integers(len(latents[k]), size=BATCH)
        texts = [caption(pictures[k].tags[row], rng) for row in rows]
        ids = tokenizer(
            texts, padding="max_length", truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
        ).input_ids
        loss = _loss(model, latents[k][torch.from_numpy(rows)], ids, alphas)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        average.update_parameters(model)
        recent.append(loss.item())
        if step % 100 == 0:
            print(f"base step {step}: loss {np.mean(recent[-100:]):.4f}", file=sys.stderr, flush=True)
        if step % max(1, steps // 10) == 0 or step == steps:
            yield step, cast(torch.nn.ModuleDict, average.module)


def averaged(average: torch.Tensor, now: torch.Tensor, count: torch.Tensor | int) -> torch.Tensor:
    """The moving average after one more step; the first steps are soon forgotten (as Adam corrects its own bias)."""
    return average.lerp(now, 1 - min(AVERAGE_DECAY, (1 + float(count)) / (10 + float(count))))


def _loss(model: torch.nn.ModuleDict, x: torch.Tensor, ids: torch.Tensor, alphas: torch.Tensor) -> torch.Tensor:
    """Min-SNR weighted error of the predicted noise for latents x (n, LATENTS, h, w) and token ids (n, 77)."""
    t = torch.randint(0, len(alphas), (len(x),))
    noise = torch.randn_like(x)
    a = alphas[t].view(-1, 1, 1, 1)
    predicted = model["unet"](a.sqrt() * x + (1 - a).sqrt() * noise, t, model["text"](ids).last_hidden_state).sample
    snr = alphas[t] / (1 - alphas[t])
    weight = snr.clamp(max=MIN_SNR_GAMMA) / snr
    return (F.mse_loss(predicted, noise, reduction="none").mean((1, 2, 3)) * weight).mean()


def save(folder: Path, model: torch.nn.ModuleDict, vae: AutoencoderKL, tokenizer: CLIPTokenizer) -> None:
    """Write a diffusers folder, in half precision, which halves the files and changes no picture visibly."""
    half = [deepcopy(part).half() for part in (vae, model["text"], model["unet"])]
    pipeline = StableDiffusionPipeline(
        half[0], half[1], tokenizer, half[2], noise_schedule(), None, None, requires_safety_checker=False  # type: ignore[arg-type]
    )  # fmt: skip
    pipeline.save_pretrained(folder, safe_serialization=True)


def main(
    out: Path = typer.Option(Path("demo/weights/base"), help="folder of the base in diffusers' layout"),
    pictures: int = typer.Option(24000, help="drawings to learn from, others in each cycle"),
    vae_steps: list[int] = typer.Option([2600, 3400], help="steps of the autoencoder, a cycle each"),
    steps: list[int] = typer.Option([9500, 12500, 4500, 9000], help="steps of the UNet and text encoder, a cycle each"),
    seed: int = typer.Option(11, help="seed of drawings and weights"),
    base: Path = typer.Option(None, help="a base to go on from"),
    taught_cycles: int = typer.Option(1, help="how many of the cycles --base has had"),
) -> None:
    """Teach the embedded base from drawings of random people."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    tokenizer = write_tokenizer(out / "tokenizer")
    if base:
        vae, model = _opened(AutoencoderKL, base / "vae").eval(), taught(base)
    else:
        vae, model = teach_vae(draw_pictures(pictures, seed), vae_steps, seed=0), None
    for cycle in range(taught_cycles if base else 0, len(steps)):
        drawn, rate = draw_pictures(pictures, seed + cycle), LEARNING_RATE / (1 + cycle / 2)
        torch.manual_seed(cycle)
        model = model or untaught(tokenizer)
        for step, average in teach_cycle(model, drawn, vae, tokenizer, steps[cycle], rate, cycle):
            save(out, average, vae, tokenizer)
            print(f"cycle {cycle}, step {step}: {out}", file=sys.stderr, flush=True)
        model = taught(out)


if __name__ == "__main__":
    typer.run(main)
