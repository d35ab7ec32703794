"""Ten steps of each family that moves against a loop that is diffusers and peft alone: the same losses, to 1e-6."""

import pytest
import torch
from diffusers import DDPMScheduler, MotionAdapter, StableDiffusionPipeline, TextToVideoSDPipeline, WanPipeline
from diffusers.models.unets.unet_motion_model import UNetMotionModel
from peft import LoraConfig
from safetensors.torch import save_file
from tiny_base import save_tiny_base
from tiny_clips import CLIPS, STILL, seen, train_clips
from tiny_modelscope import save_tiny_modelscope
from tiny_wan import save_tiny_wan
from training_params import params

from genga.training import adapters
from genga.training._layouts import motion as names
from genga.training.families import animatediff, modelscope, wan
from genga.training.families.family import LoadedBase
from genga.training.plan import phases_of, steps
from genga.training.rng import generator, normal

COMMON = {"max_steps": 10, "epochs": 9, "caption_dropout": 0.1, "learning_rate": 0.002, "rank": 2, "alpha": 1.0}
STILLS = {"clips": {"stills": 0.25}}


def motion(folder, values):
    """A motion module that does something, in AnimateDiff's way: linear betas, text repeated for each frame."""
    save_tiny_base(folder / "base")
    flat = StableDiffusionPipeline.from_pretrained(folder / "base")
    sizes = {"block_out_channels": (8, 16, 16, 16), "motion_layers_per_block": 1, "motion_norm_num_groups": 4}
    adapter = MotionAdapter(**sizes, use_motion_mid_block=False)
    unet = UNetMotionModel.from_unet2d(flat.unet, adapter)
    state = {name: tensor for name, tensor in unet.state_dict().items() if names.is_motion(name)}
    save_file(names.outside(state), folder / "motion.safetensors")
    base = animatediff.FAMILY.load_files({"base": folder / "base", "motion": folder / "motion.safetensors"})
    scheduler = DDPMScheduler(beta_schedule="linear", beta_start=0.00085, beta_end=0.012)

    def predict(noisy, at, captions):
        said, _ = flat.encode_prompt(captions, "cpu", 1, False)
        return unet(noisy, at, said.repeat_interleave(noisy.shape[2], dim=0)).sample

    unet.requires_grad_(False)
    if values.method == "lora":
        linear = [path for path, layer in unet.named_modules() if isinstance(layer, torch.nn.Linear)]
        targets = [path for path in linear if ".motion_modules." in path and ".attn" in path]
        unet.add_adapter(LoraConfig(r=2, lora_alpha=1.0, target_modules=targets))
        start_alike(unet, animatediff.FAMILY, folder, base, "unet", values)
    else:
        part = ".attn" if values.modules == "attention" else "."
        for name, weight in unet.named_parameters():
            weight.requires_grad_(".motion_modules." in name and part in name)
    return animatediff.FAMILY, base, unet, scheduler, predict, frames_of(flat.vae)


def video(folder, values):
    """ModelScope: attentions and convolutions over time are learnt, or matrices beside them."""
    save_tiny_modelscope(folder)
    pipeline = TextToVideoSDPipeline.from_pretrained(folder)
    unet = pipeline.unet.eval()
    unet.requires_grad_(False)
    for name, weight in unet.named_parameters():
        weight.requires_grad_(".attn1." in name or ".attn2." in name or ".temp_convs." in name)
    scheduler = DDPMScheduler.from_config(pipeline.scheduler.config)

    def predict(noisy, at, captions):
        said, _ = pipeline.encode_prompt(captions, "cpu", 1, False)
        return unet(noisy, at, said).sample

    return modelscope.FAMILY, modelscope.FAMILY.load(folder), unet, scheduler, predict, frames_of(pipeline.vae)


def flow(folder, values):
    """Wan: a flow at its shift, and the mean of the VAE's answer for a clip."""
    save_tiny_wan(folder)
    pipeline = WanPipeline.from_pretrained(folder)
    network = pipeline.transformer
    network.requires_grad_(False)
    targets = r"blocks\.\d+\.(attn[12]\.(to_q|to_k|to_v|to_out\.0)|ffn\.net\.(0\.proj|2))"
    network.add_adapter(LoraConfig(r=2, lora_alpha=1.0, target_modules=targets))
    base = wan.FAMILY.load(folder)
    start_alike(network, wan.FAMILY, folder, base, "transformer", values)
    mean, deviation = (torch.tensor(getattr(pipeline.vae.config, f"latents_{what}")).view(-1, 1, 1, 1)
                       for what in ("mean", "std"))  # fmt: skip

    def predict(noisy, at, captions):
        said, _ = pipeline.encode_prompt(captions, do_classifier_free_guidance=False, max_sequence_length=512)
        return network(noisy, at, said).sample

    def latents(example, draw):
        pixels = torch.stack([seen(example, number) for number in example.frames or (0,)], dim=2)
        return (pipeline.vae.encode(pixels).latent_dist.mode()[0] - mean) / deviation

    return wan.FAMILY, base, network, None, predict, latents


