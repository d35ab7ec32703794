"""The base's autoencoder: SD 1.5's AutoencoderKL (8x smaller) with few channels, but 8 of them in the latents.

Eight, where SD 1.5 has four, because its pictures are 128 px: an eye is as large there as a latent's cell, and with
four numbers a cell faces stayed smears (mean absolute error .077 after 3500 steps).

Learns to redraw pictures: absolute error, absolute error of the neighbour differences (outlines matter in cels), and a
weak pull of the latents towards zero mean and a posterior of standard deviation 0.05 (after Rombach et al. 2022,
"High-Resolution Image Synthesis with Latent Diffusion Models", whose Kullback-Leibler term has the same purpose but
takes far longer to find its way out of the noise).
"""

import sys
from collections.abc import Sequence

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from torch.nn import functional as F

from demo.teach.learning import fast
from demo.teach.pictures import Pictures
from genga.jobs.script import progress

MEAN_WEIGHT = 1e-3  # pull of the posterior's mean towards 0
LOGVAR_WEIGHT = 1e-3  # pull of its log variance towards LOGVAR
LOGVAR = -6.0  # standard deviation 0.05
BATCH = 16
LATENTS = 8  # channels
PATCH = 64  # px; the network is convolutional, so most of the teaching is on patches ...
WHOLE_SHARE = 0.1  # ... and the last steps on whole pictures, for attention and normalisation see those in use
LEARNING_RATE = 3e-3


def new_vae() -> AutoencoderKL:
    """An untaught autoencoder with SD 1.5's module names."""
    vae = AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(16, 32, 64, 64),
        layers_per_block=1,
        latent_channels=LATENTS,
        norm_num_groups=2,  # of 16 channels, eight a group: norms over two channels would lose the absolute colour
        sample_size=128,
    )
    _begin_as_thumbnail(vae)
    return vae


@torch.no_grad()
def _begin_as_thumbnail(vae: AutoencoderKL) -> None:
    """Set the weights so that the untaught network already scales a picture down by 8 and up again, roughly.

    Found from noise, that takes more steps than all the detail after it. Residual branches begin at zero; colours are
    carried by six channels, red, green, blue and their negatives, since silu(x) - silu(-x) = x.
    """
    for name, weight in vae.named_parameters():
        if name.endswith((".conv2.weight", ".to_out.0.weight")):
            weight.zero_()
        elif name.endswith((".conv_shortcut.weight", "samplers.0.conv.weight")):
            _carry(
                weight, {o: (o % 6, 1.0) for o in range(len(weight))}, average="down" in name and "shortcut" not in name
            )
        elif name.endswith(("encoder.conv_in.weight", "decoder.conv_in.weight")):
            _carry(weight, {o: (o % 3, 1.0 if o % 6 < 3 else -1.0) for o in range(len(weight))})
        elif name.endswith("quant_conv.weight"):  # of both: quant_conv and post_quant_conv
            _carry(weight, {o: (o, 1.0) for o in range(LATENTS)})
    for conv in (vae.encoder.conv_out, vae.decoder.conv_out):
        centre = conv.weight[:3, :, 1, 1]
        conv.weight[:3] *= 0.3
        for colour in range(3):
            centre[colour, colour] += 0.5
            centre[colour, colour + 3] -= 0.5
    assert vae.quant_conv is not None and vae.quant_conv.bias is not None
    vae.quant_conv.weight[LATENTS:] *= 0.1
    vae.quant_conv.bias[LATENTS:] = LOGVAR  # and with hardly any noise in the latents


def _carry(weight: torch.Tensor, source: dict[int, tuple[int, float]], average: bool = False) -> None:
    """Let output channel o copy input channel source[o][0] times source[o][1]; what was there by chance shrinks."""
    weight *= 0.3
    for o, (i, sign) in source.items():
        if average:
            weight[o, i] += sign / weight[o, i].numel()
        else:
            weight[o, i, weight.shape[2] // 2, weight.shape[3] // 2] += sign


def to_tensor(images: np.ndarray) -> torch.Tensor:
    """uint8 (n, height, width, 3) to float (n, 3, height, width) in -1..1."""
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 127.5 - 1


def teach_vae(pictures: list[Pictures], cycles: Sequence[int], seed: int) -> AutoencoderKL:
    """Teach a new autoencoder for one or more cycles of so many steps; its scaling factor is set from the latents.

    Each cycle lets the learning rate rise and fall once (Loshchilov and Hutter 2017, "SGDR"), the later ones less high.
    """
    torch.manual_seed(seed)
    vae = new_vae()
    for number, steps in enumerate(cycles):
        teach_cycle(vae, pictures, steps, LEARNING_RATE / (1 + number / 2), seed + number)
    latents = encode(vae, pictures[1].images[:256])
    vae.register_to_config(scaling_factor=float(round(1 / latents.std().item(), 5)))
    return vae


def teach_cycle(vae: AutoencoderKL, pictures: list[Pictures], steps: int, rate: float, seed: int) -> None:
    """Teach `vae`, in place, `steps` batches drawn from `pictures`, with a learning rate of at most `rate`."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=rate, betas=(0.9, 0.95), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps, pct_start=0.05)
    shares = np.array([len(p.images) for p in pictures], float)
    vae.train()
    for step in progress(range(steps), steps, "teach vae", "steps", every=20):
        bucket = pictures[rng.choice(len(pictures), p=shares / shares.sum())]
        x = _batch(bucket.images, rng, whole=step >= steps * (1 - WHOLE_SHARE))
        with fast():
            posterior = vae.encode(x).latent_dist
            y = vae.decode(posterior.sample()).sample
        y = y.float()
        pull = (
            MEAN_WEIGHT * posterior.mean.square().mean() + LOGVAR_WEIGHT * (posterior.logvar - LOGVAR).square().mean()
        )
        loss = F.l1_loss(y, x) + _edge_error(y, x) + pull
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            print(
                f"vae step {step}: loss {loss.item():.4f}, l1 {F.l1_loss(y, x).item():.4f}", file=sys.stderr, flush=True
            )
    vae.eval()


def _batch(images: np.ndarray, rng: np.random.Generator, whole: bool) -> torch.Tensor:
    """Random patches of random pictures, or half a batch of whole ones; mirrored half of the time."""
    if whole:
        x = to_tensor(images[rng.integers(len(images), size=BATCH // 2)])
    else:
        height, width = images.shape[1:3]
        corners = zip(
            rng.integers(height - PATCH + 1, size=BATCH), rng.integers(width - PATCH + 1, size=BATCH), strict=True
        )
        x = to_tensor(np.stack([images[rng.integers(len(images)), y : y + PATCH, x : x + PATCH] for y, x in corners]))
    return x.flip(3) if rng.random() < 0.5 else x


def _edge_error(y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Mean absolute error of the differences between neighbouring pixels, across and down."""
    return F.l1_loss(y.diff(dim=2), x.diff(dim=2)) + F.l1_loss(y.diff(dim=3), x.diff(dim=3))


@torch.no_grad()
def encode(vae: AutoencoderKL, images: np.ndarray, batch: int = 32) -> torch.Tensor:
    """The latents' means of uint8 images, (n, LATENTS, height / 8, width / 8), before the scaling factor."""
    with fast():
        parts = [vae.encode(to_tensor(images[i : i + batch])).latent_dist.mean for i in range(0, len(images), batch)]
    return torch.cat(parts).float()
