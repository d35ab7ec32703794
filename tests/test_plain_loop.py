"""Ten steps of each family against a loop that is diffusers and peft alone: the same losses, to 1e-6."""

import pytest
import torch
from diffusers import DDPMScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline
from peft import LoraConfig
from tiny_base import save_tiny_base
from tiny_sdxl import VELOCITY, save_tiny_sdxl
from tiny_training import EXAMPLES, pixels, train_tiny
from training_params import params

from genga.training import adapters
from genga.training.families import sd15, sdxl
from genga.training.families.family import LoadedBase
from genga.training.plan import phases_of, steps
from genga.training.rng import generator, normal

RANK, ALPHA, RATE, TEXT_RATE = 2, 1.0, 0.003, 0.001
UNET_MODULES = ["to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2"]
TEXT_MODULES = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]
VALUES = {
    "max_steps": 10, "epochs": 9, "text_encoder": True, "modules": "transformer", "rank": RANK, "alpha": ALPHA,
    "learning_rate": RATE, "text_learning_rate": TEXT_RATE,
}  # fmt: skip
CASES = {
    "sd15": (sd15, save_tiny_base, {}, 0.0),
    "sdxl": (sdxl, save_tiny_sdxl, {"shallow": True}, 0.0),
    "sdxl velocity": (sdxl, save_tiny_sdxl, {"shallow": True, **VELOCITY}, 5.0),
}


def plain(folder, family, values, gamma):
    """The losses of the same looks, by diffusers and peft; only what is drawn at random is taken from ours."""
    is_xl = family is sdxl
    pipeline = (StableDiffusionXLPipeline if is_xl else StableDiffusionPipeline).from_pretrained(folder)
    scheduler = DDPMScheduler.from_pretrained(folder / "scheduler")
    networks = {"unet": pipeline.unet, "text": pipeline.text_encoder}
    if is_xl:
        networks["text_2"] = pipeline.text_encoder_2
    base, groups = family.load(folder), []
    pipeline.vae.requires_grad_(False)
    for name, network in networks.items():
        network.requires_grad_(False)
        targets = UNET_MODULES if name == "unet" else TEXT_MODULES
        network.add_adapter(LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=targets))
        _start_alike(network, family, base, name)
        trained = [one for one in network.parameters() if one.requires_grad]
        groups.append({"params": trained, "lr": RATE if name == "unet" else TEXT_RATE})
    optimizer = torch.optim.AdamW(groups, weight_decay=values.weight_decay, foreach=False)
    losses = []
    for step in steps(phases_of(EXAMPLES, values), scheduler.config.num_train_timesteps):
        (looks,) = step.batches
        captions = [look.caption for look in looks]
        latents, noise = (torch.stack([_drawn(pipeline, look, kind) for look in looks]) for kind in ("latent", "noise"))
        timesteps = torch.tensor([look.timestep for look in looks])
        noisy = scheduler.add_noise(latents, noise, timesteps)
        if is_xl:
            text, _, pooled, _ = pipeline.encode_prompt(captions, do_classifier_free_guidance=False, device="cpu")
            told = torch.cat([_told(pipeline, look) for look in looks])
            predicted = pipeline.unet(
                noisy, timesteps, text, added_cond_kwargs={"text_embeds": pooled, "time_ids": told}
            ).sample
        else:
            text, _ = pipeline.encode_prompt(captions, "cpu", 1, False)
            predicted = pipeline.unet(noisy, timesteps, text).sample
        velocity = scheduler.config.prediction_type == "v_prediction"
        wanted = scheduler.get_velocity(latents, noise, timesteps) if velocity else noise
        each = torch.nn.functional.mse_loss(predicted, wanted, reduction="none").mean(dim=(1, 2, 3))
        if gamma:
            kept = scheduler.alphas_cumprod[timesteps]
            snr = kept / (1 - kept)
            each = each * torch.minimum(snr, torch.tensor(gamma)) / (snr + 1 if velocity else snr)
        loss = each.mean()
        losses.append(loss.item())
        loss.backward()
        torch.nn.utils.clip_grad_norm_([one for group in groups for one in group["params"]], values.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad()
    return losses


def _start_alike(network, family, base, name):
    """Give the plain loop's matrices the values that ours begin with."""
    modules = family.adapted(base, params(**VALUES))[name]
    adapters.attach(family.networks(base)[name], modules, RANK, ALPHA, 0, name)
    own = {path: (down, up) for path, down, up in adapters.matrices(family.networks(base)[name], modules)}
    theirs = {path: module for path, module in network.named_modules() if hasattr(module, "lora_A")}
    assert own.keys() == theirs.keys()
    with torch.no_grad():
        for path, module in theirs.items():
            module.lora_A["default"].weight.copy_(own[path][0])
            module.lora_B["default"].weight.copy_(own[path][1])


def _drawn(pipeline, look, kind):
    """A look's latent or its noise, (4, height, width)."""
    x0, y0, x1, y1 = look.example.cut.box
    draw = normal((4, (y1 - y0) // 8, (x1 - x0) // 8), generator(*look.key(0, kind)))
    if kind == "noise":
        return draw
    pixel = torch.from_numpy(pixels(look.example)[y0:y1, x0:x1].copy()).permute(2, 0, 1).float() / 127.5 - 1
    with torch.no_grad():
        of = pipeline.vae.encode(pixel[None]).latent_dist
    return (of.mean[0] + of.std[0] * draw) * pipeline.vae.config.scaling_factor


def _told(pipeline, look):
    (width, height), (x0, y0, x1, y1) = look.example.original, look.example.cut.box
    return pipeline._get_add_time_ids(
        (height, width), (y0, x0), (y1 - y0, x1 - x0), torch.float32,
        text_encoder_projection_dim=pipeline.text_encoder_2.config.projection_dim,
    )  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_ten_losses_are_those_of_a_plain_loop(tmp_path, case):
    family, save, schedule, gamma = CASES[case]
    folder = save(tmp_path / "base", **schedule)
    values = params(**VALUES, min_snr_gamma=gamma)
    loaded = LoadedBase(family.FAMILY, "any", family.load(folder), "tiny", "0" * 64)
    trained = train_tiny(loaded, tmp_path, values).losses["loss"].to_list()
    batches = [step.batches for step in steps(phases_of(EXAMPLES, values), 1000)]
    assert len(trained) == len(batches) == 10 and {len(looks) for (looks,) in batches} == {1, 2}
    assert trained == pytest.approx(plain(folder, family, values, gamma), rel=1e-6, abs=1e-6)
    assert len(set(trained)) == 10
