"""The embedded motion module: how it is written, that it is read as it was, and that it moves what the base draws."""

from pathlib import Path

import pytest
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.models.unets.unet_motion_model import UNetMotionModel

from demo.teach.clips import LENGTH, draw_clips
from demo.teach.motion import FILE, Latents, new_adapter, save
from demo.teach.vae import to_tensor
from genga.models.registry import load
from genga.params.models import Params
from genga.training.families.animatediff import FAMILY
from genga.training.families.family import family_of

ROOT = Path(__file__).parents[1]
BASE = ROOT / "demo/weights/base"
MODELS = Params(use="embedded", folder="weights", device="cpu", batch=1)


@pytest.fixture(scope="module")
def unet() -> UNet2DConditionModel:
    return UNet2DConditionModel.from_pretrained(BASE / "unet", dtype=torch.float32)


def test_a_module_is_read_as_it_was_written(unet: UNet2DConditionModel, tmp_path: Path) -> None:
    """Its file says nothing of heads: it has as many as every published one."""
    torch.manual_seed(0)
    moving = UNetMotionModel.from_unet2d(unet, new_adapter(unet)).eval()
    learnt = {name: one for name, one in moving.named_parameters() if "motion_modules." in name}
    with torch.no_grad():
        for name, one in learnt.items():
            if ".proj_out." in name:
                one.normal_(0, 0.05)
    save(tmp_path, {name: one.detach() for name, one in learnt.items()}, moving)
    assert FAMILY.load_files is not None
    read = FAMILY.load_files({"base": BASE, "motion": tmp_path / FILE}).unet
    x, states = torch.randn(1, 8, 4, 8, 8), torch.randn(4, 77, 96)
    with torch.no_grad():
        as_taught, as_read = moving(x, 500, states).sample, read(x, 500, states).sample
        still = UNetMotionModel.from_unet2d(unet, new_adapter(unet)).eval()(x, 500, states).sample
    assert (as_taught - as_read).abs().max() < 0.01 < 0.1 < (as_taught - still).abs().max()


def test_the_embedded_module_is_what_models_yaml_says_and_small() -> None:
    model = load(MODELS, ROOT).model("animatediff").verify()
    assert family_of(model) is FAMILY
    assert 0 < model.part("motion").stat().st_size < 4_000_000


def test_the_embedded_module_tells_the_noise_of_a_clip_better_than_the_base_alone(unet: UNet2DConditionModel) -> None:
    """Of drawn clips that it never saw, half noise: what neighbours in time show is of use."""
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    vae = AutoencoderKL.from_pretrained(BASE / "vae", dtype=torch.float32).eval()
    drawn = Latents(vae, next(iter(draw_clips(8, 4242))))
    clips = torch.stack([drawn.clip(row) for row in range(2)])
    noise = torch.randn(clips.shape, generator=torch.Generator().manual_seed(1))
    module = load(MODELS, ROOT).model("animatediff").part("motion")
    assert FAMILY.load_files is not None
    moving = FAMILY.load_files({"base": BASE, "motion": module})
    still = UNetMotionModel.from_unet2d(unet, new_adapter(unet)).eval()
    noisy = 0.5**0.5 * clips + 0.5**0.5 * noise
    states = torch.zeros(2 * LENGTH, 77, 96)
    with torch.no_grad():
        lost = [float(((net(noisy, 450, states).sample - noise) ** 2).mean()) for net in (moving.unet, still)]
    assert lost[0] < 0.8 * lost[1]


def test_clips_that_are_learnt_from_hold_drawings_and_are_the_same_twice() -> None:
    first, again = next(iter(draw_clips(12, 7))), next(iter(draw_clips(12, 7)))
    assert first.frames.shape == (4, LENGTH) and first.images.shape[1:] == (160, 96, 3)
    assert (first.images == again.images).all() and first.kinds == again.kinds
    assert len(first.images) < first.frames.size  # what is held is one picture
    assert to_tensor(first.images[:1]).shape == (1, 3, 160, 96)