def frames_of(vae):
    """Latents frame by frame; the same frame has the same draw."""

    def latents(example, draw):
        numbers = list(example.frames or (0,))
        of = {number: vae.encode(seen(example, number)).latent_dist for number in numbers}
        each = [of[one].mean[0] + of[one].std[0] * draw[:, numbers.index(one)] for one in numbers]
        return torch.stack(each, dim=1) * vae.config.scaling_factor

    return latents


def start_alike(network, family, folder, base, name, values):
    """Give the plain loop's matrices the values that ours begin with."""
    paths = family.adapted(base, values)[name]
    ours = family.load_files({"base": folder / "base", "motion": folder / "motion.safetensors"}) if (
        family is animatediff.FAMILY) else family.load(folder)  # fmt: skip
    copy = family.networks(ours)[name]
    adapters.attach(copy, paths, 2, 1.0, 0, name)
    own = {path: (down, up) for path, down, up in adapters.matrices(copy, paths)}
    theirs = {path: module for path, module in network.named_modules() if hasattr(module, "lora_A")}
    assert own.keys() == theirs.keys()
    with torch.no_grad():
        for path, module in theirs.items():
            module.lora_A["default"].weight.copy_(own[path][0])
            module.lora_B["default"].weight.copy_(own[path][1])


CASES = {
    "motion": (motion, {"method": "full", "modules": "transformer", **STILLS}),
    "motion attention": (motion, {"method": "full", "modules": "attention"}),
    "motion lora": (motion, {"method": "lora"}),
    "modelscope": (video, {"method": "full", "modules": "attention", "convolutions": True, **STILLS}),
    "wan": (flow, {"method": "lora", "modules": "transformer", **STILLS}),
}
EXAMPLES = [*CLIPS[:3], STILL]


@pytest.mark.parametrize("case", CASES)
def test_ten_losses_are_those_of_a_plain_loop(tmp_path, case):
    prepare, said = CASES[case]
    values = params(**COMMON, **said)
    family, base, network, scheduler, predict, latents_of = prepare(tmp_path / "base", values)
    loaded = LoadedBase(family, "any", base, "tiny", "0" * 64)
    trained = train_clips(loaded, tmp_path, values, EXAMPLES).losses["loss"].to_list()
    learnt = [one for one in network.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(learnt, lr=values.learning_rate, weight_decay=values.weight_decay, foreach=False)
    losses, lengths = [], set()
    for step in steps(phases_of(EXAMPLES, values), 1000):
        (looks,) = step.batches
        shapes = [loaded.latent_shape(*look.example.shape) for look in looks]
        lengths |= {look.example.length for look in looks}
        with torch.no_grad():
            latents = torch.stack([
                latents_of(look.example, normal(shape, generator(*look.key(0, "latent"))))
                for look, shape in zip(looks, shapes, strict=True)
            ])  # fmt: skip
        noise = torch.stack([
            normal(shape, generator(*look.key(0, "noise"))) for look, shape in zip(looks, shapes, strict=True)
        ])  # fmt: skip
        at = torch.tensor([look.timestep for look in looks])
        if scheduler is None:
            t = (at + 1) / 1000
            share = (3 * t / (1 + 2 * t)).view(-1, 1, 1, 1, 1)
            noisy, wanted, told = (1 - share) * latents + share * noise, noise - latents, share.flatten() * 1000
        else:
            noisy, wanted, told = scheduler.add_noise(latents, noise, at), noise, at
        loss = torch.nn.functional.mse_loss(predict(noisy, told, [look.caption for look in looks]), wanted)
        losses.append(loss.item())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learnt, values.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad()
    assert len(trained) == 10 and lengths == ({1, 5} if "clips" in said else {5})
    assert trained == pytest.approx(losses, rel=1e-6, abs=1e-6)
    assert len(set(trained)) == 10
